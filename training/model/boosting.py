"""Gradient-boosted trees by a recipe: what they look like, and growing them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from leadscore.training.model.ordered_target_encoder import WordRates
from leadscore.training.model.time_folds import recency_weight

if TYPE_CHECKING:
    import pandas as pd
    from lightgbm import Booster, Dataset
    from numpy.typing import NDArray

    from leadscore.training.model.time_folds import Fold

MAX_TREES = 1500
MOST_WORDS = 12  # of a column get a column of their own; the rate speaks for the rest
PATIENCE = 40  # rounds without progress before a fold stops
# Two-leaf trees learn one thing each and may take longer steps; larger ones overshoot.
FASTEST, SLOWEST = 0.10, 0.05
DATASET_SETTINGS = {"max_bin": 63, "feature_pre_filter": False, "deterministic": True}


@dataclass(frozen=True)
class Recipe:
    """What trees look like and what they see.

    Parameters
    ----------
    leaves, columns, ridge, least
        LightGBM's `num_leaves`, `feature_fraction`, `lambda_l2`, `min_data_in_leaf`.
    words
        Text as LightGBM's own categories (`native`), as the rates of earlier leads (`rates`), or
        as a column for each of the commonest words (`each`), with the rate beside them where
        there are more words than that.
    random_cuts
        Whether each cut is drawn at random in place of the best: extremely randomised trees
        (Geurts, Ernst and Wehenkel, Machine Learning 2006), which err elsewhere.
    half_life
        After which share of the history a teaching lead counts half; None where all count alike.
    """

    leaves: int
    columns: float
    ridge: float
    least: int
    words: Literal["native", "rates", "each"] = "native"
    random_cuts: bool = False
    half_life: float | None = None

    @property
    def rate(self) -> float:
        """How far each tree moves the margin."""
        return max(FASTEST * math.sqrt(2 / self.leaves), SLOWEST)

    def settings(self, *, seed: int, threads: int) -> dict[str, Any]:
        """Return LightGBM's settings; the trees are the same on any number of threads."""
        return DATASET_SETTINGS | {
            "objective": "binary",
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
    """Which columns of the codes are text.

    Parameters
    ----------
    positions
        Their positions.
    is_wide
        Which of them have more words than get a column of their own.
    """

    positions: list[int]
    is_wide: list[bool]


@dataclass(frozen=True)
class Ground:
    """The rows that trees grow on, in the order of time.

    Parameters
    ----------
    frame
        Features.
    codes
        Numbers, and text as codes of the stored vocabulary; float64 of shape (n, k).
    text
        Which of the k are text.
    is_new
        Where a text column holds a word that too few earlier leads had to know it; bool of shape
        (n, text columns).
    outcome
        0 or 1, float64 of shape (n,).
    place
        Place in time from 0 to 1, float64 of shape (n,).
    order
        For rates: which lead comes before which, int64 of shape (n,).
    """

    frame: pd.DataFrame
    codes: NDArray[np.float64]
    text: TextColumns
    is_new: NDArray[np.bool_]
    outcome: NDArray[np.float64]
    place: NDArray[np.float64]
    order: NDArray[np.int64]

    @property
    def text_columns(self) -> list[str]:
        """The names of the text columns."""
        return [str(self.frame.columns[position]) for position in self.text.positions]

    @property
    def words(self) -> NDArray[np.float64]:
        """The codes of the text columns."""
        return self.codes[:, self.text.positions]

    def rows(self, rows: NDArray[np.int64]) -> Ground:
        """Return some of the rows."""
        return Ground(
            self.frame.iloc[rows],
            self.codes[rows],
            self.text,
            self.is_new[rows],
            self.outcome[rows],
            self.place[rows],
            self.order[rows],
        )


class FoldGround:
    """One fold's teaching and judging rows, laid out once for every recipe."""

    def __init__(self, ground: Ground, fold: Fold) -> None:
        self.teach, self.judge = ground.rows(fold.teach), ground.rows(fold.judge)
        self._laid_out: dict[str, tuple[Dataset, NDArray[np.float64]]] = {}

    def grow(self, recipe: Recipe, *, seed: int) -> GrownTrees:
        """Grow trees on the teaching rows until the judging rows no longer gain."""
        from lightgbm import early_stopping, record_evaluation, train  # noqa: PLC0415 - 1.5 s

        data, judge = self._layout(recipe.words)
        data.set_weight(recency_weight(self.teach.place, recipe.half_life))
        losses: dict[str, dict[str, list[float]]] = {}
        booster = train(
            # Folds grow side by side, each on one thread: threads that share a small tree wait
            # for each other longer than they work, most of all on a busy machine.
            recipe.settings(seed=seed, threads=1),
            data,
            num_boost_round=MAX_TREES,
            valid_sets=[data.create_valid(judge, self.judge.outcome)],
            valid_names=["judge"],
            callbacks=[early_stopping(PATIENCE, verbose=False), record_evaluation(losses)],
        )
        curve = np.asarray(losses["judge"]["binary_logloss"], dtype="float64")
        return GrownTrees(booster, judge, curve)

    def _layout(self, words: str) -> tuple[Dataset, NDArray[np.float64]]:
        if words not in self._laid_out:
            teach, rates = lay_out_teaching(self.teach, words)
            known = None if rates is None else rates.transform(self.judge.frame)
            judge = lay_out(self.judge.codes, self.judge.text, known, words)
            data = _dataset(teach, self.teach, words)
            self._laid_out[words] = (data, judge)
        return self._laid_out[words]


@dataclass(frozen=True)
class GrownTrees:
    """Trees of one fold, with the rows that judge them.

    Parameters
    ----------
    booster
        The trees.
    judge
        The judging rows as the trees see them.
    losses
        Log loss on the judging rows after each tree, float64.
    """

    booster: Booster
    judge: NDArray[np.float64]
    losses: NDArray[np.float64]

    def margin(self, trees: int) -> NDArray[np.float64]:
        """Return the judging rows' log-odds by the first so many trees."""
        found = self.booster.predict(self.judge, raw_score=True, num_iteration=trees)
        return np.asarray(found, dtype="float64")


def grow_whole(ground: Ground, recipe: Recipe, *, trees: int, seed: int, threads: int) -> Booster:
    """Grow so many trees on all rows."""
    from lightgbm import train  # noqa: PLC0415

    teach, _rates = lay_out_teaching(ground, recipe.words)
    data = _dataset(teach, ground, recipe.words)
    data.set_weight(recency_weight(ground.place, recipe.half_life))
    return train(recipe.settings(seed=seed, threads=threads), data, num_boost_round=trees)


def lay_out_teaching(ground: Ground, words: str) -> tuple[NDArray[np.float64], WordRates | None]:
    """Lay out teaching rows as trees see them: with the rates, and the words, known by then."""
    if words == "native":
        codes = ground.codes.copy()
        codes[:, ground.text.positions] = np.where(ground.is_new, np.nan, ground.words)
        return codes, None
    rates = WordRates(ground.text_columns)
    earlier = rates.teach(ground.frame, ground.outcome, ground.order)
    return lay_out(ground.codes, ground.text, earlier, words), rates


def lay_out(
    codes: NDArray[np.float64],
    text: TextColumns,
    rates: NDArray[np.float64] | None,
    words: str,
) -> NDArray[np.float64]:
    """Lay out rows that are judged or scored.

    Parameters
    ----------
    codes
        Numbers and codes of the stored vocabulary, commonest word first; float64 of shape (n, k).
    text
        Which of the k are text.
    rates
        What `WordRates` says of the rows; only `native` does without.
    words
        As in the recipe.

    Returns
    -------
    ndarray of shape (n, len(owners)), float64
    """
    if words == "native" or rates is None:
        return codes
    columns, word = codes.shape[1], codes[:, text.positions]
    laid_out = np.empty((len(codes), len(owners(columns, text, words))))
    laid_out[:, :columns] = codes
    if words == "rates":
        laid_out[:, text.positions] = rates
        return laid_out
    laid_out[:, text.positions] = np.where(text.is_wide, rates, np.isnan(word))
    for number in range(MOST_WORDS):
        laid_out[:, columns + number :: MOST_WORDS] = word == number
    return laid_out


def owners(columns: int, text: TextColumns, words: str) -> NDArray[np.int64]:
    """Give for each column that trees see the feature it comes from, int64."""
    own = np.arange(columns, dtype="int64")
    if words != "each":
        return own
    return np.concatenate([own, np.repeat(own[text.positions], MOST_WORDS)])


def _dataset(matrix: NDArray[np.float64], ground: Ground, words: str) -> Dataset:
    from lightgbm import Dataset  # noqa: PLC0415

    return Dataset(
        matrix,
        ground.outcome,
        categorical_feature=ground.text.positions if words == "native" else [],
        params=DATASET_SETTINGS | {"verbosity": -1, "max_cat_threshold": 64, "cat_smooth": 20.0},
        free_raw_data=False,
    )
