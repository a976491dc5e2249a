"""Which groups the held-out leads fall into, and how the model does in each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import beta

from leadscore.training.evaluation.metrics import measure_auc

if TYPE_CHECKING:
    from leadscore.features.families.catalogue import Feature
    from leadscore.training.dataset.training_data import Prepared

UNKNOWN, OTHER = "unknown", "other"
SHOWN_VALUES = 12  # of a dimension; more lines than that nobody compares
RARE_SHARE = 0.01  # of the rows; below it a value says little by itself
# Days from creation to snapshot: the day itself, the first week, the first month, later.
AGES = (
    (1.0, "under 1 day"),
    (7.0, "1-6 days"),
    (30.0, "7-29 days"),
    (np.inf, "30 days and more"),
)
LARGE_SHARE = 0.10  # of the leads; a group this size changes what sales sees of the model
LARGE_OUTCOMES = 30  # of either kind; fewer leave an AUC surer than +- 0.1 to chance
LEAST_OUTCOMES = 10  # of either kind; fewer make the interval of an AUC as wide as its range


def segments_of(prepared: Prepared, rows: pd.DataFrame) -> pd.DataFrame:
    """Say which group of each dimension each row belongs to.

    The dimensions come from what every project may have: `month` (of creation), `channel` (of
    the text features of the family channel the one that splits the leads best: whose common values
    have the largest entropy, rows without a common value adding nothing), `company size` (the
    band of the contract's company size) and `age` (from creation to snapshot). A dimension that
    does not exist, or puts all rows into one group, is left out. Outcomes are not looked at.

    Parameters
    ----------
    prepared
        Where the rows come from.
    rows
        Rows whose index is part of the index of `prepared.frame`.

    Returns
    -------
    DataFrame
        Index of `rows`; a str column a dimension. Rare values are `other`, missing ones `unknown`.
    """
    frame = prepared.frame.loc[rows.index]
    dated = prepared.labels.frame.loc[rows.index, ["created_at", "as_of"]]
    found = {"month": dated["created_at"].dt.strftime("%Y-%m")}
    channel = _channel(prepared)
    if channel is not None:
        found["channel"] = _common(frame[channel])
    size = _named(prepared, fact="company_size")
    if size is not None:
        found["company size"] = frame[size]
    found["age"] = _age(dated)
    table = pd.DataFrame(found, index=rows.index).astype("str").fillna(UNKNOWN)
    return table[[name for name in table.columns if len(table[name].unique()) > 1]]


def measure_segments(rows: pd.DataFrame, segments: pd.DataFrame) -> pd.DataFrame:
    """Measure promised and realised conversion and ranking in each group.

    Parameters
    ----------
    rows
        Columns `lead_id`, `cluster` (whose luck the row shares), `outcome` (0 or 1), `propensity`.
    segments
        What `segments_of` gives for these rows.

    Returns
    -------
    DataFrame
        Columns `dimension`, `segment` (str); `leads`, `snapshots`, `reached` (int64);
        `promised`, `realised` (shares), with the 95 % interval `realised_low`, `realised_high`;
        `auc`, `auc_low`, `auc_high` (missing with fewer than `LEAST_OUTCOMES` of either outcome);
        `large` (bool: at least `LARGE_SHARE` of the leads and `LARGE_OUTCOMES` of either outcome).

    Notes
    -----
    The interval of the share is that of Clopper and Pearson at the number of independent
    snapshots that cluster-correlated ones are worth (Korn and Graubard, Survey Methodology 1998);
    that of the AUC is the cluster bootstrap of `evaluation.metrics`.
    """
    leads = rows["lead_id"].nunique()
    found = [
        {"dimension": str(dimension), "segment": segment} | _measure_one(rows[of == segment], leads)
        for dimension, of in segments.items()
        for segment in in_order(of)
    ]
    return pd.DataFrame(found, columns=COLUMNS)


def large_segments(rows: pd.DataFrame, segments: pd.DataFrame) -> list[tuple[str, str]]:
    """Return dimension and name of each group that is large enough to be judged by itself.

    Parameters
    ----------
    rows, segments
        As for `measure_segments`.

    Returns
    -------
    list of (str, str)
        Those with at least `LARGE_SHARE` of the leads and `LARGE_OUTCOMES` of either outcome.
    """
    leads = rows["lead_id"].nunique()
    return [
        (str(dimension), segment)
        for dimension, of in segments.items()
        for segment in in_order(of)
        if _is_large(rows[of == segment], leads)
    ]


def _is_large(rows: pd.DataFrame, all_leads: int) -> bool:
    reached = int(rows["outcome"].sum())
    fewer = min(reached, len(rows) - reached)
    return bool(rows["lead_id"].nunique() >= LARGE_SHARE * all_leads and fewer >= LARGE_OUTCOMES)


COLUMNS = [
    "dimension", "segment", "leads", "snapshots", "reached", "promised", "realised",
    "realised_low", "realised_high", "auc", "auc_low", "auc_high", "large",
]  # fmt: skip


def in_order(values: pd.Series[str]) -> list[str]:
    """Put a dimension's groups as people read them: by the numbers they name, else by size."""
    counts = values.value_counts()

    def place(value: str) -> tuple[bool, bool, list[int], int]:
        numbers = [int(digits) for digits in re.findall(r"\d+", value.replace(",", ""))]
        return value == UNKNOWN, value == OTHER, numbers if ordered else [], -int(counts[value])

    ordered = all(re.search(r"\d", value) for value in counts.index.drop(UNKNOWN, errors="ignore"))
    return sorted(map(str, counts.index), key=place)


def _channel(prepared: Prepared) -> str | None:
    """Find the channel feature that splits the leads best; of equals the contract's first."""
    text = [each.name for each in prepared.catalogue if _is_text(each, "channel")]
    if not text:
        return None
    spread = {name: _entropy(_common(prepared.frame[name])) for name in text}
    return max(text, key=lambda name: spread[name])


def _is_text(feature: Feature, family: str) -> bool:
    return feature.family == family and feature.kind == "text"


def _named(prepared: Prepared, *, fact: str) -> str | None:
    return next(
        (each.name for each in prepared.catalogue if each.fact == fact and each.kind == "text"),
        None,
    )


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
    band = pd.Series(None, index=dated.index, dtype="str")
    for limit, words in reversed(AGES):
        band = band.mask(days < limit, words)
    return band


def _measure_one(rows: pd.DataFrame, all_leads: int) -> dict[str, object]:
    outcome = rows["outcome"]
    leads, reached = rows["lead_id"].nunique(), int(outcome.sum())
    fewer = min(reached, len(rows) - reached)
    low, high = share_interval(outcome, rows["cluster"])
    auc = pd.Series({"value": np.nan, "low": np.nan, "high": np.nan})
    if fewer >= LEAST_OUTCOMES:
        auc = measure_auc(outcome, rows["propensity"], rows["cluster"])
    return {
        "leads": leads,
        "snapshots": len(rows),
        "reached": reached,
        "promised": float(rows["propensity"].mean()),
        "realised": float(outcome.mean()),
        "realised_low": low,
        "realised_high": high,
        "auc": auc["value"],
        "auc_low": auc["low"],
        "auc_high": auc["high"],
        "large": _is_large(rows, all_leads),
    }


def share_interval(outcome: pd.Series[float], cluster: pd.Series[str]) -> tuple[float, float]:
    """Give the 95 % interval of a share where rows of one cluster share their luck.

    Parameters
    ----------
    outcome
        0 or 1.
    cluster
        Same length.

    Returns
    -------
    low, high : float
        The interval of Clopper and Pearson at the effective number of rows.
    """
    share, n = float(outcome.mean()), _effective(outcome, cluster)
    low = float(beta.ppf(0.025, share * n, n - share * n + 1)) if share > 0 else 0.0
    high = float(beta.ppf(0.975, share * n + 1, n - share * n)) if share < 1 else 1.0
    return low, high


def _effective(outcome: pd.Series[float], cluster: pd.Series[str]) -> float:
    """How many independent rows tell as much: the variance by rows over that by clusters."""
    share, clusters = float(outcome.mean()), int(cluster.nunique())
    if share in {0.0, 1.0} or clusters == 1:
        return float(clusters)  # no variance to go by: as if each cluster told one thing
    gap = (outcome - share).groupby(cluster).sum()
    variance = float((gap**2).sum()) * clusters / (clusters - 1) / len(outcome) ** 2
    if variance == 0.0:
        return float(clusters)  # every cluster came out alike, by chance
    return float(np.clip(share * (1 - share) / variance, 1.0, len(outcome)))
