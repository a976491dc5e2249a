"""A newcomer and the champion in every large group of leads, with room for many looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import t

from leadscore.training.evaluation.metrics import LEAST_PROPENSITY
from leadscore.training.evaluation.segments import large_segments

if TYPE_CHECKING:
    import pandas as pd

ALPHA = 0.05  # one-sided, of all large segments together


@dataclass(frozen=True)
class SegmentGap:
    """How a newcomer's log loss differs from the champion's in one group of leads.

    Parameters
    ----------
    words
        Dimension and segment, as `channel: fair`.
    leads
        How many there are.
    value, low
        Newcomer minus champion, and the lower end of the interval that holds in all the large
        segments at once.
    """

    words: str
    leads: int
    value: float
    low: float


def segment_gaps(rows: pd.DataFrame, segments: pd.DataFrame) -> list[SegmentGap]:
    """Compare newcomer and champion in every large segment.

    Parameters
    ----------
    rows
        Columns `lead_id`, `cluster`, `outcome`, `propensity`, `champion`.
    segments
        What `segments_of` gives for these rows.

    Returns
    -------
    list of SegmentGap
        With one-sided bounds by cluster-robust standard errors and Student's t, Bonferroni's
        share of `ALPHA` each: with all segments truly equal, at most one gate in twenty is
        refused by any of them.
    """
    large = large_segments(rows, segments)
    return [
        _gap(rows[segments[dimension] == segment], f"{dimension}: {segment}", looks=len(large))
        for dimension, segment in large
    ]


def _gap(rows: pd.DataFrame, words: str, *, looks: int) -> SegmentGap:
    champions = own_loss(rows["outcome"], rows["champion"])
    gap = own_loss(rows["outcome"], rows["propensity"]) - champions
    clusters = int(rows["cluster"].nunique())
    apart = (gap - gap.mean()).groupby(rows["cluster"]).sum()
    error = np.sqrt(float((apart**2).sum()) * clusters / max(clusters - 1, 1)) / len(rows)
    low = float(gap.mean()) - float(t.ppf(1 - ALPHA / looks, max(clusters - 1, 1))) * error
    return SegmentGap(words, int(rows["lead_id"].nunique()), float(gap.mean()), low)


def own_loss(outcome: pd.Series[float], propensity: pd.Series[float]) -> pd.Series[float]:
    """Return each row's log loss."""
    inside = propensity.clip(LEAST_PROPENSITY, 1 - LEAST_PROPENSITY)
    return -(outcome * np.log(inside) + (1 - outcome) * np.log1p(-inside))
