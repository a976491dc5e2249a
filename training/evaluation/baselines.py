"""Baselines: the overall rate, recency, a points table, a regression, on the model's own rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

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
POINTS_COLUMNS = 10  # more rules are not written by hand
POINTS_BANDS = 4
POINTS_MIN_LEADS = 50  # a band's conversion is then known to a few points
STRENGTH_OF_PRIOR = 20.0


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
    methods = {
        "overall_rate": overall_rate,
        "recency": recency,
        "points_table": points_by_hand,
        "logistic_regression": logistic_regression,
    }
    if RECENCY not in learn.columns:
        del methods["recency"]
    found = Parallel(n_jobs=-1, prefer="threads")(
        delayed(method)(learn, outcome, test) for method in methods.values()
    )
    return pd.DataFrame(dict(zip(methods, found, strict=True)), index=test.index)


def overall_rate(
    _learn: pd.DataFrame, outcome: pd.Series[float], test: pd.DataFrame
) -> NDArray[np.float64]:
    """Score everybody by the rate of the training leads."""
    return np.full(len(test), (float(outcome.sum()) + 0.5) / (len(outcome) + 1))


def recency(
    learn: pd.DataFrame, outcome: pd.Series[float], test: pd.DataFrame
) -> NDArray[np.float64]:
    """Score by the days since the last activity."""
    return _fitted(_days_since(learn), outcome, _days_since(test))


def points_by_hand(
    learn: pd.DataFrame, outcome: pd.Series[float], test: pd.DataFrame
) -> NDArray[np.float64]:
    """Score by a sum of points such as marketing would write."""
    rules = write_rules(learn, outcome)
    return _fitted(_points(rules, learn), outcome, _points(rules, test))


def logistic_regression(
    learn: pd.DataFrame, outcome: pd.Series[float], test: pd.DataFrame
) -> NDArray[np.float64]:
    """Score by logistic regression over one-hot words and quantile-scaled numbers."""
    return np.asarray(expit(LinearModel().fit(learn, outcome).margin(test)), dtype="float64")


def _fitted(
    learn: NDArray[np.float64], outcome: pd.Series[float], test: NDArray[np.float64]
) -> NDArray[np.float64]:
    return np.asarray(LogisticRegression().fit(learn, outcome).predict_proba(test)[:, 1])


def _days_since(frame: pd.DataFrame) -> NDArray[np.float64]:
    days = frame[RECENCY].to_numpy("float64")
    return np.column_stack([-np.log1p(np.nan_to_num(days, nan=3650.0)), np.isnan(days)])


@dataclass(frozen=True)
class Rule:
    """The points of a feature, by band number or word; -1 or `missing` is the missing value.

    `edges` are the bounds between a number's bands.
    """

    column: str
    edges: tuple[float, ...]
    points: Mapping[object, int]

    def score(self, values: pd.Series[float]) -> pd.Series[int]:
        """Return the points of each lead."""
        return _keys(values, self.edges).map(self.points).fillna(0).astype("int64")


def write_rules(frame: pd.DataFrame, outcome: pd.Series[float]) -> list[Rule]:
    """Write the rules of the ten columns whose points spread leads most.

    A column is cut into quarters or words; a band earns five points for every doubling of the odds
    against the average.
    """
    rules = [_rule(frame[column], outcome) for column in frame.columns]
    spread = {rule.column: rule.score(frame[rule.column]).std(ddof=0) for rule in rules}
    return sorted(rules, key=lambda rule: (-spread[rule.column], rule.column))[:POINTS_COLUMNS]


def _points(rules: list[Rule], frame: pd.DataFrame) -> NDArray[np.float64]:
    total = sum((rule.score(frame[rule.column]) for rule in rules), start=0)
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
    """Return each value's word or the number of its band; `missing` or -1 for none."""
    if pd.api.types.is_numeric_dtype(values):
        numbers = values.to_numpy("float64")
        bands = np.searchsorted(edges, numbers, side="left")
        return pd.Series(np.where(np.isnan(numbers), -1, bands), values.index).astype("int64")
    return values.astype("object").where(values.notna(), "missing")
