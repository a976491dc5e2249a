"""The conversion rate of each word as a number, where a column has hundreds of words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from leadscore.training.encoding.feature_columns import FeatureColumns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from leadscore.training.encoding.feature_columns import Features

MIN_ROWS_OF_WORD = 5  # rarer words are not stored: they tell next to nothing, or name a person
PRIOR_ROWS = 10.0  # a word counts fully once it has been seen far more often than this


class WordRates(BaseEstimator):  # type: ignore[misc]
    """Replace each word by the rate of the leads that had it, and by their share of all leads.

    Rates are shrunk towards the overall rate.

    A training row gets the rate among earlier leads only, so that no row's own outcome is among
    its features: ordered target statistics (Prokhorenkova et al., CatBoost, NeurIPS 2018). A
    missing value is a word of its own. A word not stored has the overall rate, just as any word had
    when a training row first showed it, so trees have learnt what becomes of new words. The share
    tells common words from rare ones; a word not stored has a share of 0 in training, too.

    Attributes
    ----------
    words_ : dict of str to list of str
        The words of each column that have a rate of their own.
    rates_ : dict of str to list of float
        Their rates; then that of a missing value and the overall one.
    shares_ : dict of str to list of float
        The share of the rows with each; then that of a missing value, and 0.
    """

    def __init__(self, columns: Sequence[str] = ()) -> None:
        self.columns = columns

    def fit(self, features: Features, outcome: NDArray[np.float64]) -> WordRates:
        """Learn the words and their rates from outcomes of 0 or 1."""
        columns = FeatureColumns.of(features)
        overall = float(outcome.mean())
        self.words_ = {column: _common_words(columns, column) for column in self.columns}
        self.rates_: dict[str, list[float]] = {}
        self.shares_: dict[str, list[float]] = {}
        for column in self.columns:
            codes, kinds = self._codes(column, columns), len(self.words_[column]) + 2
            hits = np.bincount(codes, outcome, kinds) + PRIOR_ROWS * overall
            rows = np.bincount(codes, minlength=kinds)
            rates = hits / (rows + PRIOR_ROWS)
            self.rates_[column] = [*rates[:-1].tolist(), overall]
            self.shares_[column] = [*(rows[:-1] / len(codes)).tolist(), 0.0]
        return self

    def transform(self, features: Features) -> NDArray[np.float64]:
        """Return the rates of each row's words, then their shares, float64 of shape (n, 2 k)."""
        check_is_fitted(self)
        columns = FeatureColumns.of(features)
        k = len(self.columns)
        found = np.empty((len(columns), 2 * k), order="F")  # read by column, too
        for position, column in enumerate(self.columns):
            codes = self._codes(column, columns)
            found[:, position] = np.asarray(self.rates_[column])[codes]
            found[:, k + position] = np.asarray(self.shares_[column])[codes]
        return found

    def fit_transform(
        self, features: Features, outcome: NDArray[np.float64], order: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Fit, and return what `transform` does, with the rates among the leads before each row.

        `order` is the place of each row's lead in time; rows of one lead share it.
        """
        columns = FeatureColumns.of(features)
        self.fit(columns, outcome)
        hits, rows = _before(np.zeros(len(columns), dtype="int64"), order, outcome)
        prior = (hits + PRIOR_ROWS / 2) / (rows + PRIOR_ROWS)
        found = self.transform(columns)
        for position, column in enumerate(self.columns):
            place = columns.words(column).place.astype("int64") + 1  # 0 is a missing value
            hits, rows = _before(place, order, outcome)
            found[:, position] = (hits + PRIOR_ROWS * prior) / (rows + PRIOR_ROWS)
        return found

    def _codes(self, column: str, columns: FeatureColumns) -> NDArray[np.int64]:
        """Return the number of each row's word; the last two are missing and not stored."""
        kept, words = self.words_[column], columns.words(column)
        return words.to_rows(words.codes(kept, unknown=len(kept) + 1), missing=len(kept))


def _common_words(columns: FeatureColumns, column: str) -> list[str]:
    words = columns.words(column)
    counts = np.bincount(words.place[words.place >= 0], minlength=len(words.words))
    return sorted(
        word for word, count in zip(words.words, counts, strict=True) if count >= MIN_ROWS_OF_WORD
    )


def _before(
    word: NDArray[np.int64], order: NDArray[np.int64], outcome: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Count the conversions and the rows that a word had before each row's lead."""
    rows = np.lexsort((order, word))
    place, sorted_outcome = np.arange(len(rows)), outcome[rows]
    opens_word = np.diff(word[rows], prepend=-1) != 0
    # A lead's later rows must not learn from its earlier ones, which share its outcome.
    opens_lead = opens_word | (np.diff(order[rows], prepend=-1) != 0)
    word_from = np.maximum.accumulate(np.where(opens_word, place, 0))
    lead_from = np.maximum.accumulate(np.where(opens_lead, place, 0))
    upto = np.cumsum(sorted_outcome) - sorted_outcome
    hits, count = np.empty(len(rows)), np.empty(len(rows), dtype="int64")
    hits[rows] = upto[lead_from] - upto[word_from]
    count[rows] = lead_from - word_from
    return hits, count
