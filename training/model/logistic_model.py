"""A logistic regression over scaled numbers and words: the simplest model that ranks well."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, QuantileTransformer
from sklearn.utils.validation import check_is_fitted

from leadscore.training.fast_scoring.dispatch import compiled_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MIN_ROWS_OF_WORD = 20  # a rarer word has no coefficient of its own
MIN_FILLED_SHARE = 0.002  # the scaler looks at 10,000 rows and is sure to meet so many
LARGEST = 1e300  # stands for infinity, which scikit-learn refuses; both lie beyond every quantile
MISSING_WORD = "(missing)"
STRENGTH = 0.3  # inverse ridge penalty where nobody has tuned it


class LinearModel(BaseEstimator):  # type: ignore[misc]
    """Logistic regression with a ridge penalty; numbers as their quantiles, words one by one.

    Parameters
    ----------
    strength
        Inverse of the penalty, scikit-learn's `C`.

    Attributes
    ----------
    columns_ : list of str
        The features that have coefficients.
    """

    def __init__(self, *, strength: float = STRENGTH) -> None:
        self.strength = strength

    def fit(
        self,
        frame: pd.DataFrame,
        outcome: NDArray[np.float64] | pd.Series[float],
        weight: NDArray[np.float64] | None = None,
    ) -> LinearModel:
        """Learn the coefficients.

        Parameters
        ----------
        frame
            Features, numbers as float64 and text as str.
        outcome
            0 or 1.
        weight
            How much each row counts; 1 on average.

        Returns
        -------
        LinearModel
        """
        design = LinearDesign().fit(frame)
        return self.fit_design(design, design.transform(frame), outcome, weight)

    def fit_design(
        self,
        design: LinearDesign,
        matrix: NDArray[np.float64],
        outcome: NDArray[np.float64] | pd.Series[float],
        weight: NDArray[np.float64] | None = None,
    ) -> LinearModel:
        """Learn from rows that a design has already laid out, so that several fits share it."""
        self.design_ = design
        self.columns_ = design.columns_
        line = LogisticRegression(C=self.strength, max_iter=1000)
        line.fit(matrix, outcome, sample_weight=weight)
        self.coefficients_ = np.asarray(line.coef_[0], dtype="float64")
        self.level_ = float(line.intercept_[0])
        self.typical_ = np.asarray(matrix.mean(axis=0), dtype="float64").ravel()
        return self

    def margin(self, frame: pd.DataFrame, *, threads: int = 1) -> NDArray[np.float64]:
        """Return the log-odds, float64 of shape (n,); the same on any number of threads."""
        check_is_fitted(self)
        line = compiled_line(self, frame)
        if line is not None:
            return line.margin(frame, threads=threads)
        return self.margin_of(self.design_.transform(frame))

    def margin_of(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the log-odds of rows that the design has laid out.

        Row by row and never by a product of matrices, whose last bits hang on how many rows there
        are: a lead has the same propensity alone as among all.
        """
        if sparse.issparse(matrix):
            parts = matrix @ self.coefficients_
        else:
            parts = (np.ascontiguousarray(matrix) * self.coefficients_).sum(axis=1)
        return np.asarray(parts + self.level_, dtype="float64").ravel()

    def contributions(self, frame: pd.DataFrame, *, threads: int = 1) -> tuple[pd.DataFrame, float]:
        """Split each margin into what every feature contributes against the average lead.

        Returns
        -------
        contributions : DataFrame
            Log-odds, float64, a column a feature.
        base : float
            The average lead's margin; base plus a row's contributions is its margin.
        """
        check_is_fitted(self)
        base = float(self.typical_ @ self.coefficients_ + self.level_)
        line = compiled_line(self, frame)
        if line is not None:
            shares = line.contributions(frame, threads=threads)
        else:
            matrix = self.design_.transform(frame)
            dense = np.asarray(sparse.csr_array(matrix).toarray())
            parts = (dense - self.typical_) * self.coefficients_
            shares = np.zeros((len(frame), len(self.columns_)))
            np.add.at(shares.T, self.design_.owner_, parts.T)
        return pd.DataFrame(shares, index=frame.index, columns=self.columns_), base


class LinearDesign(BaseEstimator):  # type: ignore[misc]
    """The columns a regression sees: quantiles of numbers, what is missing, a column a word.

    Attributes
    ----------
    columns_ : list of str
        The features that are used; numbers that are almost always missing are not.
    owner_ : ndarray of int
        For each column of the matrix the position of its feature in `columns_`.
    """

    def fit(self, frame: pd.DataFrame, _y: object = None) -> LinearDesign:
        """Learn quantiles and words."""
        least = max(MIN_ROWS_OF_WORD, MIN_FILLED_SHARE * len(frame))
        numbers = [str(c) for c in frame.columns if pd.api.types.is_numeric_dtype(frame[c])]
        words = [str(c) for c in frame.columns if str(c) not in numbers]
        numbers = [column for column in numbers if frame[column].notna().sum() >= least]
        scale = make_pipeline(
            QuantileTransformer(
                n_quantiles=min(200, len(frame)), output_distribution="uniform", random_state=0
            ),
            SimpleImputer(strategy="median", add_indicator=True),
        )
        code = OneHotEncoder(min_frequency=MIN_ROWS_OF_WORD, handle_unknown="infrequent_if_exist")
        self.columns_ = [*numbers, *words]
        self.numbers_, self.words_ = numbers, words
        self.layout_ = ColumnTransformer([("numbers", scale, numbers), ("words", code, words)])
        self.layout_.fit(_objects(frame, numbers, words))
        self.owner_ = self._owners(numbers, words)
        return self

    def _owners(self, numbers: Sequence[str], words: Sequence[str]) -> NDArray[np.int64]:
        owners = list(range(len(numbers)))
        fitted = self.layout_.named_transformers_
        if numbers:
            owners += fitted["numbers"][-1].indicator_.features_.tolist()
        if words:
            code = fitted["words"]
            for place, (kinds, rare) in enumerate(
                zip(code.categories_, code.infrequent_categories_, strict=True), len(numbers)
            ):
                shown = len(kinds) if rare is None else len(kinds) - len(rare) + 1
                owners += [place] * shown
        return np.asarray(owners, dtype="int64")

    def transform(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """Lay out rows, a matrix of shape (n, len(owner_)); sparse where most of it is zero."""
        check_is_fitted(self)
        return self.layout_.transform(_objects(frame, self.numbers_, self.words_))  # type: ignore[no-any-return]


def _objects(frame: pd.DataFrame, numbers: Sequence[str], words: Sequence[str]) -> pd.DataFrame:
    """Text as plain objects with a word for missing, numbers finite, as scikit-learn reads them."""
    filled = frame[words].astype("object").where(frame[words].notna(), MISSING_WORD)
    within = np.clip(frame[numbers].to_numpy("float64"), -LARGEST, LARGEST)
    finite = pd.DataFrame(within, index=frame.index, columns=list(numbers))
    return pd.concat([finite, filled], axis=1)
