"""One file a verb: train, check, compare two versions."""

from leadscore.training.workflow.check import Checked, check
from leadscore.training.workflow.compare_versions import (
    Comparison,
    StageComparison,
    compare_versions,
)
from leadscore.training.workflow.train import (
    AlreadyTrained,
    TrainingResult,
    fit_funnel,
    refit_funnel,
    train,
)
from leadscore.training.workflow.training_record import REPORTS

__all__ = [
    "REPORTS",
    "AlreadyTrained",
    "Checked",
    "Comparison",
    "StageComparison",
    "TrainingResult",
    "check",
    "compare_versions",
    "fit_funnel",
    "refit_funnel",
    "train",
]
