"""Leads whose horizon has not passed: what they have done, and what share of it to expect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from leadscore.training.calibration.level_tracking import YoungLeads

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from leadscore.training.dataset import Labels

MIN_WAITS = (
    30  # conversions of an age class; with fewer those of all classes say how long one waits
)
LEAST_SHARE = 0.02  # rows of which less can have converted say nothing


@dataclass(frozen=True)
class YoungRows:
    """Feature rows of young leads, in the order of time.

    Parameters
    ----------
    frame
        Their features.
    seen, weight, lead
        Whether they have converted so far, how much each counts, and whose it is.
    share
        Of the leads that will convert within the horizon, the share that has done so after as many
        days; from the days that matured leads of like age took.
    """

    frame: pd.DataFrame
    seen: NDArray[np.float64]
    weight: NDArray[np.float64]
    lead: NDArray[np.int64]
    share: NDArray[np.float64]

    def predicted(self, margin: NDArray[np.float64]) -> YoungLeads:
        """Return them with a model's log-odds."""
        return YoungLeads(margin, self.seen, self.weight, self.lead, self.share)


def young_rows(frame: pd.DataFrame, labels: Labels, stage: str) -> YoungRows | None:
    """Select the leads that a stage's own model can follow; None where none can be.

    They are those of which no snapshot has a label yet; winning is followed among those that were
    SQLs by their snapshot.
    """
    rows = labels.frame
    if f"seen_{stage}" not in rows:
        return None
    is_sql = rows["is_sql"]
    is_young = rows[f"seen_{stage}"].notna() & (is_sql if stage != labels.stages[0] else ~is_sql)
    share = _share_by_now(rows, stage)
    is_known = rows[f"y_{stage}"].notna().groupby(rows["lead_id"]).transform("any")
    is_young &= ~is_known & (share >= LEAST_SHARE)
    young = rows[is_young].sort_values(["created_at", "as_of", "lead_id"], kind="stable")
    if young.empty:
        return None
    return YoungRows(
        frame.loc[young.index],
        young[f"seen_{stage}"].to_numpy("float64"),
        young["weight"].to_numpy("float64"),
        pd.factorize(young["lead_id"])[0].astype("int64"),
        np.asarray(share[young.index], dtype="float64"),
    )


def _share_by_now(rows: pd.DataFrame, stage: str) -> pd.Series[float]:
    """Return for each row the share of matured conversions that took no longer than it has had."""
    waits = rows[f"days_{stage}"].where(rows[f"y_{stage}"] == 1)
    share = pd.Series(0.0, index=rows.index)
    for _, own in rows.groupby("weight"):  # snapshots of one age class weigh the same
        of_class = waits[own.index].dropna()
        days = np.sort(of_class if len(of_class) >= MIN_WAITS else waits.dropna())
        if len(days):
            share[own.index] = np.searchsorted(days, own["watched_days"], side="right") / len(days)
    return share
