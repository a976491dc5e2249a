"""The outcome of each snapshot, and whether it can be known yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from ibis import _

from leadscore.features.core import SECONDS_A_DAY
from leadscore.features.point_in_time import reached_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    import ibis.expr.types as ir
    from numpy.typing import NDArray

    from leadscore.features.contract import Stage
    from leadscore.features.tables import Tables

NIGHTS_POWER = 0.5


@dataclass(frozen=True)
class Labels:
    """Snapshots with their outcomes.

    Parameters
    ----------
    frame
        Sorted by `lead_id`, `as_of`. Columns `lead_id`, `as_of`, `created_at`, `account`;
        `is_sql` (bool: known to be an SQL by then); for each stage `y_<stage>` (float64: 1, 0,
        or missing where it is not yet known or does not apply), `known_<stage>_at` (when the
        label became known; missing where nothing has a date), `days_<stage>` (float64: from the
        snapshot until it was reached) and `seen_<stage>` (float64: 1 or 0, whether it has been
        reached so far, where the label is not yet known); `watched_days` (float64: from the
        snapshot to the end of the data); `weight` (float64: how much the
        snapshot counts, see `night_weights`).
    stages
        The stages in the data, in the order of the funnel.
    """

    frame: pd.DataFrame
    stages: tuple[Stage, ...]


def label_snapshots(tables: Tables, snapshots: ir.Table) -> Labels:
    """Label snapshots (`lead_id`, `as_of`) with the outcomes of `[as_of, as_of + horizon)`.

    A lead counts as won when it became an SQL within the SQL horizon (or was one already) and
    was won within the won horizon, so that the won propensity never exceeds the SQL propensity.
    A label whose horizon ends after the data is unknown, whatever has happened so far.
    """
    if tables.contract.is_flat:
        return _flat_labels(tables, snapshots)
    stages = stages_of(tables)
    joined = _with_leads(tables, snapshots)
    for stage in stages:
        reached = reached_at(tables, stage).rename(
            {f"{stage}_id": "reached_id", f"{stage}_at": "reached_at", f"{stage}_known": "known_at"}
        )
        joined = joined.left_join(reached, joined.lead_id == reached[f"{stage}_id"]).drop(
            f"{stage}_id"
        )
    frame = joined.order_by("lead_id", "as_of").to_pandas()
    labelled = _with_labels(frame, tables, stages)
    labelled["weight"] = night_weights(
        labelled["as_of"] - labelled["created_at"], tables.contract.features.snapshot_ages_days
    )
    return Labels(labelled, stages)


def night_weights(age: pd.Series[pd.Timedelta], ages_days: Sequence[int]) -> NDArray[np.float64]:
    """Weigh snapshots by the nights that each stands for: those until the next age.

    A scorer meets a lead every night, and training at a few ages. Tempered by a power, as the
    snapshots that stand for most nights are the fewest.

    Parameters
    ----------
    age
        Of the lead at each snapshot, up to a day more than one of `ages_days`.
    """
    ages = np.sort(np.asarray(ages_days, dtype="float64"))
    last = 2 * ages[-1] - ages[-2] if len(ages) > 1 else ages[-1] + 1
    nights = np.diff(ages, append=last)
    at = np.searchsorted(ages, _days(age), side="right") - 1
    return np.asarray(nights[np.clip(at, 0, None)] ** NIGHTS_POWER, dtype="float64")


def _days(span: pd.Series[pd.Timedelta]) -> pd.Series[float]:
    return span.dt.total_seconds() / SECONDS_A_DAY


def stages_of(tables: Tables) -> tuple[Stage, ...]:
    """Return the stages that can be learnt: those which the outcomes mention."""
    if tables.contract.is_flat or tables.outcomes is None:
        return (tables.contract.leads.stage,)
    seen = set(tables.outcomes.select("stage").distinct().to_pandas()["stage"])
    funnel: tuple[Stage, ...] = ("sql", "won")
    return tuple(stage for stage in funnel if stage in seen)


def _with_labels(frame: pd.DataFrame, tables: Tables, stages: tuple[Stage, ...]) -> pd.DataFrame:
    data_end = tables.data_end
    labelled = frame[["lead_id", "as_of", "created_at", "account"]].copy()
    labelled["is_sql"] = frame["sql_known"] < frame["as_of"] if "sql" in stages else False
    if "sql" in stages and "won" in stages:
        labelled["is_sql"] &= ~(frame["won_known"] < frame["as_of"])
    labelled["watched_days"] = _days(pd.Timestamp(data_end or "NaT") - frame["as_of"])
    within_sql: pd.Series[bool] | None = None  # or an SQL before
    for stage in stages:
        horizon = timedelta(days=getattr(tables.contract.horizon_days, stage))
        end = frame["as_of"] + horizon
        reached = (frame[f"{stage}_at"] >= frame["as_of"]) & (frame[f"{stage}_at"] < end)
        # Recorded late: it happened before, though nobody knew it yet, so nothing is left to reach.
        applies = ~(frame[f"{stage}_at"] < frame["as_of"])
        if stage == "sql":
            within_sql = reached | ~applies
        elif within_sql is not None:
            reached &= within_sql
        known = applies & (end <= data_end if data_end else False)
        labelled[f"y_{stage}"] = np.where(known, reached.astype("float64"), np.nan)
        labelled[f"known_{stage}_at"] = end
        labelled[f"days_{stage}"] = _days(frame[f"{stage}_at"] - frame["as_of"]).where(reached)
        labelled[f"seen_{stage}"] = reached.astype("float64").where(applies & ~known)
    return labelled


def _flat_labels(tables: Tables, snapshots: ir.Table) -> Labels:
    """Take the target as it is: without outcome dates nobody can say when it was known."""
    stage = tables.contract.leads.stage
    frame = _with_leads(tables, snapshots, "target").order_by("lead_id", "as_of").to_pandas()
    frame["is_sql"] = False
    frame[f"y_{stage}"] = frame.pop("target").astype("float64")
    frame[f"known_{stage}_at"] = pd.NaT
    frame["weight"] = 1.0
    return Labels(frame, (stage,))


def _with_leads(tables: Tables, snapshots: ir.Table, *columns: str) -> ir.Table:
    leads = tables.leads.select("created_at", "account", *columns, own_id=_.lead_id)
    return snapshots.left_join(leads, snapshots.lead_id == leads.own_id).drop("own_id")
