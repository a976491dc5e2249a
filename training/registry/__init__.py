"""The model registry in MLflow: versions with their artifacts, champion and promotion history."""

from leadscore.training.registry.mlflow_model import check_format
from leadscore.training.registry.mlflow_run import Trained, metrics_for_mlflow
from leadscore.training.registry.promotions import CHAMPION, ChampionChanged, Promotion
from leadscore.training.registry.registry import Registered, Registry

__all__ = [
    "CHAMPION",
    "ChampionChanged",
    "Promotion",
    "Registered",
    "Registry",
    "Trained",
    "check_format",
    "metrics_for_mlflow",
]
