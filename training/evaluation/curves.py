"""The tables behind the charts: ranking, calibration, and the spread of propensities."""

from __future__ import annotations

import numpy as np
import pandas as pd

from leadscore.training.calibration import share_interval

BINS = 10
CURVE_POINTS = 150  # a curve on a screen shows no more
SPREAD_BINS = 40
SPREAD_TOP = 0.995  # the few leads beyond would press all others against the left edge


def reliability_table(
    outcome: pd.Series[float],
    propensity: pd.Series[float],
    cluster: pd.Series[str] | None = None,
    *,
    bins: int = BINS,
) -> pd.DataFrame:
    """Compare promised with realised conversion over equal parts of the leads.

    Without `cluster` (the account or lead of each row) every row is its own.

    Returns
    -------
    DataFrame
        A row a part, lowest propensities first: `part` (from 0), `promised`, `realised`, `low`,
        `high` (95 % interval of the realised share), `leads` (rows). Leads with one propensity
        stay in one part, so that parts may be fewer and unequal.
    """
    order = propensity.rank(method="average", pct=True)
    part = np.minimum((order * bins - 1e-9).astype("int64"), bins - 1)
    whose = pd.Series(outcome.index, outcome.index).astype("str") if cluster is None else cluster
    rows = pd.DataFrame({"y": outcome, "p": propensity, "cluster": whose})
    return pd.DataFrame([{"part": of} | _measured(each) for of, each in rows.groupby(part)])


def _measured(rows: pd.DataFrame) -> dict[str, float]:
    low, high = share_interval(rows["y"], rows["cluster"])
    return {
        "promised": float(rows["p"].mean()),
        "realised": float(rows["y"].mean()),
        "low": low,
        "high": high,
        "leads": len(rows),
    }


def decile_table(
    outcome: pd.Series[float], propensity: pd.Series[float], cluster: pd.Series[str] | None = None
) -> pd.DataFrame:
    """Tabulate `reliability_table` best tenth first, with `tenth` (int64) from 1."""
    table = reliability_table(outcome, propensity, cluster).iloc[::-1].reset_index(drop=True)
    return table.assign(tenth=BINS - table["part"])


def gains_table(outcome: pd.Series[float], propensity: pd.Series[float]) -> pd.DataFrame:
    """Compute cumulative gains and lift for each per cent of leads.

    Columns `leads`, `conversions` (shares from 0 to 1), and `lift`: conversion among these over
    conversion among all, missing for no leads at all.
    """
    shared = outcome.groupby(propensity).transform("mean")
    ranked = shared.loc[propensity.sort_values(ascending=False, kind="stable").index]
    held = np.append(0, ranked.cumsum() / ranked.sum())
    shares = np.linspace(0, 1, 101)
    found = np.interp(shares, np.linspace(0, 1, len(held)), held)
    table = pd.DataFrame({"leads": shares, "conversions": found})
    return table.assign(lift=(table["conversions"] / table["leads"]).where(table["leads"] > 0))


def ranking_table(outcome: pd.Series[float], propensity: pd.Series[float]) -> pd.DataFrame:
    """Compute the ROC and precision-recall curves, best leads first, in some `CURVE_POINTS` rows.

    Columns `found` (recall), `false_alarms` (false positive rate), `precision` (missing for no
    leads), and `propensity`, the lowest listed (1 for none).
    """
    counts = pd.DataFrame({"hits": outcome, "misses": 1 - outcome}).groupby(propensity).sum()
    listed = counts.sort_index(ascending=False).cumsum()
    hits = np.append(0.0, listed["hits"])
    misses = np.append(0.0, listed["misses"])
    curve = {
        "found": hits / hits[-1],
        "false_alarms": misses / misses[-1],
        "precision": np.append(np.nan, hits[1:] / (hits + misses)[1:]),
        "propensity": np.append(1.0, listed.index),
    }
    return _thinned(pd.DataFrame(curve))


def _thinned(table: pd.DataFrame) -> pd.DataFrame:
    """Keep rows evenly spaced along the curve, whose two shares together run from 0 to 2."""
    along = (table["found"] + table["false_alarms"]).to_numpy()
    kept = np.searchsorted(along, np.linspace(0, 2, CURVE_POINTS)).clip(max=len(table) - 1)
    return table.iloc[np.unique(np.append(kept, [0, len(table) - 1]))].reset_index(drop=True)


def spread_table(outcome: pd.Series[float], propensity: pd.Series[float]) -> pd.DataFrame:
    """Compute the histogram of propensities by outcome.

    Columns `low`, `high` (ends of a band; the last band holds all above it too), `outcome`,
    `leads` (rows), `share` of the leads with that outcome.
    """
    top = max(float(propensity.quantile(SPREAD_TOP)), 0.01)
    edges = np.linspace(0, top, SPREAD_BINS + 1)
    band = np.minimum(np.searchsorted(edges, propensity, side="right") - 1, SPREAD_BINS - 1)
    counts = pd.DataFrame({"band": band, "outcome": outcome.astype("int64")}).value_counts()
    table = counts.rename("leads").reset_index().sort_values(["outcome", "band"])
    share = table["leads"] / table.groupby("outcome")["leads"].transform("sum")
    table = table.assign(low=edges[table["band"]], high=edges[table["band"] + 1], share=share)
    return table[["low", "high", "outcome", "leads", "share"]].reset_index(drop=True)
