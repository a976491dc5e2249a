"""Gradient-boosted trees by a recipe: their settings, growing them, and their view of the rows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy.special import logit

from leadscore.training.encoding import WordRates
from leadscore.training.model.level_tracking import level_free
from leadscore.training.model.statistics import log_losses_of_margin
from leadscore.training.model.time_folds import recency_weight

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd
    from lightgbm import Booster, Dataset
    from numpy.typing import NDArray

    from leadscore.training.model.time_folds import Fold

LOSS = "level_free_loss"
MAX_TREES = 1500
MOST_WORDS = 12  # of a column get a column of their own; the rate stands for the rest
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


@dataclass(frozen=True)
class TextColumns:
    """The positions of the text columns, and which have more words than get a column each."""

    positions: list[int]
    is_wide: list[bool]


@dataclass(frozen=True)
class TrainingMatrix:
    """The rows that trees grow on, in the order of time."""

    frame: pd.DataFrame
    codes: NDArray[np.float64]  # by `TextEncoder`, of shape (n, k)
    text: TextColumns
    is_new: NDArray[np.bool_]  # by `TextEncoder.new_words`, of shape (n, text columns)
    outcome: NDArray[np.float64]
    place: NDArray[np.float64]  # in time, from 0 to 1
    order: NDArray[np.int64]  # for rates: which lead comes before which

    @property
    def text_columns(self) -> list[str]:
        """The names of the text columns."""
        return [str(self.frame.columns[position]) for position in self.text.positions]

    def take(self, rows: NDArray[np.int64]) -> TrainingMatrix:
        """Return some of the rows."""
        return TrainingMatrix(
            self.frame.iloc[rows],
            self.codes[rows],
            self.text,
            self.is_new[rows],
            self.outcome[rows],
            self.place[rows],
            self.order[rows],
        )


class FoldRows:
    """One fold's training and validation rows, laid out once for every recipe."""

    def __init__(self, matrix: TrainingMatrix, fold: Fold) -> None:
        self.train, self.validate = matrix.take(fold.train), matrix.take(fold.validate)
        self._laid_out: dict[str, tuple[Dataset, NDArray[np.float64]]] = {}

    def grow(self, recipe: Recipe, *, seed: int) -> GrownTrees:
        """Grow trees on the training rows until the validation rows no longer gain."""
        from lightgbm import early_stopping, record_evaluation, train  # noqa: PLC0415 - 1.5 s

        data, validate = self._layout(recipe.words)
        data.set_weight(recency_weight(self.train.place, recipe.half_life))
        losses: dict[str, dict[str, list[float]]] = {}
        booster = train(
            # Folds grow side by side, each on one thread: threads that share a small tree wait
            # for each other longer than they work, most of all on a busy machine.
            recipe.settings(seed=seed, threads=1),
            data,
            num_boost_round=MAX_TREES,
            valid_sets=[data.create_valid(validate, self.validate.outcome)],
            valid_names=["validate"],
            feval=_level_free_loss(self.validate.outcome),
            callbacks=[early_stopping(PATIENCE, verbose=False), record_evaluation(losses)],
        )
        curve = np.asarray(losses["validate"][LOSS], dtype="float64")
        return GrownTrees(booster, validate, curve)

    def _layout(self, words: str) -> tuple[Dataset, NDArray[np.float64]]:
        if words not in self._laid_out:
            train, rates = lay_out_training(self.train, words)
            known = None if rates is None else rates.transform(self.validate.frame)
            validate = lay_out(self.validate.codes, self.validate.text, known, words)
            self._laid_out[words] = (_dataset(train, self.train, words), validate)
        return self._laid_out[words]


def _level_free_loss(
    outcome: NDArray[np.float64],
) -> Callable[[NDArray[np.float64], Dataset], tuple[str, float, bool]]:
    """Return LightGBM's metric of validation rows: log loss once their mean is right."""
    shift = 0.0

    def loss(propensity: NDArray[np.float64], _data: Dataset) -> tuple[str, float, bool]:
        nonlocal shift  # from tree to tree it hardly moves
        margin = logit(np.clip(propensity, 1e-12, 1 - 1e-12))
        shift = level_free(margin, outcome, shift)
        return LOSS, float(log_losses_of_margin(outcome, margin + shift).mean()), False

    return loss


