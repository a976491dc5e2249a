"""The model: a stage's candidates, the search for hyperparameters, calibration, the funnel."""

from leadscore.training.model.funnel_model import FunnelModel
from leadscore.training.model.hyperparameter_search import PATIENCE_ASKED, Search
from leadscore.training.model.logistic_model import LinearModel
from leadscore.training.model.reference_values import ATTRIBUTES, example_rows
from leadscore.training.model.stage_model import StageModel
from leadscore.training.model.statistics import (
    LEAST_PROPENSITY,
    clustered_error,
    log_losses,
    log_losses_of_margin,
    share_interval,
)

__all__ = [
    "ATTRIBUTES",
    "LEAST_PROPENSITY",
    "PATIENCE_ASKED",
    "FunnelModel",
    "LinearModel",
    "Search",
    "StageModel",
    "clustered_error",
    "example_rows",
    "log_losses",
    "log_losses_of_margin",
    "share_interval",
]
