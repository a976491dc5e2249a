"""Which trials are averaged, and the weight of a regression beside them.

Averages of different trees err less than the best of them (Caruana et al., ICML 2004), and on
small or drifting data a regression errs elsewhere than trees do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from joblib import Parallel, delayed

from leadscore.training.calibration import clustered_error
from leadscore.training.encoding import LinearDesign
from leadscore.training.model.boosting import FoldRows
from leadscore.training.model.cross_validation import (
    centre,
    centres,
    cross_validate,
    level_free_losses,
    out_of_fold,
)
from leadscore.training.model.logistic_model import LinearModel
from leadscore.training.model.time_folds import (
    FEW_ROWS,
    Fold,
    subsample,
    thinned,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from leadscore.training.encoding import TrainingMatrix
    from leadscore.training.model.hyperparameter_search import Searched, Trial

STRENGTHS = (0.01, 0.03, 0.1, 0.3, 1.0)
HALF_LIVES = (0.5, 0.25)  # of the regression, at the best strength
LINEAR_ROWS = 20_000  # that many fix a few hundred coefficients; more only cost time
WEIGHTS = np.linspace(0, 1, 21)
# The weight of the regression among those that leads do not tell apart; more where few conversions
# are known, of which trees make too much.
USUAL_WEIGHT, FEW_WEIGHT = 0.5, 0.8
FEW_POSITIVES = 100  # from here on the usual weight holds
MANY_ROWS = 60_000  # of which one member's trees learn as much as an average of several
FAR_BEHIND = 0.03  # a trial that errs by more than this share beyond the best is left out
MOST_MEMBERS = 4  # a fifth changes the average by less than a tenth of the first's gain
ONE_ERROR = 1.0  # standard errors within which a weight is as good as the best
LEAST_WEIGHT = 0.05  # below, the regression is not worth its time


@dataclass(frozen=True)
class LinearFit:
    """A regression's settings and its predictions of leads later than those it learnt from."""

    strength: float  # inverse of the ridge penalty
    half_life: float | None
    margin: NDArray[np.float64]  # out-of-fold log-odds less their centre; missing where none
    loss: float  # log loss on those, levels apart


def tune_linear(matrix: TrainingMatrix, folds: Sequence[Fold], *, by_time: bool) -> LinearFit:
    """Choose the penalty and the recency weighting of the regression on later leads."""
    designs: list[_FoldDesign]
    designs = Parallel(n_jobs=-1, prefer="threads")(
        delayed(_laid_out)(matrix, fold) for fold in folds
    )
    best = min(
        (_validated(matrix, folds, designs, strength, None) for strength in STRENGTHS),
        key=lambda each: each.loss,
    )
    recent = [
        _validated(matrix, folds, designs, best.strength, half_life)
        for half_life in (HALF_LIVES if by_time else ())
    ]
    return min([best, *recent], key=lambda each: each.loss)


@dataclass(frozen=True)
class _FoldDesign:
    """A fold's training and validation rows as a regression sees them."""

    design: LinearDesign
    train: TrainingMatrix
    earlier: Any
    later: Any


def _laid_out(matrix: TrainingMatrix, fold: Fold) -> _FoldDesign:
    train = matrix.take(subsample(fold.train, LINEAR_ROWS))
    design = LinearDesign().fit(train.frame)
    later = design.transform(matrix.frame.iloc[fold.validate])
    return _FoldDesign(design, train, design.transform(train.frame), later)


def _validated(
    matrix: TrainingMatrix,
    folds: Sequence[Fold],
    designs: Sequence[_FoldDesign],
    strength: float,
    half_life: float | None,
) -> LinearFit:
    """Fit a setting on each fold's training rows; predict its validation rows."""

    def of_fold(laid_out: _FoldDesign) -> NDArray[np.float64]:
        weight = laid_out.train.weights(half_life)
        model = LinearModel(strength=strength)
        model.fit_design(laid_out.design, laid_out.earlier, laid_out.train.outcome, weight)
        return np.asarray(laid_out.later @ model.coefficients_ + model.level_, dtype="float64")

    margin = np.full(len(matrix.outcome), np.nan)
    found = Parallel(n_jobs=-1, prefer="threads")(delayed(of_fold)(each) for each in designs)
    for fold, predicted in zip(folds, found, strict=True):
        margin[fold.validate] = predicted
    margin -= centres(matrix, half_life, folds)
    loss = float(level_free_losses(margin, matrix, folds).mean())
    return LinearFit(strength, half_life, margin, loss)


