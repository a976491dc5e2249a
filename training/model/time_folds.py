"""Which rows train and which validate while a model is tuned: the later leads validate."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from leadscore.training.encoding import places

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

FOLDS = 4
FIRST_SHARE = 0.4  # of the leads only ever train; the rest is predicted, fold by fold
MIN_OUTCOMES_A_FOLD = 5  # below, a fold would be validated by a handful of conversions
FEW_ROWS = 20_000  # up to here every row counts while recipes are compared
COMPARED_ROWS = 20_000  # that many train while recipes are compared; more change no ranking
JUDGED_ROWS = 8_000  # that many of a fold validate then


@dataclass(frozen=True)
class Fold:
    """Numbers of the rows that train and of the later rows that validate, in the order of time."""

    train: NDArray[np.int64]
    validate: NDArray[np.int64]


def tuning_folds(
    lead: pd.Series[str], outcome: NDArray[np.float64], *, by_time: bool, seed: int
) -> list[Fold]:
    """Choose the folds that a stage is tuned on: both outcomes on both sides, latest first.

    `lead` has a lead for each row, rows in the order of time; random folds where not `by_time`.
    """
    folds = forward_folds(lead) if by_time else random_folds(lead, seed=seed)
    usable = [fold for fold in folds if _has_both(fold, outcome)]
    return (usable or random_folds(lead, seed=seed))[::-1]


def _has_both(fold: Fold, outcome: NDArray[np.float64]) -> bool:
    return all(
        MIN_OUTCOMES_A_FOLD <= outcome[rows].sum() <= len(rows) - MIN_OUTCOMES_A_FOLD
        for rows in (fold.train, fold.validate)
    )


def thinned(folds: Sequence[Fold]) -> list[Fold]:
    """Train and validate on evenly spaced rows where there are very many."""
    return [
        Fold(subsample(fold.train, COMPARED_ROWS), subsample(fold.validate, JUDGED_ROWS))
        for fold in folds
    ]


def subsample(rows: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Take at most so many rows, evenly spaced."""
    return rows[:: max(-(-len(rows) // most), 1)]


def forward_folds(lead: pd.Series[str]) -> list[Fold]:
    """Cut rows in the order of time so that later leads validate what earlier ones train.

    Earliest first; a lead's rows stay in one fold.
    """
    place = places(lead)
    edges = np.linspace(FIRST_SHARE, 1, FOLDS + 1)
    return [
        Fold(np.flatnonzero(place < start), np.flatnonzero((place >= start) & (place < end)))
        for start, end in pairwise(edges)
    ]


def random_folds(lead: pd.Series[str], *, seed: int) -> list[Fold]:
    """Cut rows at random where nothing has a date; a lead's rows stay in one fold."""
    codes, leads = pd.factorize(lead)
    fold = np.random.default_rng(seed).permutation(len(leads)) % FOLDS
    return [
        Fold(np.flatnonzero(fold[codes] != number), np.flatnonzero(fold[codes] == number))
        for number in range(FOLDS)
    ]
