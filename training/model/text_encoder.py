"""Text to codes by a stored vocabulary: the same word has the same code for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from leadscore.features.core.errors import ModelMismatch, nearest
from leadscore.training.model.text_dictionary import distinct_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_WORDS = 250  # LightGBM keeps a category's bin in a byte; rarer words say little each


class TextEncoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Turn a feature frame into float64 codes for gradient boosting.

    Numbers pass through. A text column becomes the index of its word in the vocabulary seen in
    training; words that are missing, rare or unseen become missing.

    Parameters
    ----------
    min_leads
        A word seen in fewer training rows gets no code of its own.

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

    def transform(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """Return the codes.

        Parameters
        ----------
        frame
            The columns seen in training, numbers as float64 and text as str.

        Returns
        -------
        ndarray of shape (n, k), float64
            Missing where a value is missing or a word has no code.

        Raises
        ------
        ModelMismatch
            Where a column is absent.
        """
        codes = np.empty((len(frame), len(self.columns_)), dtype="float64")
        for position, values in enumerate(self.columns_of(frame)):
            codes[:, position] = values
        return codes

    def columns_of(self, frame: pd.DataFrame) -> list[NDArray[np.float64]]:
        """Return the codes column by column: numbers as they stand in the frame, not copied.

        Parameters
        ----------
        frame
            As for `transform`; a text column may be categories of str.

        Returns
        -------
        list of ndarray of shape (n,), float64

        Raises
        ------
        ModelMismatch
            Where a column is absent.
        """
        check_is_fitted(self)
        absent = [column for column in self.columns_ if column not in frame.columns]
        if absent:
            hint = nearest(absent[0], [str(name) for name in frame.columns])
            raise ModelMismatch(
                f"the model needs the feature {absent[0]!r}, which this contract does not give. "
                f"{hint} Train again with today's contract, or restore the earlier one."
            )
        return [self._codes(column, frame[column]) for column in self.columns_]

    def _codes(self, column: str, values: pd.Series[float]) -> NDArray[np.float64]:
        if column not in self.vocabulary_:
            if values.dtype == "float64":
                return np.asarray(values)
            return np.asarray(values.to_numpy("float64", na_value=np.nan), dtype="float64")
        told = distinct_words(values)
        code = told.numbered(self.vocabulary_[column], unknown=-1).astype("float64")
        return told.told(np.where(code < 0, np.nan, code), missing=np.nan)

    def new_words(self, codes: NDArray[np.float64], order: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Find the teaching rows whose words too few leads before them had.

        Whoever scores meets words that no teaching row had. Trees must have met such words, too,
        or what they say of them is an accident.

        Parameters
        ----------
        codes
            What `transform` made of the teaching rows.
        order
            The place of each row's lead in time, int64 of shape (n,).

        Returns
        -------
        ndarray of shape (n, text columns), bool
        """
        rows = np.argsort(order, kind="stable")
        is_new = np.zeros((len(codes), len(self.text_positions)), dtype="bool")
        for place, position in enumerate(self.text_positions):
            code = pd.Series(codes[rows, position])
            early = code.groupby(code).cumcount() < self.min_leads
            is_new[rows, place] = early & code.notna()
        return is_new

    def unseen_cells(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Count, for each text column, the filled-in cells and those of them that have no code.

        Returns
        -------
        DataFrame
            Indexed by column: `filled`, `unseen` (int64).
        """
        check_is_fitted(self)
        counts = {}
        for column, words in self.vocabulary_.items():
            told = distinct_words(frame[column])
            is_known = told.numbered(words, unknown=-1) >= 0
            known = is_known[told.place[told.place >= 0]]
            counts[column] = (len(known), len(known) - int(known.sum()))
        return pd.DataFrame.from_dict(counts, orient="index", columns=["filled", "unseen"])

    def unseen(self, frame: pd.DataFrame) -> pd.Series[float]:
        """Give the share of each text column's filled-in cells that have no code.

        Returns
        -------
        Series of float
            Indexed by column.
        """
        cells = self.unseen_cells(frame)
        return (cells["unseen"] / cells["filled"].clip(lower=1)).astype("float64")

    @property
    def text_positions(self) -> list[int]:
        """The positions of the text columns among the codes."""
        return [self.columns_.index(column) for column in self.vocabulary_]