def cross_validated_members(
    matrix: TrainingMatrix, folds: Sequence[Fold], searched: Searched
) -> tuple[list[Trial], NDArray[np.float64]]:
    """Choose the trials that are averaged, and average their out-of-fold margins.

    Returns the members, and the margins less their centres.
    """
    rows = len(matrix.outcome)
    thin = rows > FEW_ROWS  # compared on some of the rows; the latest fold then counts whole
    every = [folds[0], *thinned(folds[1:])] if thin else folds
    chosen = choose_members(searched.best_first)
    members, margins = [], []
    for trial in chosen[:1] if rows > MANY_ROWS else chosen:
        grown, trees = searched.grown.get(trial.number, []), trial.trees
        if thin or not grown:  # or by an earlier run
            laid_out = [FoldRows(matrix, fold) for fold in every]
            grown, curve = cross_validate(laid_out, trial.recipe, seed=trial.seed)
            trees = int(curve.argmin()) + 1
        members.append(replace(trial, trees=trees))
        margin = out_of_fold(grown, every, trees, rows=rows)
        margins.append(margin - centres(matrix, trial.recipe.half_life, every))
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
    matrix: TrainingMatrix,
    folds: Sequence[Fold],
) -> float:
    """Choose the regression's weight in the margin, from 0 to 1; 0 leaves it out.

    Of the weights that are not shown to be worse than the best (Breiman's rule of one standard
    error) the one nearest to the usual is taken, as folds tell less about later leads than they
    seem to. Where conversions are few, the usual weight is higher: partial pooling.

    Parameters
    ----------
    trees, linear
        Out-of-fold log-odds, float64 of shape (n,); missing for leads that only trained.
    """
    known = [Fold(fold.train, fold.validate[~np.isnan(trees[fold.validate])]) for fold in folds]
    leads = np.concatenate([matrix.order[fold.validate] for fold in known])
    positives = min(matrix.outcome.sum(), (1 - matrix.outcome).sum())
    share = min(positives / FEW_POSITIVES, 1.0)
    usual = FEW_WEIGHT + (USUAL_WEIGHT - FEW_WEIGHT) * share
    losses = [
        level_free_losses((1 - weight) * trees + weight * linear, matrix, known)
        for weight in WEIGHTS
    ]
    best = min(losses, key=np.mean)
    as_good = [
        float(weight)
        for weight, loss in zip(WEIGHTS, losses, strict=True)
        if (loss - best).mean() <= ONE_ERROR * clustered_error(loss - best, leads)
    ]
    chosen = min(as_good, key=lambda weight: abs(weight - usual))
    return chosen if chosen > LEAST_WEIGHT else 0.0


def blended(
    trees: NDArray[np.float64], linear: NDArray[np.float64] | None, weight: float
) -> NDArray[np.float64]:
    """Average two margins; `weight` is the regression's."""
    if linear is None:
        return trees
    return (1 - weight) * trees + weight * linear


def centre_of(
    matrix: TrainingMatrix,
    half_lives: Sequence[float | None],
    linear_half_life: float | None,
    linear_weight: float,
) -> float:
    """Return the centre of trees with these half-lives, averaged, and a regression beside them."""
    of_trees, of_linear = (
        np.array([np.mean([centre(matrix, each) for each in of_model])])
        for of_model in (half_lives, [linear_half_life])
    )
    return float(blended(of_trees, of_linear, linear_weight)[0])


def choice_of(
    members: Sequence[Trial], linear: LinearFit, linear_weight: float
) -> dict[str, object]:
    """Summarise what was chosen, for the registry and the model card."""
    best = members[0]
    return {
        "members": len(members),
        "trees": sum(member.trees for member in members),
        "leaves": ", ".join(str(member.recipe.leaves) for member in members),
        "words": ", ".join(dict.fromkeys(member.recipe.words for member in members)),
        "half_life": best.recipe.half_life if best.recipe.half_life is not None else "none",
        "loss": best.loss,
        "linear_weight": linear_weight,
        "linear_loss": linear.loss,
    }
