"""A logistic regression over scaled numbers and words: the simplest model that ranks well."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.utils.validation import check_is_fitted

from leadscore.training.encoding import FeatureColumns, LinearDesign

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy import sparse

    from leadscore.training.encoding import Features

STRENGTH = 0.3  # inverse ridge penalty where it is not tuned


class LinearModel(BaseEstimator):  # type: ignore[misc]
    """Logistic regression with a ridge penalty; numbers as their quantiles, words one by one.

    `strength` is the inverse of the penalty, scikit-learn's `C`; `columns_` are the features that
    have coefficients.
    """

    def __init__(self, *, strength: float = STRENGTH) -> None:
        self.strength = strength

    def fit(
        self,
        frame: pd.DataFrame,
        outcome: NDArray[np.float64] | pd.Series[float],
        weight: NDArray[np.float64] | None = None,
    ) -> LinearModel:
        """Learn the coefficients from outcomes of 0 or 1 and row weights of 1 on average."""
        design = LinearDesign().fit(frame)
        return self.fit_design(design, design.transform(frame), outcome, weight)

    def fit_design(
        self,
        design: LinearDesign,
        matrix: NDArray[np.float64] | sparse.csr_array,
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

    def margin(self, features: Features) -> NDArray[np.float64]:
        """Return the log-odds, float64 of shape (n,)."""
        check_is_fitted(self)
        columns = FeatureColumns.of(features)
        margin = np.full(len(columns), self.level_)
        for part in self.design_.parts(columns, self.coefficients_):
            margin += part
        return margin

    def contributions(self, features: Features) -> tuple[pd.DataFrame, float]:
        """Split each margin into what every feature contributes against the average lead.

        Returns the contributions (log-odds, a column a feature) and the average lead's margin; both
        add up to a row's margin.
        """
        check_is_fitted(self)
        typical = self.typical_ * self.coefficients_
        of_feature = np.bincount(self.design_.owner_, typical, len(self.columns_))
        columns = FeatureColumns.of(features)
        parts = self.design_.parts(columns, self.coefficients_)
        found = {
            column: part - average
            for column, part, average in zip(self.columns_, parts, of_feature, strict=True)
        }
        return pd.DataFrame(found, index=columns.index), float(typical.sum() + self.level_)
