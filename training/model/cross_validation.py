"""Growing a recipe's trees on each fold, and their predictions of the rows left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from joblib import Parallel, delayed
from scipy.special import logit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from leadscore.training.model.boosting import FoldRows, GrownTrees, Recipe
    from leadscore.training.model.time_folds import Fold


def cross_validate(
    folds: Sequence[FoldRows], recipe: Recipe, *, seed: int
) -> tuple[list[GrownTrees], NDArray[np.float64]]:
    """Grow a recipe on each fold, as many at a time as there are cores.

    Returns the trees of each fold, and the log loss on all validation rows by number of trees.
    """
    grown: list[GrownTrees] = Parallel(n_jobs=-1, prefer="threads")(
        delayed(each.grow)(recipe, seed=seed) for each in folds
    )
    return grown, mean_curve(grown)


def mean_curve(grown: Sequence[GrownTrees]) -> NDArray[np.float64]:
    """Log loss by number of trees over all folds; a fold that stopped stays where it was."""
    longest = max(len(each.losses) for each in grown)
    rows = [len(each.validate) for each in grown]
    total = np.zeros(longest)
    for each, weight in zip(grown, rows, strict=True):
        total += np.pad(each.losses, (0, longest - len(each.losses)), mode="edge") * weight
    return np.asarray(total / sum(rows), dtype="float64")


def out_of_fold(
    grown: Sequence[GrownTrees], folds: Sequence[Fold], trees: int, *, rows: int
) -> NDArray[np.float64]:
    """Log-odds of each validation row by trees that had not grown on it; missing for the rest."""
    margin = np.full(rows, np.nan)
    for fold, each in zip(folds, grown, strict=True):
        margin[fold.validate] = each.margin(trees)
    return margin


def rates_out_of_fold(outcome: NDArray[np.float64], folds: Sequence[Fold]) -> NDArray[np.float64]:
    """Log-odds of the rate among each fold's training rows: what is known without features."""
    level = np.full(len(outcome), np.nan)
    for fold in folds:
        level[fold.validate] = logit(outcome[fold.train].mean())
    return level
