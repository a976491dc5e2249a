"""The columns a logistic regression sees: quantiles of numbers, what is missing, words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.preprocessing import QuantileTransformer
from sklearn.utils.validation import check_is_fitted

from leadscore.training.encoding.feature_columns import FeatureColumns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from leadscore.training.encoding.feature_columns import Features

    Floats = NDArray[np.float64]

MIN_ROWS_OF_WORD = 20  # a rarer word has no coefficient of its own
MIN_FILLED_SHARE = 0.002  # quantiles are taken of 10,000 rows, which are sure to hold so many
QUANTILES = 200
LARGEST = 1e300  # stands for infinity, between which and a number no quantile can be taken
MISSING_WORD = "(missing)"
SPARSE_BELOW = 0.3  # of the cells numbers and words fill; more are faster laid out whole


class LinearDesign(BaseEstimator):  # type: ignore[misc]
    """Lay out features for a regression.

    A number becomes its quantile in training, from 0 to 1, or the median of these where it is
    missing; where training had missing values, a second column says which they are. A text becomes
    a column for each word of at least `MIN_ROWS_OF_WORD` training rows, and one for all other
    words if training had any. A missing text is a word of its own.

    Attributes
    ----------
    columns_ : list of str
        The features that are used, numbers first; numbers that are almost always missing are not.
    owner_ : ndarray of int
        For each column of the matrix the position of its feature in `columns_`.
    quantiles_ : dict of str to ndarray of shape (2, k)
        Values of each number, and their quantiles; between them the quantile rises evenly.
    missing_ : dict of str to float
        The quantile of a missing number.
    flagged_ : list of str
        The numbers with a column that says whether they are missing.
    words_ : dict of str to list of str
        The words of each text column that have a column.
    others_ : list of str
        The text columns with a column for all other words.
    """

    def fit(self, frame: pd.DataFrame, _y: object = None) -> LinearDesign:
        """Learn quantiles and words."""
        is_number = [pd.api.types.is_numeric_dtype(kind) for kind in frame.dtypes]
        numbers = frame.loc[:, is_number]
        least = max(MIN_ROWS_OF_WORD, MIN_FILLED_SHARE * len(frame))
        self._fit_numbers(numbers.loc[:, numbers.notna().sum() >= least])
        self._fit_words(frame.drop(columns=numbers.columns))
        self.columns_ = [*self.quantiles_, *self.words_]
        self.owner_ = np.repeat(np.arange(len(self.columns_)), [*map(self._width, self.columns_)])
        return self

    def _fit_numbers(self, frame: pd.DataFrame) -> None:
        self.quantiles_: dict[str, Floats] = {}
        self.missing_: dict[str, float] = {}
        self.flagged_ = [str(column) for column in frame if frame[column].isna().any()]
        if frame.columns.empty:
            return
        values = np.clip(frame.to_numpy("float64"), -LARGEST, LARGEST)
        fitted = QuantileTransformer(n_quantiles=min(QUANTILES, len(frame)), random_state=0)
        fitted.fit(values)
        for place, column in enumerate(frame):
            name = str(column)
            self.quantiles_[name] = _steps(fitted.quantiles_[:, place], fitted.references_)
            known = values[~np.isnan(values[:, place]), place]
            self.missing_[name] = float(np.median(np.interp(known, *self.quantiles_[name])))

    def _fit_words(self, frame: pd.DataFrame) -> None:
        self.words_: dict[str, list[str]] = {}
        self.others_: list[str] = []
        for column in frame:
            text = frame[column].astype("object").where(frame[column].notna(), MISSING_WORD)
            counts = text.value_counts()
            self.words_[str(column)] = sorted(counts.index[counts >= MIN_ROWS_OF_WORD])
            if (counts < MIN_ROWS_OF_WORD).any():
                self.others_.append(str(column))

    def _width(self, column: str) -> int:
        if column in self.words_:
            return len(self.words_[column]) + (column in self.others_)
        return 1 + (column in self.flagged_)

    def transform(self, features: Features) -> Floats | sparse.csr_array:
        """Return a matrix of shape (n, len(owner_)); sparse where most of it is zero."""
        check_is_fitted(self)
        columns = FeatureColumns.of(features)
        blocks = [self._block(column, columns) for column in self.columns_]
        matrix: sparse.csr_array = sparse.hstack(blocks, format="csr")
        numbers = sum(map(self._width, self.quantiles_)) * len(columns)
        filled = numbers + len(self.words_) * len(columns)
        is_sparse = filled < SPARSE_BELOW * matrix.shape[0] * matrix.shape[1]
        return matrix if is_sparse else np.asarray(matrix.toarray(), dtype="float64")

    def _block(self, column: str, columns: FeatureColumns) -> sparse.csr_array:
        """Lay out one feature."""
        shape = (len(columns), self._width(column))
        if column in self.words_:
            codes = self._codes(column, columns)
            rows = np.flatnonzero(codes >= 0)
            return sparse.csr_array((np.ones(len(rows)), (rows, codes[rows])), shape=shape)
        quantile, is_missing = self._quantile(column, columns)
        both = np.column_stack([quantile, is_missing.astype("float64")])
        return sparse.csr_array(both[:, : shape[1]])

    def parts(self, features: Features, coefficients: Floats) -> Iterator[Floats]:
        """Yield what each of `columns_` adds to a row's log-odds, float64 of shape (n,).

        This is `transform` times `coefficients` without the matrix, so that memory and time do not
        grow with the number of words. A row has the same figures alone as among others.
        """
        check_is_fitted(self)
        columns = FeatureColumns.of(features)
        starts = np.flatnonzero(np.diff(self.owner_)) + 1
        for column, own in zip(self.columns_, np.split(coefficients, starts), strict=True):
            if column in self.words_:
                yield np.append(own, 0.0)[self._codes(column, columns)]
            else:
                quantile, is_missing = self._quantile(column, columns)
                yield own[0] * quantile + (own[1] * is_missing if len(own) > 1 else 0.0)

    def _quantile(self, column: str, columns: FeatureColumns) -> tuple[Floats, NDArray[np.bool_]]:
        """Return a number's quantiles, and where it is missing."""
        values = columns.numbers(column)
        is_missing = np.isnan(values)
        quantile = np.interp(values, *self.quantiles_[column])
        quantile[is_missing] = self.missing_[column]
        return quantile, is_missing

    def _codes(self, column: str, columns: FeatureColumns) -> NDArray[np.int64]:
        """Return the place of each row's word among the text's columns; -1 where it has none."""
        kept, words = self.words_[column], columns.words(column)
        other = len(kept) if column in self.others_ else -1
        missing = kept.index(MISSING_WORD) if MISSING_WORD in kept else other
        return words.to_rows(words.codes(kept, unknown=other), missing=missing)


def _steps(quantiles: Floats, levels: Floats) -> Floats:
    """Join quantiles by straight lines: values in order, and their levels, of shape (2, k).

    A value that makes up several quantiles has their middle; beside it the level jumps, from one
    float to the next, as in scikit-learn's `QuantileTransformer`.
    """
    values, first, count = np.unique(quantiles, return_index=True, return_counts=True)
    before, after = levels[first], levels[first + count - 1]
    middle = (before + after) / 2
    middle[-1], middle[0] = 1.0, 0.0  # in this order: a number that never varies is 0
    below, above = np.nextafter(values, -np.inf), np.nextafter(values, np.inf)
    jumps_to = (before < middle) & (below > np.append(-np.inf, values[:-1]))
    jumps_from = (middle < after) & (above < np.append(values[1:], np.inf))
    kept = np.column_stack([jumps_to, np.ones(len(values), dtype="bool"), jumps_from])
    knots = np.column_stack([below, values, above])
    return np.array([knots[kept], np.column_stack([before, middle, after])[kept]])
