"""Which simpler way of scoring did better than the model on the same held-out leads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from leadscore.training.evaluation.display_names import METRIC_WORDS, STAGE_WORDS, method_words
from leadscore.training.evaluation.metrics import compare

if TYPE_CHECKING:
    from leadscore.training.evaluation.evaluate import Evaluation

SIGNS = {"auc": 1, "log_loss": -1}  # of a gain; by these a way of scoring may be ahead


@dataclass(frozen=True)
class Simpler:
    """A simpler way of scoring that did better by one metric, `log_loss` or `auc`.

    `low` and `high` bound (95 %) how far it is ahead, from a paired bootstrap.
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
        """Write the comparison in words."""
        name = method_words(self.method)
        figures = (
            f"{STAGE_WORDS[stage]}: {METRIC_WORDS[self.metric]} {self.other:.4f} against "
            f"{self.own:.4f}, ahead by {abs(self.other - self.own):.4f}, 95 % interval "
            f"{self.low:+.4f} to {self.high:+.4f}"
        ).replace("-", "−")
        start = f"{name[0].upper()}{name[1:]}, which is simpler,"
        if self.is_sure:
            return f"{start} beats this model on held-out leads ({figures})."
        return f"{start} did at least as well on held-out leads ({figures}: chance may explain it)."


def simpler_ahead(evaluation: Evaluation, stage: str) -> tuple[Simpler, ...]:
    """Find the baselines that did better than the model by log loss or AUC.

    Sure ones come first, then the one furthest ahead by log loss; one entry a method and metric.
    """
    own, rows = evaluation.metrics[stage], evaluation.held_out[stage]
    found = []
    for method, other in evaluation.baselines[stage].items():
        gain = (other - own)["value"]
        ahead = [metric for metric, sign in SIGNS.items() if sign * gain[metric] > 0]
        if not ahead:
            continue
        difference = compare(rows["outcome"], rows[method], rows["propensity"], rows["cluster"])
        for metric in ahead:
            low, high = sorted(SIGNS[metric] * difference.T[metric][["low", "high"]])
            own_figure, figure = (float(table["value"][metric]) for table in (own, other))
            found.append(Simpler(method, metric, own_figure, figure, float(low), float(high)))
    return tuple(sorted(found, key=_order))


def _order(found: Simpler) -> tuple[bool, bool, float]:
    return not found.is_sure, found.metric != "log_loss", -abs(found.other - found.own)
