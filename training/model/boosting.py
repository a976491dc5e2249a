"""Gradient-boosted trees by a recipe: their settings, growing them, and their view of the rows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy.special import logit

from leadscore.training.calibration import level_free, log_losses_of_margin
from leadscore.training.encoding import TrainingMatrix, lay_out, lay_out_training

if TYPE_CHECKING:
    from collections.abc import Callable

    from lightgbm import Booster, Dataset
    from numpy.typing import NDArray

    from leadscore.training.model.time_folds import Fold

LOSS = "level_free_loss"
MAX_TREES = 1500
PATIENCE = 30  # rounds without progress before a fold stops
# Two-leaf trees learn one thing each and may take longer steps; larger ones overshoot.
FASTEST, SLOWEST = 0.10, 0.05
DATASET_SETTINGS = {"max_bin": 63, "feature_pre_filter": False, "deterministic": True}


@dataclass(frozen=True)
class Recipe:
    """Hyperparameters of the trees and of how they see text."""

    leaves: int  # LightGBM's `num_leaves`
    columns: float  # `feature_fraction`
    ridge: float  # `lambda_l2`
    least: int  # `min_data_in_leaf`
    # Text as LightGBM's own categories, as the rates of earlier leads, or as a column for each of
    # the commonest words, with the rate beside them where there are more words than that.
    words: Literal["native", "rates", "each"] = "native"
    # Each cut drawn at random in place of the best: extremely randomised trees (Geurts, Ernst and
    # Wehenkel, Machine Learning 2006), which err elsewhere.
    random_cuts: bool = False
    half_life: float | None = None  # share of the history after which a lead counts half

    @property
    def rate(self) -> float:
        """How far each tree moves the margin."""
        return max(FASTEST * math.sqrt(2 / self.leaves), SLOWEST)

    def settings(self, *, seed: int, threads: int) -> dict[str, Any]:
        """Return LightGBM's settings; the trees are the same on any number of threads."""
        return DATASET_SETTINGS | {
            "objective": "binary",
            "metric": "None",
            "num_leaves": self.leaves,
            "learning_rate": self.rate,
            "feature_fraction": self.columns,
            "extra_trees": self.random_cuts,
            "lambda_l2": self.ridge,
            "min_data_in_leaf": self.least,
            "cat_smooth": 20.0,
            "max_cat_threshold": 64,
            "seed": seed,
            "extra_seed": seed,
            "num_threads": threads,
            "force_row_wise": True,
            "verbosity": -1,
        }


class FoldRows:
    """One fold's training and validation rows, laid out once for every recipe."""

    def __init__(self, matrix: TrainingMatrix, fold: Fold) -> None:
        self.train, self.validate = matrix.take(fold.train), matrix.take(fold.validate)
        self._laid_out: dict[str, tuple[Dataset, NDArray[np.float64]]] = {}

    def grow(self, recipe: Recipe, *, seed: int) -> GrownTrees:
        """Grow trees on the training rows until the validation rows no longer gain."""
        from lightgbm import early_stopping, record_evaluation, train  # noqa: PLC0415 - 1.5 s

        data, validate = self._layout(recipe.words)
        data.set_weight(self.train.weights(recipe.half_life))
        losses: dict[str, dict[str, list[float]]] = {}
        booster = train(
            # Folds grow side by side, each on one thread: threads that share a small tree wait
            # for each other longer than they work, most of all on a busy machine.
            recipe.settings(seed=seed, threads=1),
            data,
            num_boost_round=MAX_TREES,
            valid_sets=[data.create_valid(validate, self.validate.outcome)],
            valid_names=["validate"],
            feval=_level_free_loss(self.validate.outcome, self.validate.weight),
            callbacks=[early_stopping(PATIENCE, verbose=False), record_evaluation(losses)],
        )
        curve = np.asarray(losses["validate"][LOSS], dtype="float64")
        return GrownTrees(booster, validate, float(self.validate.weight.sum()), curve)

    def _layout(self, words: str) -> tuple[Dataset, NDArray[np.float64]]:
        if words not in self._laid_out:
            train, rates = lay_out_training(self.train, words)
            known = rates.transform(self.validate.frame)
            validate = lay_out(self.validate.codes, self.validate.text, known, words)
            self._laid_out[words] = (_dataset(train, self.train, words), validate)
        return self._laid_out[words]


def _level_free_loss(
    outcome: NDArray[np.float64], weight: NDArray[np.float64]
) -> Callable[[NDArray[np.float64], Dataset], tuple[str, float, bool]]:
    """Return LightGBM's metric of validation rows: log loss once their mean is right."""
    shift = 0.0

    def loss(propensity: NDArray[np.float64], _data: Dataset) -> tuple[str, float, bool]:
        nonlocal shift  # from tree to tree it hardly moves
        margin = logit(np.clip(propensity, 1e-12, 1 - 1e-12))
        shift = level_free(margin, outcome, weight, shift)
        losses = log_losses_of_margin(outcome, margin + shift)
        return LOSS, float(np.average(losses, weights=weight)), False

    return loss


@dataclass(frozen=True)
class GrownTrees:
    """Trees of one fold, its validation rows as they see them, and their log loss by tree.

    `weight` is that of all validation rows together.
    """

    booster: Booster
    validate: NDArray[np.float64]
    weight: float
    losses: NDArray[np.float64]

    def margin(self, trees: int) -> NDArray[np.float64]:
        """Return the validation rows' log-odds by the first so many trees."""
        found = self.booster.predict(self.validate, raw_score=True, num_iteration=trees)
        return np.asarray(found, dtype="float64")


def grow_whole(
    matrix: TrainingMatrix, recipe: Recipe, *, trees: int, seed: int, threads: int
) -> Booster:
    """Grow so many trees on all rows."""
    from lightgbm import train  # noqa: PLC0415

    laid_out, _rates = lay_out_training(matrix, recipe.words)
    data = _dataset(laid_out, matrix, recipe.words)
    data.set_weight(matrix.weights(recipe.half_life))
    return train(recipe.settings(seed=seed, threads=threads), data, num_boost_round=trees)


def _dataset(laid_out: NDArray[np.float64], matrix: TrainingMatrix, words: str) -> Dataset:
    from lightgbm import Dataset  # noqa: PLC0415

    return Dataset(
        laid_out,
        matrix.outcome,
        categorical_feature=matrix.text.positions if words == "native" else [],
        params=DATASET_SETTINGS | {"verbosity": -1, "max_cat_threshold": 64, "cat_smooth": 20.0},
        free_raw_data=False,
    )
