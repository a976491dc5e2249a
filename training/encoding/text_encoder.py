"""Text to codes by a stored vocabulary, so that a word has the same code in every frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from leadscore.training.encoding.feature_columns import FeatureColumns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from leadscore.training.encoding.feature_columns import Features

MAX_WORDS = 250  # LightGBM keeps a category's bin in a byte; rarer words say little each


class TextEncoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Turn features into float64 codes for gradient boosting.

    Numbers pass through. A text column becomes the index of its word in the vocabulary seen in
    training; words that are missing, unseen or in fewer than `min_leads` rows become missing.

    Attributes
    ----------
    columns_ : list of str
        The columns, in the order of the codes.
    vocabulary_ : dict of str to list of str
        For each text column its words, commonest first.
    """

    def __init__(self, *, min_leads: int = 10) -> None:
        self.min_leads = min_leads

    def fit(self, frame: pd.DataFrame, _y: object = None) -> TextEncoder:
        """Learn the vocabulary of each text column, and which columns there are."""
        self.columns_ = [str(column) for column in frame.columns]
        self.vocabulary_ = {
            str(column): self._words(frame[column])
            for column in frame.columns
            if not pd.api.types.is_numeric_dtype(frame[column])
        }
        return self

    def _words(self, column: pd.Series[str]) -> list[str]:
        counts = column.value_counts()
        common = counts[counts >= self.min_leads]
        ranked = sorted(common.items(), key=lambda pair: (-pair[1], str(pair[0])))
        return [str(word) for word, _count in ranked[:MAX_WORDS]]

    def transform(self, features: Features) -> NDArray[np.float64]:
        """Return the codes, float64 of shape (n, k); see `columns_of`."""
        return np.column_stack(self.columns_of(features))

    def columns_of(self, features: Features) -> list[NDArray[np.float64]]:
        """Return the codes column by column, float64 of shape (n,); numbers are not copied.

        Raises `ModelMismatch` where a column is absent.
        """
        check_is_fitted(self)
        columns = FeatureColumns.of(features)
        columns.require(self.columns_)
        return [self._codes(column, columns) for column in self.columns_]

    def _codes(self, column: str, columns: FeatureColumns) -> NDArray[np.float64]:
        if column not in self.vocabulary_:
            return columns.numbers(column)
        words = columns.words(column)
        code = words.codes(self.vocabulary_[column], unknown=-1).astype("float64")
        return words.to_rows(np.where(code < 0, np.nan, code), missing=np.nan)

    def new_words(self, codes: NDArray[np.float64], order: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Mark the training rows whose words too few leads before them had.

        Later leads have words that no training row had. Trees must have met such words, too, or
        what they predict for them is an accident. `order` is the place of each row's lead in time;
        the result has the shape (n, text columns).
        """
        rows = np.argsort(order, kind="stable")
        is_new = np.zeros((len(codes), len(self.text_positions)), dtype="bool")
        for place, position in enumerate(self.text_positions):
            code = pd.Series(codes[rows, position])
            early = code.groupby(code).cumcount() < self.min_leads
            is_new[rows, place] = early & code.notna()
        return is_new

    def unseen_cells(self, features: Features) -> pd.DataFrame:
        """Count, by text column, the `filled` cells and those of them without a code, `unseen`."""
        check_is_fitted(self)
        columns = FeatureColumns.of(features)
        counts = {}
        for column, vocabulary in self.vocabulary_.items():
            words = columns.words(column)
            is_known = words.codes(vocabulary, unknown=-1) >= 0
            known = is_known[words.place[words.place >= 0]]
            counts[column] = (len(known), len(known) - int(known.sum()))
        return pd.DataFrame.from_dict(counts, orient="index", columns=["filled", "unseen"])

    @property
    def text_positions(self) -> list[int]:
        """The positions of the text columns among the codes."""
        return [self.columns_.index(column) for column in self.vocabulary_]
