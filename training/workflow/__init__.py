"""One file a verb: train, check, compare two versions.

Nothing is computed here: each file calls the rooms before it in order.
"""

from leadscore.training.workflow.check import Checked, check
from leadscore.training.workflow.compare_versions import (
    Comparison,
    StageComparison,
    compare_versions,
)
from leadscore.training.workflow.train import AlreadyTrained, TrainingResult, train

__all__ = [
    "AlreadyTrained",
    "Checked",
    "Comparison",
    "StageComparison",
    "TrainingResult",
    "check",
    "compare_versions",
    "train",
]
