"""Display names of stages, metrics and methods, and how a metric is written."""

from __future__ import annotations

import math
from calendar import month_abbr
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

METRIC_WORDS = {
    "auc": "AUC",
    "average_precision": "average precision",
    "brier": "Brier score",
    "log_loss": "log loss",
    "calibration_error": "calibration error",
    "lift_1": "lift at 1 %",
    "lift_5": "lift at 5 %",
    "lift_10": "lift at 10 %",
    "lift_20": "lift at 20 %",
}
STAGE_WORDS = {"sql": "SQL", "won": "won"}
REACHED = {"sql": "became SQL", "won": "were won"}
NOT_REACHED = {"sql": "did not become SQL", "won": "were not won"}
METHOD_WORDS = {
    "model": "this model",
    "champion": "the champion",
    "model_there": "this model, on leads new to both",
    "overall_rate": "the overall rate",
    "recency": "latest activity first",
    "points_table": "a points table made by hand",
    "points_rules": "this model as points",
    "logistic_regression": "logistic regression",
}


def method_words(name: str) -> str:
    """Name a way of scoring leads."""
    return METHOD_WORDS.get(name, name.replace("_", " "))


def month_words(month: str) -> str:
    """Write a month as text; anything else is returned unchanged.

    Examples
    --------
    >>> month_words("2026-05"), month_words("unknown")
    ('May 2026', 'unknown')
    """
    year, _, number = month.partition("-")
    return f"{month_abbr[int(number)]} {year}" if number.isdigit() else month


def with_month_words(table: pd.DataFrame) -> pd.DataFrame:
    """Copy a table of groups (columns `dimension`, `segment`) with months written as text."""
    copy = table.copy()
    is_month = copy["dimension"] == "month"
    copy.loc[is_month, "segment"] = copy.loc[is_month, "segment"].map(month_words)
    return copy


def figure(value: float, metric: str) -> str:
    """Write a metric: lift with two decimals, all others with three."""
    if math.isnan(value):
        return "–"
    return f"{value:.{2 if metric.startswith('lift') else 3}f}"


def span(row: pd.Series[float], metric: str) -> str:
    """Write the 95 % interval of a metric, `0.712–0.744`; empty where it is not known."""
    if math.isnan(row["low"]):
        return ""
    return f"{figure(row['low'], metric)}–{figure(row['high'], metric)}"


def with_interval(row: pd.Series[float], metric: str) -> str:
    """Write a metric with its 95 % interval, `0.728 (0.712–0.744)`."""
    ends = span(row, metric)
    return figure(row["value"], metric) + (f" ({ends})" if ends else "")
