"""One stage of one company: how every model stands, and how far ours is ahead of each."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.quality_peers import Answer
from leadscore.training.evaluation import compare, rank, weighed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.quality_sets import Task

OURS = "leadscore"
SAME_TIME = "FLAML, as long as ours"  # takes as long as ours by design: no measure of speed
METRICS = ("auc", "average_precision", "brier", "log_loss", "calibration_error", "lift_10")


@dataclass(frozen=True)
class Standing:
    """How one model did.

    Parameters
    ----------
    name
        The model.
    metrics
        By metric, the mean over the seeds.
    seconds
        The median over the seeds, to learn and to predict.
    detail
        What it chose, or why it did not run.
    ahead
        Ours minus this model: by metric `value`, `low`, `high`; None for ours and for a model
        that did not run. Value and ends are means over the seeds of paired bootstraps of whole
        accounts or leads; the seeds share the test leads, so more seeds narrow nothing.
    """

    name: str
    metrics: pd.Series[float] | None
    seconds: float
    detail: str
    ahead: pd.DataFrame | None


@dataclass(frozen=True)
class Contest:
    """One stage of one company at one date.

    Parameters
    ----------
    company, when, stage
        Where it was fought.
    facts
        How much there is to learn and to be judged by.
    standings
        Ours first.
    """

    company: str
    when: str
    stage: str
    facts: str
    standings: Sequence[Standing]

    @property
    def ours(self) -> Standing:
        """Our own standing."""
        return self.standings[0]

    @property
    def peers(self) -> list[Standing]:
        """The others that ran."""
        return [each for each in self.standings[1:] if each.metrics is not None]

    def best_peer(self, metric: str) -> Standing | None:
        """Return the peer of a speed of its own that is best in `auc` or `log_loss`."""
        sign = 1 if metric == "auc" else -1
        timed = [each for each in self.peers if each.name != SAME_TIME]
        return max(timed, key=lambda each: sign * _value(each, metric), default=None)

    def place(self, metric: str) -> str:
        """Say whether ours is `best`, `tied` or behind whom in `auc` or `log_loss`."""
        sign = 1 if metric == "auc" else -1
        gaps: dict[str, tuple[float, float]] = {}  # how far ours is ahead, and at most
        for each in self.peers:
            if each.ahead is not None:
                value, low, high = sign * each.ahead.loc[metric].to_numpy("float64")
                gaps[each.name] = (value, max(low, high))
        behind = {name: gap for name, gap in gaps.items() if gap[0] < 0}
        if not behind:
            return "best"
        proved = {name: gap for name, gap in behind.items() if gap[1] < 0}
        worst = min(proved or behind, key=lambda name: behind[name][0])
        word = "**no**" if proved else "tied"
        return f"{word} ({worst} ahead by {-behind[worst][0]:.4f})"

    def quicker(self) -> str:
        """Say whether ours took less time than the peers best in AUC and in log loss."""
        named = [self.best_peer(metric) for metric in ("auc", "log_loss")]
        timed = {each.name: each for each in named if each is not None}
        if not timed:
            return "–"
        words = ", ".join(f"{name} {each.seconds:.1f} s" for name, each in timed.items())
        is_quicker = all(self.ours.seconds < each.seconds for each in timed.values())
        return f"{'yes' if is_quicker else '**no**'}: {self.ours.seconds:.1f} s; {words}"


def _value(each: Standing, metric: str) -> float:
    return float(each.metrics[metric]) if each.metrics is not None else float("nan")


def contest(
    company: str,
    when: str,
    stage: str,
    *,
    facts: str,
    task: Task,
    answers: Mapping[str, Sequence[Answer | str]],
) -> Contest:
    """Judge what every model said of the same held-out snapshots.

    Parameters
    ----------
    company, when, stage, facts
        As `Contest` holds them.
    task
        The rows.
    answers
        By model, one a seed; text says why a model did not run. Ours is named `OURS`.

    Returns
    -------
    Contest
    """
    ours = [each for each in answers[OURS] if isinstance(each, Answer)]
    standings = [_standing(name, task, said, ours) for name, said in answers.items()]
    return Contest(company, when, stage, facts, standings)


def _standing(
    name: str, task: Task, said: Sequence[Answer | str], ours: Sequence[Answer]
) -> Standing:
    ran = [each for each in said if isinstance(each, Answer)]
    if len(ran) < len(said):
        reason = next(each for each in said if isinstance(each, str))
        return Standing(name, None, float("nan"), f"not run: {reason}", None)
    metrics = pd.DataFrame([_metrics(task, each.propensity) for each in ran]).mean()
    ahead = None if name == OURS else _ahead(task, ours, ran)
    chosen = sorted({each.detail for each in ran if each.detail})
    return Standing(name, metrics, median(each.seconds for each in ran), ", ".join(chosen), ahead)


def _metrics(task: Task, propensity: pd.Series[float]) -> dict[str, float]:
    ranked = rank(task.reached, propensity, task.cluster)
    return weighed(ranked, np.ones(len(task.reached)))


def _ahead(task: Task, ours: Sequence[Answer], peer: Sequence[Answer]) -> pd.DataFrame:
    tables = [
        compare(task.reached, one.propensity, two.propensity, task.cluster)
        for one, two in zip(ours, peer, strict=True)
    ]
    mean: pd.DataFrame = pd.concat(tables).groupby(level=0, sort=False).mean()
    return mean
