"""How leads with each word did: one number for a word, where a column has hundreds of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from leadscore.training.model.text_dictionary import distinct_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MIN_ROWS_OF_WORD = 5  # rarer words are not kept: they tell next to nothing, or name a person
PRIOR_ROWS = 10.0  # a word counts fully once it has been seen far more often than this


class WordRates(BaseEstimator):  # type: ignore[misc]
    """Replace each word by the rate of the leads that had it, drawn towards the overall rate.

    A row that teaches gets the rate among earlier leads only, so that no row's own outcome is
    among its features: ordered target statistics (Prokhorenkova et al., CatBoost, NeurIPS 2018).
    A missing value is a word of its own. A word not kept has the overall rate, just as any word
    had when a teaching row first showed it, so trees have learnt what becomes of new words.

    Parameters
    ----------
    columns
        The text columns.

    Attributes
    ----------
    words_ : dict of str to list of str
        The words of each column that have a rate of their own.
    rates_ : dict of str to list of float
        Their rates; then that of a missing value and the overall one.
    """

    def __init__(self, columns: Sequence[str] = ()) -> None:
        self.columns = columns

    def fit(self, frame: pd.DataFrame, outcome: NDArray[np.float64]) -> WordRates:
        """Learn the words and their rates.

        Parameters
        ----------
        frame
            Features; the text columns as str.
        outcome
            0 or 1, float64 of shape (n,).

        Returns
        -------
        WordRates
        """
        self.words_ = {column: _common_words(frame[column]) for column in self.columns}
        overall = float(outcome.mean())
        self.rates_: dict[str, list[float]] = {}
        for column in self.columns:
            codes, kinds = self._codes(frame[column]), len(self.words_[column]) + 2
            hits = np.bincount(codes, outcome, kinds) + PRIOR_ROWS * overall
            rates = hits / (np.bincount(codes, minlength=kinds) + PRIOR_ROWS)
            self.rates_[column] = [*rates[:-1].tolist(), overall]
        return self

    def transform(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """Return the rate of each row's words, float64 of shape (n, columns)."""
        check_is_fitted(self)
        found = np.empty((len(frame), len(self.columns)), order="F")  # read by column, too
        for position, column in enumerate(self.columns):
            found[:, position] = np.asarray(self.rates_[column])[self._codes(frame[column])]
        return found

    def teach(
        self, frame: pd.DataFrame, outcome: NDArray[np.float64], order: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Fit, and return for each teaching row the rates among the leads before it.

        Parameters
        ----------
        frame, outcome
            As for `fit`.
        order
            The place of each row's lead in time, int64 of shape (n,); rows of one lead share it.

        Returns
        -------
        ndarray of shape (n, columns), float64
        """
        self.fit(frame, outcome)
        hits, rows = _before(np.zeros(len(frame), dtype="int64"), order, outcome)
        prior = (hits + PRIOR_ROWS / 2) / (rows + PRIOR_ROWS)
        found = np.empty((len(frame), len(self.columns)))
        for position, column in enumerate(self.columns):
            code = pd.factorize(frame[column], use_na_sentinel=False)[0]
            hits, rows = _before(code, order, outcome)
            found[:, position] = (hits + PRIOR_ROWS * prior) / (rows + PRIOR_ROWS)
        return found

    def _codes(self, values: pd.Series[str]) -> NDArray[np.int64]:
        """Give each word its number; the last two are a missing value and a word not kept."""
        words = self.words_[str(values.name)]
        told = distinct_words(values)
        return told.told(told.numbered(words, unknown=len(words) + 1), missing=len(words))


def _common_words(values: pd.Series[str]) -> list[str]:
    counts = values.value_counts()
    return sorted(str(word) for word in counts[counts >= MIN_ROWS_OF_WORD].index)


def _before(
    word: NDArray[np.int64], order: NDArray[np.int64], outcome: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Count the conversions and the rows that a word had before each row's lead."""
    rows = np.lexsort((order, word))
    place, told = np.arange(len(rows)), outcome[rows]
    opens_word = np.diff(word[rows], prepend=-1) != 0
    # A lead's later rows must not learn from its earlier ones, which share its outcome.
    opens_lead = opens_word | (np.diff(order[rows], prepend=-1) != 0)
    word_from = np.maximum.accumulate(np.where(opens_word, place, 0))
    lead_from = np.maximum.accumulate(np.where(opens_lead, place, 0))
    upto = np.cumsum(told) - told
    hits, count = np.empty(len(rows)), np.empty(len(rows), dtype="int64")
    hits[rows] = upto[lead_from] - upto[word_from]
    count[rows] = lead_from - word_from
    return hits, count