@dataclass(frozen=True)
class GrownTrees:
    """Trees of one fold, its validation rows as they see them, and their log loss by tree."""

    booster: Booster
    validate: NDArray[np.float64]
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
    data.set_weight(recency_weight(matrix.place, recipe.half_life))
    return train(recipe.settings(seed=seed, threads=threads), data, num_boost_round=trees)


def lay_out_training(
    matrix: TrainingMatrix, words: str
) -> tuple[NDArray[np.float64], WordRates | None]:
    """Lay out training rows as trees see them: with the rates, and the words, known by then."""
    if words == "native":
        codes = matrix.codes.copy()
        positions = matrix.text.positions
        codes[:, positions] = np.where(matrix.is_new, np.nan, codes[:, positions])
        return codes, None
    rates = WordRates(matrix.text_columns)
    earlier = rates.fit_transform(matrix.frame, matrix.outcome, matrix.order)
    return lay_out(matrix.codes, matrix.text, earlier, words), rates


def lay_out(
    codes: NDArray[np.float64], text: TextColumns, rates: NDArray[np.float64] | None, words: str
) -> NDArray[np.float64]:
    """Lay out rows that are predicted as trees see them; see `SeenRows`."""
    return SeenRows(list(codes.T), text, rates, words).matrix()


class SeenRows:
    """Rows as trees see them, column by column, so that only what trees need is laid out.

    Parameters
    ----------
    codes
        The columns of `TextEncoder.columns_of`.
    rates
        Those of `WordRates`, float64 of shape (n, text columns); only `native` does without.
    words
        As in the recipe. `each` puts a column for each of the commonest words after the codes.
    """

    def __init__(
        self,
        codes: Sequence[NDArray[np.float64]],
        text: TextColumns,
        rates: NDArray[np.float64] | None,
        words: str,
    ) -> None:
        self._codes, self._text, self._rates = codes, text, rates
        self._words = "native" if rates is None else words
        self._text_at = {position: at for at, position in enumerate(text.positions)}

    def __len__(self) -> int:
        return len(self._codes[0])

    def part(self, column: int, rows: slice) -> NDArray[np.float64]:
        """Return some rows of one column of `matrix`, float64."""
        if column >= len(self._codes):
            at, word = divmod(column - len(self._codes), MOST_WORDS)
            is_word = self._codes[self._text.positions[at]][rows] == word
            return np.asarray(is_word, dtype="float64")
        codes, at = self._codes[column][rows], self._text_at.get(column, -1)
        if self._rates is None or at < 0 or self._words == "native":
            return codes
        if self._words == "rates" or self._text.is_wide[at]:
            return self._rates[rows, at]
        return np.isnan(codes).astype("float64")

    def matrix(self, rows: slice = slice(None)) -> NDArray[np.float64]:
        """Return some rows as LightGBM takes them, float64 of shape (n, len(owners))."""
        columns = len(owners(len(self._codes), self._text, self._words))
        return np.column_stack([self.part(column, rows) for column in range(columns)])


def owners(columns: int, text: TextColumns, words: str) -> NDArray[np.int64]:
    """Return for each column that trees see the feature it comes from, int64."""
    own = np.arange(columns, dtype="int64")
    if words != "each":
        return own
    return np.concatenate([own, np.repeat(own[text.positions], MOST_WORDS)])


def _dataset(laid_out: NDArray[np.float64], matrix: TrainingMatrix, words: str) -> Dataset:
    from lightgbm import Dataset  # noqa: PLC0415

    return Dataset(
        laid_out,
        matrix.outcome,
        categorical_feature=matrix.text.positions if words == "native" else [],
        params=DATASET_SETTINGS | {"verbosity": -1, "max_cat_threshold": 64, "cat_smooth": 20.0},
        free_raw_data=False,
    )
