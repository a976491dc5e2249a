"""Challenger against champion in every large segment, corrected for multiple comparisons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import t

from leadscore.training.calibration import clustered_error, log_losses
from leadscore.training.evaluation import large_segments

if TYPE_CHECKING:
    import pandas as pd

ALPHA = 0.05  # one-sided, of all large segments together


@dataclass(frozen=True)
class SegmentGap:
    """Challenger minus champion in log loss; `low` bounds all large segments at once."""

    words: str
    leads: int
    value: float
    low: float


def segment_gaps(rows: pd.DataFrame, segments: pd.DataFrame) -> list[SegmentGap]:
    """Compare challenger and champion in every large segment.

    One-sided bounds by cluster-robust standard errors and Student's t, Bonferroni-corrected: with
    all segments truly equal, at most one gate in twenty is refused by any of them.
    """
    large = large_segments(rows, segments)
    return [
        _gap(rows[segments[dimension] == segment], f"{dimension}: {segment}", looks=len(large))
        for dimension, segment in large
    ]


def _gap(rows: pd.DataFrame, words: str, *, looks: int) -> SegmentGap:
    gap = log_losses(rows["outcome"], rows["propensity"])
    gap -= log_losses(rows["outcome"], rows["champion"])
    degrees = max(int(rows["cluster"].nunique()) - 1, 1)
    error = clustered_error(gap, rows["cluster"]) * np.sqrt((degrees + 1) / degrees)
    low = float(gap.mean() - t.ppf(1 - ALPHA / looks, degrees) * error)
    return SegmentGap(words, int(rows["lead_id"].nunique()), float(gap.mean()), low)
