"""The model: a stage's candidates, the search for hyperparameters, the blend, the funnel."""

from leadscore.training.model.funnel_model import FunnelModel
from leadscore.training.model.hyperparameter_search import PATIENCE_ASKED, Search
from leadscore.training.model.logistic_model import LinearModel
from leadscore.training.model.reference_values import ATTRIBUTES, example_rows
from leadscore.training.model.stage_model import StageModel

__all__ = [
    "ATTRIBUTES",
    "PATIENCE_ASKED",
    "FunnelModel",
    "LinearModel",
    "Search",
    "StageModel",
    "example_rows",
]
