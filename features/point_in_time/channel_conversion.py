"""How well each channel has done so far: its matured leads, and those of them that converted."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import ibis
from ibis import _

from leadscore.features.contract import Stage
from leadscore.features.point_in_time.stage_reached import reached_at

if TYPE_CHECKING:
    from datetime import datetime

    import ibis.expr.types as ir

    from leadscore.features.tables import Tables

PRIOR_LEADS = 20  # a few dozen matured leads outweigh the overall rate
DAILY = ("own_level", "stage", "matured_day")  # by what matured leads are counted
STAGES: tuple[Stage, ...] = get_args(Stage)


def past_rates(tables: Tables, snapshots: ir.Table, level: str) -> ir.Table:
    """Estimate which share of a channel's matured leads converted, shrunk to the overall share.

    A lead matures once its horizon has passed. The estimate is the posterior mean of a
    beta-binomial with a prior of `PRIOR_LEADS` leads at the overall rate.

    Parameters
    ----------
    snapshots
        Columns `lead_id`, `as_of`: whose channels are rated, and when.
    level
        The attribute, such as `source`.

    Returns
    -------
    ir.Table
        Columns `rated_at` (timestamp), `rated` (the channel) and `<level>_past_rate` (float64,
        null before any lead has matured); a row a moment and channel of the snapshots.
    """
    leads = tables.leads.select(own_id=_.lead_id, own_level=_[level])
    met = snapshots.inner_join(leads, snapshots.lead_id == leads.own_id)
    pairs = met.filter(_.own_level.notnull()).select("as_of", "own_level").distinct()
    pairs = pairs.mutate(stage=_stage_in_force(tables, pairs.as_of))
    totals = tables.totals
    matured = ibis.memtable(totals.matured[level]) if totals else matured_by_day(tables, level)
    own = _tally(pairs, matured, "own_level", "stage")
    overall = _tally(pairs.select("as_of", "stage").distinct(), matured, "stage")
    share = overall.select("as_of", share=overall.reached / overall.n.nullif(0).cast("float64"))
    rates = own.inner_join(share, "as_of")
    rate = (rates.reached + PRIOR_LEADS * rates.share) / (rates.n + PRIOR_LEADS)
    return rates.select(rated_at="as_of", rated="own_level", **{f"{level}_past_rate": rate})


def _stage_in_force(tables: Tables, as_of: ir.TimestampValue) -> ir.StringValue:
    """Name the stage a lead reaches first: SQL, once the outcomes have named it."""
    if tables.contract.is_flat or tables.outcomes is None:
        return ibis.literal(tables.contract.leads.stage)
    since = tables.totals.sql_since if tables.totals else _sql_since(tables.outcomes)
    if since is None:
        return ibis.literal("won")
    return ibis.ifelse(as_of > ibis.literal(since), "sql", "won")


def _sql_since(outcomes: ir.Table) -> datetime | None:
    """Find when the outcomes first named an SQL; None where they never did."""
    known_at = ibis.greatest(outcomes.occurred_at, outcomes.recorded_at)
    found: datetime | None = known_at.min(where=outcomes.stage == "sql").to_pyarrow().as_py()
    return found


def matured_by_day(tables: Tables, level: str) -> ir.Table:
    """Count for each channel the leads that matured on each day, and those that converted.

    Columns `own_level`, `stage`, `matured_day` (timestamp), `n`, `reached` (int64), which add up
    over disjoint sets of leads.
    """
    rows = _matured(tables, level).group_by(*DAILY)
    return rows.aggregate(n=_.count(), reached=_.reached.sum())


def _tally(moments: ir.Table, matured: ir.Table, *keys: str) -> ir.Table:
    """Count the leads that had matured by each moment, and those of them that converted."""
    daily = matured.group_by(**{f"its_{key}": key for key in keys}, on="matured_day").aggregate(
        n=_.n.sum(), reached=_.reached.sum()
    )
    same = [moments[key] == daily[f"its_{key}"] for key in keys]
    past = moments.left_join(daily, [*same, daily.on <= moments.as_of])
    return past.group_by(moments.columns).aggregate(
        n=_.n.sum().fill_null(0), reached=_.reached.sum().fill_null(0)
    )


def _matured(tables: Tables, level: str) -> ir.Table:
    """List when each lead matures, its channel, and whether it converted, for each stage."""
    leads = tables.leads.filter(_.created_at.notnull(), _[level].notnull())
    if tables.contract.is_flat:
        stage = tables.contract.leads.stage
        judged = leads.filter(_.target.notnull())
        return _over(tables, judged, level, stage, judged.target == 1.0)
    parts = []
    for stage in STAGES:
        stages = reached_at(tables, stage)
        known = leads.left_join(stages, leads.lead_id == stages.reached_id)
        in_time = known.known_at < known.created_at + _horizon(tables, stage)
        parts.append(_over(tables, known, level, stage, in_time.fill_null(False)))
    return ibis.union(*parts)


def _over(
    tables: Tables, leads: ir.Table, level: str, stage: Stage, reached: ir.BooleanValue
) -> ir.Table:
    over = leads.created_at + _horizon(tables, stage)
    # The first midnight at or after the horizon's end: never earlier than it was known.
    midnight = (over - ibis.interval(microseconds=1)).truncate("D") + ibis.interval(days=1)
    return leads.select(
        own_level=leads[level],
        stage=ibis.literal(stage),
        matured_day=midnight,
        reached=reached.cast("int64"),
    )


def _horizon(tables: Tables, stage: Stage) -> ir.IntervalScalar:
    return ibis.interval(days=getattr(tables.contract.horizon_days, stage))
