"""Predictive lead scoring that a company can trust with its pipeline: the Python interface.

Whatever the command line does is a method of `Project`. `LeadScorer` is a scikit-learn estimator
that needs no project folder; `feature_frame` makes the features of one's own frames.

Nothing heavy is imported before it is used: `import leadscore` takes milliseconds.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leadscore.feature_frames import feature_frame
    from leadscore.features.core import LeadScoreError
    from leadscore.lead_scorer import LeadScorer
    from leadscore.model import Model
    from leadscore.project import Project
    from leadscore.serving.policy import Policy, TierPromise
    from leadscore.serving.tiers import cut_offs, sentences
    from leadscore.simulation import simulate
    from leadscore.training.evaluation import gains_table, reliability_table
    from leadscore.training_run import TrainingRun

    __version__: str

__all__ = [
    "LeadScoreError",
    "LeadScorer",
    "Model",
    "Policy",
    "Project",
    "TierPromise",
    "TrainingRun",
    "__version__",
    "cut_offs",
    "feature_frame",
    "gains_table",
    "reliability_table",
    "sentences",
    "simulate",
]

_MODULES = {
    "LeadScoreError": "features.core.errors",
    "LeadScorer": "lead_scorer",
    "Model": "model",
    "Policy": "serving.policy.policy",
    "Project": "project",
    "TierPromise": "serving.policy.policy",
    "TrainingRun": "training_run",
    "cut_offs": "serving.tiers.cutoffs",
    "feature_frame": "feature_frames",
    "gains_table": "training.evaluation.curves",
    "reliability_table": "training.evaluation.curves",
    "sentences": "serving.tiers.describe_policy",
    "simulate": "simulation.simulate",
}


def __getattr__(name: str) -> object:
    if name == "__version__":
        return import_module("importlib.metadata").version("leadscore")
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
