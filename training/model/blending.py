"""Which trials are averaged, and the weight of a regression beside them.

Averages of different trees err less than the best of them (Caruana et al., ICML 2004), and on
small or drifting data a regression errs elsewhere than trees do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from joblib import Parallel, delayed

from leadscore.training.model.boosting import FoldRows
from leadscore.training.model.cross_validation import cross_validate, out_of_fold
from leadscore.training.model.logistic_design import LinearDesign
from leadscore.training.model.logistic_model import LinearModel
from leadscore.training.model.statistics import clustered_error, log_losses_of_margin
from leadscore.training.model.time_folds import FEW_ROWS, recency_weight, subsample

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from leadscore.training.model.boosting import TrainingMatrix
    from leadscore.training.model.hyperparameter_search import Searched, Trial
    from leadscore.training.model.time_folds import Fold

STRENGTHS = (0.01, 0.03, 0.1, 0.3, 1.0)
LINEAR_ROWS = 20_000  # that many fix a few hundred coefficients; more only cost time
WEIGHTS = np.linspace(0, 1, 21)
# The weight of the regression unless leads show otherwise; more where few conversions are known,
# of which trees make too much.
USUAL_WEIGHT, FEW_WEIGHT = 0.25, 0.8
FEW_POSITIVES = 100  # from here on the usual weight holds
FAR_BEHIND = 0.03  # a trial that errs by more than this share beyond the best is left out
MOST_MEMBERS = 4  # a fifth changes the average by less than a tenth of the first's gain
LEAST_WEIGHT = 0.05  # below, the regression is not worth its time


@dataclass(frozen=True)
class LinearFit:
    """A regression's settings and its predictions of leads later than those it learnt from."""

    strength: float  # inverse of the ridge penalty
    half_life: float | None
    margin: NDArray[np.float64]  # out-of-fold log-odds; missing for leads that only trained
    loss: float  # log loss on those


def tune_linear(
    matrix: TrainingMatrix, folds: Sequence[Fold], half_lives: Sequence[float | None]
) -> LinearFit:
    """Choose the penalty and the recency weighting of the regression on later leads."""
    found: list[dict[tuple[float, float | None], NDArray[np.float64]]]
    found = Parallel(n_jobs=-1, prefer="threads")(
        delayed(_linear_margins)(matrix, fold, half_lives) for fold in folds
    )
    margins = {key: np.full(len(matrix.outcome), np.nan) for key in found[0]}
    for fold, of_fold in zip(folds, found, strict=True):
        for key, margin in of_fold.items():
            margins[key][fold.validate] = margin
    losses = {key: log_loss(margin, matrix.outcome) for key, margin in margins.items()}
    best = min(losses, key=losses.__getitem__)
    return LinearFit(best[0], best[1], margins[best], losses[best])


def _linear_margins(
    matrix: TrainingMatrix, fold: Fold, half_lives: Sequence[float | None]
) -> dict[tuple[float, float | None], NDArray[np.float64]]:
    """Fit each setting on a fold's training rows; predict its validation rows."""
    train = matrix.take(subsample(fold.train, LINEAR_ROWS))
    validate = matrix.take(fold.validate)
    design = LinearDesign().fit(train.frame)
    earlier, later = design.transform(train.frame), design.transform(validate.frame)
    margins = {}
    for half_life in dict.fromkeys(half_lives):
        weight = recency_weight(train.place, half_life)
        for strength in STRENGTHS:
            model = LinearModel(strength=strength)
            model.fit_design(design, earlier, train.outcome, weight)
            margins[strength, half_life] = later @ model.coefficients_ + model.level_
    return margins


def cross_validated_members(
    matrix: TrainingMatrix, folds: Sequence[Fold], searched: Searched
) -> tuple[list[Trial], NDArray[np.float64]]:
    """Choose the trials that are averaged, and average their out-of-fold margins."""
    rows = len(matrix.outcome)
    many = rows > FEW_ROWS
    members, margins = [], []
    for trial in searched.best_first[:1] if many else choose_members(searched.best_first):
        grown, trees = searched.grown.get(trial.number, []), trial.trees
        if many or not grown:  # compared on some of the rows, or by an earlier run
            every = [FoldRows(matrix, fold) for fold in folds]
            grown, curve = cross_validate(every, trial.recipe, seed=trial.seed)
            trees = int(curve.argmin()) + 1
        members.append(replace(trial, trees=trees))
        margins.append(out_of_fold(grown, folds, trees, rows=rows))
    return members, np.mean(margins, axis=0)


def choose_members(trials: Sequence[Trial]) -> list[Trial]:
    """Choose the trials whose margins are averaged: the best of each kind of trees.

    Trees that see words or draw cuts in different ways err in different places, now and after a
    drift that no fold has shown; so they are averaged even where one of them is ahead, unless it
    is far ahead. Trials come and go best first.
    """
    near = [trial for trial in trials if trial.loss <= trials[0].loss * (1 + FAR_BEHIND)]
    kinds: dict[tuple[str, bool], Trial] = {}
    for trial in near:
        kinds.setdefault((trial.recipe.words, trial.recipe.random_cuts), trial)
    return list(kinds.values())[:MOST_MEMBERS]


def linear_weight(
    trees: NDArray[np.float64],
    linear: NDArray[np.float64],
    outcome: NDArray[np.float64],
    lead: NDArray[np.int64],
) -> float:
    """Choose the regression's weight in the margin, from 0 to 1; 0 leaves it out.

    Of the weights that are not shown to be worse than the best (Breiman's rule of one standard
    error) the one nearest to the usual is taken, as folds tell less about later leads than they
    seem to. Where conversions are few, the usual weight is higher: partial pooling.

    Parameters
    ----------
    trees, linear
        Out-of-fold log-odds, float64 of shape (n,); missing for leads that only trained.
    lead
        The lead of each row, int64 of shape (n,).
    """
    known = ~np.isnan(trees)
    positives = min(outcome.sum(), (1 - outcome).sum())
    share = min(positives / FEW_POSITIVES, 1.0)
    usual = FEW_WEIGHT + (USUAL_WEIGHT - FEW_WEIGHT) * share
    by_weight = [(1 - weight) * trees[known] + weight * linear[known] for weight in WEIGHTS]
    losses = [log_losses_of_margin(outcome[known], margin) for margin in by_weight]
    best = min(losses, key=np.mean)
    as_good = [
        float(weight)
        for weight, loss in zip(WEIGHTS, losses, strict=True)
        if (loss - best).mean() <= clustered_error(loss - best, lead[known])
    ]
    chosen = min(as_good, key=lambda weight: abs(weight - usual))
    return chosen if chosen > LEAST_WEIGHT else 0.0


def log_loss(margin: NDArray[np.float64], outcome: NDArray[np.float64]) -> float:
    """Mean log loss of log-odds where they are known."""
    known = ~np.isnan(margin)
    return float(log_losses_of_margin(outcome[known], margin[known]).mean())


def blended(
    trees: NDArray[np.float64], linear: NDArray[np.float64] | None, weight: float
) -> NDArray[np.float64]:
    """Average two margins; `weight` is the regression's."""
    if linear is None:
        return trees
    return (1 - weight) * trees + weight * linear
