"""Baselines: the overall rate, recency, a points table, a regression, on the model's own rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from leadscore.training.model import LinearModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

RECENCY = "activity_days_since_latest"
POINTS_COLUMNS = 10  # a dozen rules is what a marketer keeps in mind
POINTS_BANDS = 4
POINTS_MIN_LEADS = 50  # a band's conversion is then known to a few points
STRENGTH_OF_PRIOR = 20.0


class Baseline(Protocol):
    """Learns from a feature frame; gives propensities."""

    def fit(self, frame: pd.DataFrame, outcome: pd.Series[float]) -> Baseline:
        """Learn from the training leads."""

    def propensity(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """Return propensities, float64 of shape (n,)."""


def baseline_propensities(
    learn: pd.DataFrame, outcome: pd.Series[float], test: pd.DataFrame
) -> pd.DataFrame:
    """Fit every baseline and predict the test leads.

    Returns
    -------
    DataFrame
        Columns `overall_rate`, `recency` (where there are events), `points_table`,
        `logistic_regression`; indexed as `test`.
    """
    candidates = baselines_for(learn)
    found = Parallel(n_jobs=-1, prefer="threads")(
        delayed(_propensity)(baseline, learn, outcome, test) for baseline in candidates.values()
    )
    return pd.DataFrame(dict(zip(candidates, found, strict=True)), index=test.index)


def baselines_for(frame: pd.DataFrame) -> Mapping[str, Baseline]:
    """List the baselines that these features allow, simplest first."""
    found: dict[str, Baseline] = {"overall_rate": OverallRate()}
    if RECENCY in frame.columns:
        found["recency"] = Recency()
    return found | {"points_table": PointsByHand(), "logistic_regression": Regression()}


def _propensity(
    baseline: Baseline, learn: pd.DataFrame, outcome: pd.Series[float], test: pd.DataFrame
) -> NDArray[np.float64]:
    return baseline.fit(learn, outcome).propensity(test)


class OverallRate:
    """Everybody gets the rate of the training leads."""

    def fit(self, _frame: pd.DataFrame, outcome: pd.Series[float]) -> OverallRate:
        """Learn the share that converted."""
        self.rate_ = (float(outcome.sum()) + 0.5) / (len(outcome) + 1)
        return self

    def propensity(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """Return the one rate."""
        return np.full(len(frame), self.rate_)


class Recency:
    """The days since the last activity."""

    def fit(self, frame: pd.DataFrame, outcome: pd.Series[float]) -> Recency:
        """Learn how conversion falls with the days since the last activity."""
        self.line_ = LogisticRegression().fit(self._columns(frame), outcome)
        return self

    def propensity(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """Return propensities by the days since the last activity."""
        return np.asarray(self.line_.predict_proba(self._columns(frame))[:, 1])

    def _columns(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        days = frame[RECENCY].to_numpy("float64")
        return np.column_stack([-np.log1p(np.nan_to_num(days, nan=3650.0)), np.isnan(days)])


@dataclass(frozen=True)
class Rule:
    """The points of a feature.

    Parameters
    ----------
    edges
        For a number: the bounds between bands. Empty for text.
    points
        By band number or word; -1 or `missing` is the missing value.
    """

    column: str
    edges: tuple[float, ...]
    points: Mapping[object, int]

    def score(self, values: pd.Series[float]) -> pd.Series[int]:
        """Return the points of each lead."""
        return _keys(values, self.edges).map(self.points).fillna(0).astype("int64")


class PointsByHand:
    """Points such as marketing would write: ten columns, points by how each band converts.

    The columns that spread leads most are cut into quarters or words; a band earns five points
    for every doubling of the odds against the average.
    """

    def fit(self, frame: pd.DataFrame, outcome: pd.Series[float]) -> PointsByHand:
        """Write the rules and learn what a sum of points converts at."""
        rules = [_rule(frame[column], outcome) for column in frame.columns]
        spread = {rule.column: rule.score(frame[rule.column]).std(ddof=0) for rule in rules}
        rules.sort(key=lambda rule: (-spread[rule.column], rule.column))
        self.rules_ = rules[:POINTS_COLUMNS]
        self.line_ = LogisticRegression().fit(self._sum(frame), outcome)
        return self

    def propensity(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """Return propensities by the sum of points."""
        return np.asarray(self.line_.predict_proba(self._sum(frame))[:, 1])

    def _sum(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        total = sum((rule.score(frame[rule.column]) for rule in self.rules_), start=0)
        return np.asarray(total, dtype="float64").reshape(-1, 1) / 10.0


def _rule(values: pd.Series[float], outcome: pd.Series[float]) -> Rule:
    edges: tuple[float, ...] = ()
    if pd.api.types.is_numeric_dtype(values):
        shares = np.linspace(0, 1, POINTS_BANDS + 1)[1:-1]
        edges = tuple(sorted(set(values.quantile(shares).dropna())))
    keys = _keys(values, edges)
    counts = outcome.groupby(keys).agg(["sum", "size"])
    counts = counts[counts["size"] >= POINTS_MIN_LEADS]
    overall = float(outcome.mean())
    rate = (counts["sum"] + STRENGTH_OF_PRIOR * overall) / (counts["size"] + STRENGTH_OF_PRIOR)
    odds = np.log2(rate / (1 - rate)) - np.log2(overall / (1 - overall))
    points = {key: round(5 * value) for key, value in odds.items()}
    return Rule(str(values.name), edges, points)


def _keys(values: pd.Series[float], edges: tuple[float, ...]) -> pd.Series[str] | pd.Series[int]:
    """Give the word of each value, or the number of its band; `missing` or -1 for none."""
    if pd.api.types.is_numeric_dtype(values):
        numbers = values.to_numpy("float64")
        bands = np.searchsorted(edges, numbers, side="left")
        return pd.Series(np.where(np.isnan(numbers), -1, bands), values.index).astype("int64")
    return values.astype("object").where(values.notna(), "missing")


class Regression:
    """Logistic regression over one-hot words and quantile-scaled numbers."""

    def fit(self, frame: pd.DataFrame, outcome: pd.Series[float]) -> Regression:
        """Learn the coefficients."""
        self.line_ = LinearModel().fit(frame, outcome)
        return self

    def propensity(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """Return propensities."""
        return np.asarray(expit(self.line_.margin(frame)), dtype="float64")
