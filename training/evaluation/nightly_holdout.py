"""Propensities and outcomes of held-out leads, scored night by night as in production.

A lead is handed over on the first night that its propensity is high enough. At a few ages only, it
seems to pass the cut-off by far; night after night, it passes it narrowly, and more leads do. A
propensity rises when something becomes known of a lead, so the nights after such days are added to
the usual ages; on the others it fades.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import ibis
import pandas as pd
from ibis import _

from leadscore.features.families import feature_frame
from leadscore.features.point_in_time import still_open, training_snapshots
from leadscore.training.dataset import label_snapshots
from leadscore.training.evaluation.evaluate import evidence_of, paired

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import ibis.expr.types as ir

    from leadscore.features.tables import Tables
    from leadscore.training.dataset import Prepared

    Predict = Callable[[pd.DataFrame], pd.DataFrame]

MOST_SNAPSHOTS = 100_000  # half a minute of features; thousands of leads, as each has some twenty


def nightly_evidence(
    tables: Tables, prepared: Prepared, predict: Predict, *, most: int = MOST_SNAPSHOTS
) -> pd.DataFrame:
    """Score held-out leads on every night after something became known of them.

    Parameters
    ----------
    most
        About how many snapshots to look at; beyond it, leads are sampled by a hash of their ids.

    Returns
    -------
    DataFrame
        The columns of `paired`. Leads without dates, or without an outcomes table, have one
        snapshot each.
    """
    if not prepared.split.by_time or tables.outcomes is None:
        return evidence_of(prepared, predict(prepared.frame))
    tables = tables.without(prepared.excluded)
    snapshots = _sampled(_nights(tables, prepared), most)
    frame, _built = feature_frame(tables, snapshots, kinds=prepared.kinds)
    labels = label_snapshots(tables, snapshots).frame
    return paired(labels, predict(frame), prepared.labels.stages)


def _nights(tables: Tables, prepared: Prepared) -> ir.Table:
    """List the nights of the held-out leads: the usual ages, and after each day with new facts."""
    test = prepared.labels.frame.loc[prepared.split.side == "test", "lead_id"].drop_duplicates()
    chosen = ibis.memtable(pd.DataFrame({"lead_id": test.to_numpy(dtype=object)}))
    ages = tables.contract.features.snapshot_ages_days
    usual = training_snapshots(tables, ages_days=ages).semi_join(chosen, "lead_id")
    known = [_nights_after(rows) for rows in (tables.events, tables.outcomes) if rows is not None]
    active = ibis.union(*known) if len(known) > 1 else known[0]
    leads = tables.leads.select(own_id=_.lead_id, created_at=_.created_at)
    dated = active.semi_join(chosen, "lead_id").join(leads, _.lead_id == leads.own_id)
    after = dated.filter(dated.as_of > dated.created_at).select("lead_id", "as_of")
    return ibis.union(usual, still_open(tables, after), distinct=True).filter(
        _.as_of <= ibis.literal(_last_night(tables, prepared)).cast("timestamp")
    )


def _nights_after(rows: ir.Table) -> ir.Table:
    """Find the first midnight after each row came to be known."""
    known_at = ibis.greatest(rows.occurred_at, rows.recorded_at)
    return rows.select("lead_id", as_of=known_at.truncate("D") + ibis.interval(days=1)).distinct()


def _last_night(tables: Tables, prepared: Prepared) -> datetime:
    """Return the last night of which any stage's outcome is known."""
    horizons = tables.contract.horizon_days
    shortest = min(getattr(horizons, stage) for stage in prepared.labels.stages)
    if tables.data_end is None:
        raise ValueError("nights need dates")
    return tables.data_end - timedelta(days=shortest)


def _sampled(nights: ir.Table, most: int) -> ir.Table:
    """Keep all nights of as many leads as there is room for."""
    total = int(nights.count().to_pyarrow().as_py())
    if total <= most:
        return nights
    digest = nights.lead_id.hexdigest("md5").left(4)  # the same on every machine
    return nights.filter(digest < f"{round(0x10000 * most / total):04x}")
