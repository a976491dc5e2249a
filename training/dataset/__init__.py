"""The rows that train and the rows that test.

Labels and their maturity, splits by time and account, which rows a stage learns from, whether
there is enough of them, and which leads a registered version cannot have seen.
"""

from leadscore.training.dataset.data_sufficiency import NotViable, StageViability, Viability
from leadscore.training.dataset.labels import Labels, label_snapshots, stages_of
from leadscore.training.dataset.splits import (
    Split,
    all_learn,
    held_out_in_turn,
    parts_of_stage,
)
from leadscore.training.dataset.stage_rows import (
    MIN_JUDGED,
    MIN_POSITIVES,
    SINCE_SQL,
    stage_part,
    too_little,
)
from leadscore.training.dataset.training_data import Prepared, audit, prepare
from leadscore.training.dataset.unseen_leads import traces, unseen_by

__all__ = [
    "MIN_JUDGED",
    "MIN_POSITIVES",
    "SINCE_SQL",
    "Labels",
    "NotViable",
    "Prepared",
    "Split",
    "StageViability",
    "Viability",
    "all_learn",
    "audit",
    "held_out_in_turn",
    "label_snapshots",
    "parts_of_stage",
    "prepare",
    "stage_part",
    "stages_of",
    "too_little",
    "traces",
    "unseen_by",
]
