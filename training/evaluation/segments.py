"""Which groups the held-out leads fall into, and how the model does in each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from leadscore.training.calibration import share_interval
from leadscore.training.evaluation.metrics import measure_auc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leadscore.training.dataset import Prepared

UNKNOWN, OTHER = "unknown", "other"
SHOWN_VALUES = 12  # of a dimension; more lines are not compared
RARE_SHARE = 0.01  # of the rows; rarer values become `other`
# Days from creation to snapshot: the day itself, the first week, the first month, later.
AGE_LIMITS = (-np.inf, 1.0, 7.0, 30.0, np.inf)
AGES = ("under 1 day", "1-6 days", "7-29 days", "30 days and more")
LARGE_SHARE = 0.10  # of the leads; a group this size changes what sales sees of the model
LARGE_OUTCOMES = 30  # of either kind; fewer leave an AUC surer than +- 0.1 to chance
LEAST_OUTCOMES = 10  # of either kind; fewer make the interval of an AUC as wide as its range


def segments_of(prepared: Prepared, rows: pd.DataFrame) -> pd.DataFrame:
    """Assign each row to a group of every dimension, without looking at outcomes.

    The dimensions are `month` (of creation), `channel` (the text feature of that family whose
    common values have the largest entropy), `company size` (the contract's bands) and `age` (from
    creation to snapshot). One that does not exist, or has a single group, is left out.

    Returns
    -------
    DataFrame
        A str column a dimension, indexed as `rows` (part of `prepared.frame`). Rare values are
        `other`, missing ones `unknown`.
    """
    frame = prepared.frame.loc[rows.index]
    dated = prepared.labels.frame.loc[rows.index, ["created_at", "as_of"]]
    found = {"month": dated["created_at"].dt.strftime("%Y-%m")}
    channel, size = _channel(prepared), _company_size(prepared)
    if channel is not None:
        found["channel"] = _common(frame[channel])
    if size is not None:
        found["company size"] = frame[size]
    found["age"] = _age(dated)
    table = pd.DataFrame(found, index=rows.index).astype("str").fillna(UNKNOWN)
    return table[[name for name in table.columns if len(table[name].unique()) > 1]]


def measure_segments(rows: pd.DataFrame, segments: pd.DataFrame) -> pd.DataFrame:
    """Measure promised and realised conversion and ranking in each group.

    Returns
    -------
    DataFrame
        Columns `dimension`, `segment` (str); `leads`, `snapshots`, `reached` (int64);
        `promised`, `realised` (shares), with the 95 % interval `realised_low`, `realised_high`;
        `auc`, `auc_low`, `auc_high` (missing with fewer than `LEAST_OUTCOMES` of either outcome).
    """
    found = [
        {"dimension": str(dimension), "segment": segment} | _measure_one(rows[of == segment])
        for dimension, of in segments.items()
        for segment in in_order(of)
    ]
    return pd.DataFrame(found, columns=COLUMNS)


def large_segments(rows: pd.DataFrame, segments: pd.DataFrame) -> list[tuple[str, str]]:
    """List dimension and name of each group that is large enough to be judged by itself."""
    leads = rows["lead_id"].nunique()
    return [
        (str(dimension), segment)
        for dimension, of in segments.items()
        for segment in in_order(of)
        if _is_large(rows[of == segment], leads)
    ]


def _is_large(rows: pd.DataFrame, all_leads: int) -> bool:
    is_large = rows["lead_id"].nunique() >= LARGE_SHARE * all_leads
    return bool(is_large and rarer(rows["outcome"]) >= LARGE_OUTCOMES)


def rarer(outcome: pd.Series[float]) -> int:
    """Count the rows of the rarer outcome, which limit how sure any metric is."""
    return int(min(outcome.sum(), (1 - outcome).sum()))


COLUMNS = [
    "dimension", "segment", "leads", "snapshots", "reached", "promised", "realised",
    "realised_low", "realised_high", "auc", "auc_low", "auc_high",
]  # fmt: skip


def in_order(values: pd.Series[str]) -> list[str]:
    """Order a dimension's groups: by the numbers in their names, else by size."""
    counts = values.value_counts()

    def place(value: str) -> tuple[bool, bool, list[int], int]:
        numbers = [int(digits) for digits in re.findall(r"\d+", value.replace(",", ""))]
        return value == UNKNOWN, value == OTHER, numbers if ordered else [], -int(counts[value])

    ordered = all(re.search(r"\d", value) for value in counts.index.drop(UNKNOWN, errors="ignore"))
    return sorted(map(str, counts.index), key=place)


def rank_bands(
    propensity: pd.Series[float],
    bands: Sequence[tuple[float, str]],
    *,
    ties: Literal["average", "first"] = "average",
) -> pd.Series[str]:
    """Name each lead's band of the ranking; `bands` are upper ends (shares of the leads) and names.

    Leads with one propensity share a band, or with `ties="first"` keep their order.
    """
    place = propensity.rank(ascending=False, method=ties, pct=True)
    limits, words = zip(*bands, strict=True)
    return pd.cut(place, [0.0, *limits], labels=words).astype("str")


def _channel(prepared: Prepared) -> str | None:
    """Find the channel feature of the largest entropy; of equals the contract's first."""
    spread = {
        each.name: _entropy(_common(prepared.frame[each.name]))
        for each in prepared.catalogue
        if each.family == "channel" and each.kind == "text"
    }
    return max(spread, key=lambda name: spread[name], default=None)


def _company_size(prepared: Prepared) -> str | None:
    text = (each for each in prepared.catalogue if each.kind == "text")
    return next((each.name for each in text if each.fact == "company_size"), None)


def _common(values: pd.Series[str]) -> pd.Series[str]:
    """Fold values that few rows have into one."""
    counts = values.value_counts()
    kept = counts[counts >= RARE_SHARE * len(values)].index[:SHOWN_VALUES]
    return values.where(values.isin(kept) | values.isna(), OTHER)


def _entropy(values: pd.Series[str]) -> float:
    share = values.value_counts(dropna=False, normalize=True)
    named = share[share.index.notna() & (share.index != OTHER)]
    return float(-(named * np.log(named)).sum())


def _age(dated: pd.DataFrame) -> pd.Series[str]:
    """Put the time from creation to snapshot into bands; missing without a creation date."""
    days = (dated["as_of"] - dated["created_at"]).dt.total_seconds() / 86_400
    return pd.cut(days, AGE_LIMITS, right=False, labels=AGES).astype("object")


def _measure_one(rows: pd.DataFrame) -> dict[str, object]:
    outcome = rows["outcome"]
    low, high = share_interval(outcome, rows["cluster"])
    auc = pd.Series({"value": np.nan, "low": np.nan, "high": np.nan})
    if rarer(outcome) >= LEAST_OUTCOMES:
        auc = measure_auc(outcome, rows["propensity"], rows["cluster"])
    return {
        "leads": rows["lead_id"].nunique(),
        "snapshots": len(rows),
        "reached": int(outcome.sum()),
        "promised": float(rows["propensity"].mean()),
        "realised": float(outcome.mean()),
        "realised_low": low,
        "realised_high": high,
        "auc": auc["value"],
        "auc_low": auc["low"],
        "auc_high": auc["high"],
    }
