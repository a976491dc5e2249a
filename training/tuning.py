"""Which trees suit this company: tried on earlier leads, judged on later ones.

Small and drifting data want small trees, plenty of data bears large ones. A handful of shapes is
tried by expanding-window cross-validation: each fold is predicted by trees that grew on the leads
created before it. What wins is grown again on all leads.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from scipy.special import logit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

FOLDS = 4
FIRST_SHARE = 0.4  # of the leads only ever teach; the rest is predicted, fold by fold
FEW_ROWS = 10_000  # up to here shapes are compared on all folds; on one it would be chance
MANY_ROWS = 100_000  # above, the last fold holds tens of thousands of rows and judges alone
COMPARED_ROWS = 60_000  # that many teach while shapes are compared; more change no ranking


@dataclass(frozen=True)
class Shape:
    """What trees look like and how fast they learn.

    Parameters
    ----------
    name
        What the report calls it.
    leaves, rate, columns, ridge, least
        LightGBM's `num_leaves`, `learning_rate`, `feature_fraction`, `lambda_l2`,
        `min_data_in_leaf`.
    """

    name: str
    leaves: int
    rate: float
    columns: float
    ridge: float
    least: int

    def settings(self, *, seed: int, threads: int) -> dict[str, Any]:
        """Return LightGBM's settings; the trees are the same on any number of threads."""
        return {
            "objective": "binary",
            "num_leaves": self.leaves,
            "learning_rate": self.rate,
            "feature_fraction": self.columns,
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
            "lambda_l2": self.ridge,
            "min_data_in_leaf": self.least,
            "cat_smooth": 20.0,
            "max_cat_threshold": 64,
            "max_bin": 63,
            "seed": seed,
            "num_threads": threads,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        }


# From nearly additive, which keeps up with a regression on a few hundred leads, to deep.
SHAPES = (
    Shape("stumps", leaves=2, rate=0.10, columns=0.5, ridge=5, least=20),
    Shape("small", leaves=4, rate=0.06, columns=0.4, ridge=10, least=20),
    Shape("medium", leaves=8, rate=0.05, columns=0.4, ridge=10, least=30),
    Shape("large", leaves=31, rate=0.05, columns=0.4, ridge=10, least=40),
)


@dataclass(frozen=True)
class Fold:
    """Rows that teach and the later rows that judge.

    Parameters
    ----------
    teach, judge
        Row numbers, int64.
    """

    teach: NDArray[np.int64]
    judge: NDArray[np.int64]


class Grown(Protocol):
    """Trees grown on a fold's teaching rows."""

    losses: NDArray[np.float64]
    """Log loss on the judging rows after each tree."""

    def margin(self, trees: int) -> NDArray[np.float64]:
        """Return the judging rows' log-odds by the first so many trees."""
        ...


@dataclass(frozen=True)
class Tuned:
    """What cross-validation chose.

    Parameters
    ----------
    shape
        The shape of the trees.
    trees
        How many of them.
    margin
        Out-of-fold log-odds, float64 of shape (n,); missing for leads that only taught.
    level
        Log-odds of the rate among each fold's teachers: what is known without any feature.
    losses
        Log loss on later leads by shape.
    """

    shape: Shape
    trees: int
    margin: NDArray[np.float64]
    level: NDArray[np.float64]
    losses: dict[str, float]


def tune(
    grow: Callable[[Shape, Fold], Grown], folds: Sequence[Fold], *, outcome: NDArray[np.float64]
) -> Tuned:
    """Choose the shape and number of trees, and predict each lead from others, earlier ones.

    Parameters
    ----------
    grow
        Grows trees of a shape on a fold.
    folds
        The folds, earliest first. With more rows shapes are compared on the last alone; with very
        many that fold alone judges, too.
    outcome
        0 or 1, float64 of shape (n,).

    Returns
    -------
    Tuned
    """
    rows = len(outcome)
    folds = folds[-1:] if rows > MANY_ROWS else folds
    compared = folds if rows <= FEW_ROWS else [_thinned(folds[-1])]
    grown = _grown(grow, SHAPES, compared)
    curves = {shape: _mean_curve(each, compared) for shape, each in grown.items()}
    shape = min(curves, key=lambda each: float(curves[each].min()))
    chosen = grown[shape] if compared is folds else _grown(grow, [shape], folds)[shape]
    trees = int(_mean_curve(chosen, folds).argmin()) + 1
    margin, level = np.full(rows, np.nan), np.full(rows, np.nan)
    for fold, each in zip(folds, chosen, strict=True):
        margin[fold.judge] = each.margin(trees)
        level[fold.judge] = logit(outcome[fold.teach].mean())
    losses = {each.name: float(curve.min()) for each, curve in curves.items()}
    return Tuned(shape, trees, margin, level, losses)


def _grown(
    grow: Callable[[Shape, Fold], Grown], shapes: Sequence[Shape], folds: Sequence[Fold]
) -> dict[Shape, list[Grown]]:
    """Grow every shape on every fold, as many at a time as there are cores."""
    found = Parallel(n_jobs=-1, prefer="threads")(
        delayed(grow)(shape, fold) for shape in shapes for fold in folds
    )
    n = len(folds)
    return {shape: found[i * n : (i + 1) * n] for i, shape in enumerate(shapes)}


def _thinned(fold: Fold) -> Fold:
    """Let every so manieth row teach, where there are very many."""
    step = -(-len(fold.teach) // COMPARED_ROWS)
    return Fold(fold.teach[::step], fold.judge)


def _mean_curve(grown: Sequence[Grown], folds: Sequence[Fold]) -> NDArray[np.float64]:
    """Log loss by number of trees over all folds; a fold that stopped stays where it was."""
    longest = max(len(each.losses) for each in grown)
    total = np.zeros(longest)
    for each, fold in zip(grown, folds, strict=True):
        total += np.pad(each.losses, (0, longest - len(each.losses)), mode="edge") * len(fold.judge)
    return total / sum(len(fold.judge) for fold in folds)


def forward_folds(lead: pd.Series[str]) -> list[Fold]:
    """Cut rows in the order of time so that each fold is judged by leads later than its teachers.

    Parameters
    ----------
    lead
        Whose row it is; a lead's rows stay in one fold.

    Returns
    -------
    list of Fold
    """
    place = pd.factorize(lead)[0] / max(lead.nunique(), 1)
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
