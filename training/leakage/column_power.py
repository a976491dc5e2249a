"""How well one column alone ranks leads, cross-validated, with what its blanks contribute."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import rankdata

if TYPE_CHECKING:
    from numpy.typing import NDArray

NUMBER_BINS = 20  # coarse enough for 50 leads a bin in a thousand, fine enough to keep the AUC
OWN_LEVEL_VALUES = 50  # a number with fewer different values is a level each
FOLDS = 5
PRIOR_LEADS = 5.0  # by which a level's rate is drawn to the overall one; rare levels say little
SEED = 20_260_703


@dataclass(frozen=True)
class Levels:
    """A column's cells as levels: `codes` of shape (n,), -1 where missing; `names` by code."""

    codes: NDArray[np.int64]
    names: tuple[str, ...]


class Auc(NamedTuple):
    """An AUC and its standard error."""

    value: float
    error: float

    @property
    def lower(self) -> float:
        """The AUC less two standard errors."""
        return self.value - 2 * self.error


@dataclass(frozen=True)
class Power:
    """How well one column ranks leads, and shares of leads."""

    auc: Auc
    auc_filled: Auc  # among leads where the column is filled in
    auc_missing: Auc  # of being filled in, whichever way round
    missing_share: float
    filled_positive: float  # share filled in among leads that converted
    filled_negative: float


def levels_of(column: pd.Series) -> Levels:
    """Turn a column (text with missing NA, or float64) into levels: numbers as values or bins."""
    if not pd.api.types.is_numeric_dtype(column):
        codes, names = pd.factorize(column)
        return Levels(codes.astype(np.int64), tuple(map(str, names)))
    values = column.to_numpy(dtype=np.float64)
    known = values[~np.isnan(values)]
    edges = np.unique(known)
    if len(edges) > OWN_LEVEL_VALUES:
        edges = np.unique(np.quantile(known, np.linspace(0, 1, NUMBER_BINS + 1), method="higher"))
    codes = np.where(np.isnan(values), -1, np.searchsorted(edges, values, side="left"))
    return Levels(codes.astype(np.int64), tuple(f"up to {edge:g}" for edge in edges))


def single_column_power(codes: NDArray[np.int64], outcome: NDArray[np.float64]) -> Power:
    """Measure how well levels rank leads, each lead scored by the others' outcomes in its level.

    Codes are -1 where missing; outcomes are 0 or 1.
    """
    filled = codes >= 0
    positive = outcome == 1
    missing = _auc(filled.astype(np.float64), positive)
    return Power(
        _auc(_out_of_fold_rates(codes, outcome), positive),
        _auc(_out_of_fold_rates(codes[filled], outcome[filled]), positive[filled]),
        missing._replace(value=max(missing.value, 1 - missing.value)),
        float(1 - filled.mean()) if len(filled) else 1.0,
        float(filled[positive].mean()) if positive.any() else 0.0,
        float(filled[~positive].mean()) if (~positive).any() else 0.0,
    )


def _out_of_fold_rates(
    codes: NDArray[np.int64], outcome: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Score each lead by its level's rate among the other folds; blanks are a level."""
    if len(codes) == 0:
        return np.empty(0)
    fold = _folds(outcome)
    cell = (codes + 1) * FOLDS + fold
    width = (int(codes.max()) + 2) * FOLDS
    leads = np.bincount(cell, minlength=width).reshape(-1, FOLDS).astype(np.float64)
    wins = np.bincount(cell, weights=outcome, minlength=width).reshape(-1, FOLDS)
    other_leads = leads.sum(axis=1, keepdims=True) - leads
    other_wins = wins.sum(axis=1, keepdims=True) - wins
    rate: NDArray[np.float64] = (other_wins + PRIOR_LEADS * outcome.mean()) / (
        other_leads + PRIOR_LEADS
    )
    return rate[codes + 1, fold]


def _folds(outcome: NDArray[np.float64]) -> NDArray[np.int64]:
    """Folds that hold each outcome in equal shares, the same on every call."""
    shuffled = np.random.default_rng(SEED).permutation(len(outcome))
    fold = np.empty(len(outcome), dtype=np.int64)
    for side in (0.0, 1.0):
        rows = shuffled[outcome[shuffled] == side]
        fold[rows] = np.arange(len(rows)) % FOLDS
    return fold


def _auc(score: NDArray[np.float64], positive: NDArray[np.bool_]) -> Auc:
    """AUC and its standard error (Hanley and McNeil 1982, https://doi.org/10.1148/radiology.143.1.7063747)."""
    winners, losers = int(positive.sum()), int((~positive).sum())
    if winners == 0 or losers == 0:
        return Auc(0.5, 0.5)
    ranks = rankdata(score)
    auc = float((ranks[positive].sum() - winners * (winners + 1) / 2) / (winners * losers))
    both_winners, both_losers = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = (
        auc * (1 - auc)
        + (winners - 1) * (both_winners - auc**2)
        + (losers - 1) * (both_losers - auc**2)
    ) / (winners * losers)
    return Auc(auc, math.sqrt(max(variance, 0.0)))
