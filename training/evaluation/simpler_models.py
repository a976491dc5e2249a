"""Which simpler way of scoring did better than the model on the same held-out leads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from leadscore.training.evaluation.metrics import compare
from leadscore.training.report.narrative import METRIC_WORDS, STAGE_WORDS, method_words

if TYPE_CHECKING:
    import pandas as pd

    from leadscore.training.evaluation.evaluate import Evaluation

SMALLER_IS_BETTER = {"auc": False, "log_loss": True}  # by which a way of scoring may be ahead


@dataclass(frozen=True)
class Simpler:
    """A simpler way of scoring that did better by one measure.

    Parameters
    ----------
    method
        The baseline's name.
    metric
        `log_loss` or `auc`.
    own, other
        The model's figure and the simpler one's.
    low, high
        The 95 % interval of how far the simpler one is ahead, from a paired bootstrap.
    """

    method: str
    metric: str
    own: float
    other: float
    low: float
    high: float

    @property
    def is_sure(self) -> bool:
        """Whether chance does not explain it."""
        return self.low > 0

    def sentence(self, stage: str) -> str:
        """Say it, for a stage of the funnel."""
        name = method_words(self.method)
        ahead = f"ahead by {abs(self.other - self.own):.4f}, 95 % interval {self.low:+.4f}"
        told = (
            f"{METRIC_WORDS[self.metric]} {self.other:.4f} against {self.own:.4f}, "
            f"{ahead} to {self.high:+.4f}"
        ).replace("-", "−")
        start = f"{name[0].upper()}{name[1:]}"
        words = STAGE_WORDS[stage]
        if self.is_sure:
            return (
                f"{start}, which is simpler, beats this model on held-out leads ({words}: {told})."
            )
        return (
            f"{start}, which is simpler, did at least as well on held-out leads ({words}: {told}: "
            "chance may explain it)."
        )


def simpler_ahead(evaluation: Evaluation, stage: str) -> tuple[Simpler, ...]:
    """Find the simpler ways that did better than the model by log loss or AUC.

    Parameters
    ----------
    evaluation
        The model and the baselines on the same held-out leads.
    stage
        `sql` or `won`.

    Returns
    -------
    tuple of Simpler
        Sure ones first, then the one furthest ahead by log loss; one entry a way and measure.
    """
    own, rows = evaluation.metrics[stage], evaluation.held_out[stage]
    found: list[Simpler] = []
    for method, other in evaluation.baselines[stage].items():
        gains = {
            metric: _gain(own, other, metric)
            for metric in SMALLER_IS_BETTER
            if _gain(own, other, metric) > 0
        }
        if gains:
            difference = compare(rows["outcome"], rows[method], rows["propensity"], rows["cluster"])
            found += [_simpler(method, metric, own, other, difference) for metric in gains]
    return tuple(sorted(found, key=_place))


def _place(found: Simpler) -> tuple[bool, bool, float]:
    return not found.is_sure, found.metric != "log_loss", -abs(found.other - found.own)


def _gain(own: pd.DataFrame, other: pd.DataFrame, metric: str) -> float:
    gain = float(other["value"][metric] - own["value"][metric])
    return -gain if SMALLER_IS_BETTER[metric] else gain


def _simpler(
    method: str, metric: str, own: pd.DataFrame, other: pd.DataFrame, difference: pd.DataFrame
) -> Simpler:
    ends = (float(difference["low"][metric]), float(difference["high"][metric]))
    low, high = (-ends[1], -ends[0]) if SMALLER_IS_BETTER[metric] else ends
    return Simpler(
        method,
        metric,
        own=float(own["value"][metric]),
        other=float(other["value"][metric]),
        low=low,
        high=high,
    )
