"""Growing a recipe's trees on each fold, and their predictions of the rows left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from joblib import Parallel, delayed
from scipy.special import logit

from leadscore.training.model.level_tracking import level_free
from leadscore.training.model.statistics import log_losses_of_margin
from leadscore.training.model.time_folds import recency_weight

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


def centres(
    outcome: NDArray[np.float64],
    place: NDArray[np.float64],
    half_life: float | None,
    folds: Sequence[Fold],
) -> NDArray[np.float64]:
    """Give each validation row the log-odds of the rate that its fold's model learnt from.

    A model learnt from other rows has another; margins less their centres can be compared.
    """
    level = np.full(len(outcome), np.nan)
    for fold in folds:
        level[fold.validate] = centre(outcome[fold.train], place[fold.train], half_life)
    return level


def centre(
    outcome: NDArray[np.float64], place: NDArray[np.float64], half_life: float | None
) -> float:
    """Return the log-odds of the rate among training rows, as recency weighs them."""
    return float(logit(np.average(outcome, weights=recency_weight(place, half_life))))


def level_free_losses(
    margin: NDArray[np.float64], outcome: NDArray[np.float64], folds: Sequence[Fold]
) -> NDArray[np.float64]:
    """Log loss of each validation row once its fold's mean is right, in the order of `folds`.

    A rate that moved says nothing of who ranks above whom; calibration follows it.
    """
    losses = []
    for fold in folds:
        of_fold, reached = margin[fold.validate], outcome[fold.validate]
        losses.append(log_losses_of_margin(reached, of_fold + level_free(of_fold, reached)))
    return np.concatenate(losses)
