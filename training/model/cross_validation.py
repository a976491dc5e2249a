"""Growing a recipe's trees on each fold, and their predictions of the rows left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from joblib import Parallel, delayed
from scipy.special import logit

from leadscore.training.calibration import level_free, log_losses_of_margin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from leadscore.training.encoding import TrainingMatrix
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
    weights = [each.weight for each in grown]
    total = np.zeros(longest)
    for each, weight in zip(grown, weights, strict=True):
        total += np.pad(each.losses, (0, longest - len(each.losses)), mode="edge") * weight
    return np.asarray(total / sum(weights), dtype="float64")


def out_of_fold(
    grown: Sequence[GrownTrees], folds: Sequence[Fold], trees: int, *, rows: int
) -> NDArray[np.float64]:
    """Log-odds of each validation row by trees that had not grown on it; missing for the rest."""
    margin = np.full(rows, np.nan)
    for fold, each in zip(folds, grown, strict=True):
        margin[fold.validate] = each.margin(trees)
    return margin


def centres(
    matrix: TrainingMatrix, half_life: float | None, folds: Sequence[Fold]
) -> NDArray[np.float64]:
    """Give each validation row the log-odds of the rate that its fold's model learnt from.

    A model learnt from other rows has another; margins less their centres can be compared.
    """
    level = np.full(len(matrix.outcome), np.nan)
    for fold in folds:
        level[fold.validate] = centre(matrix.take(fold.train), half_life)
    return level


def centre(matrix: TrainingMatrix, half_life: float | None) -> float:
    """Return the log-odds of the rate among training rows, as recency weighs them."""
    return float(logit(np.average(matrix.outcome, weights=matrix.weights(half_life))))


def level_free_losses(
    margin: NDArray[np.float64], matrix: TrainingMatrix, folds: Sequence[Fold]
) -> NDArray[np.float64]:
    """Log loss of each validation row once its fold's mean is right, in the order of `folds`.

    Times the row's weight, 1 on average. A rate that moved says nothing of who ranks above whom;
    calibration follows it.
    """
    losses = []
    rows = np.concatenate([fold.validate for fold in folds])
    weight = matrix.weight / matrix.weight[rows].mean()
    for fold in folds:
        of_fold, reached = margin[fold.validate], matrix.outcome[fold.validate]
        level = level_free(of_fold, reached, weight[fold.validate])
        losses.append(log_losses_of_margin(reached, of_fold + level))
    return np.asarray(np.concatenate(losses) * weight[rows], dtype="float64")
