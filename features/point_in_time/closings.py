"""Which leads were known to be won or lost by a moment: nobody need look at them any more.

A lost deal may be opened again: a lead that reaches an earlier stage of the funnel after it was
lost is open from then on. A won lead stays won.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

if TYPE_CHECKING:
    from datetime import datetime

    import ibis.expr.types as ir

    from leadscore.features.tables import Tables

REOPENING = ("mql", "accepted", "sql", "recycled")


def still_open(tables: Tables, spine: ir.Table) -> ir.Table:
    """Keep the snapshots of leads that were not known to be won or lost by then."""
    if tables.outcomes is None:
        return spine
    closed = _closings(tables.outcomes)
    joined = spine.left_join(closed, spine.lead_id == closed.closed_id)
    holds = joined.open_again_at.isnull() | (joined.as_of <= joined.open_again_at)
    is_closed = (joined.as_of > joined.known_at) & holds
    found = joined.select("lead_id", "as_of", is_closed=is_closed.fill_null(False))
    nights = found.group_by("lead_id", "as_of").aggregate(is_closed=found.is_closed.any())
    return nights.filter(~nights.is_closed).select("lead_id", "as_of")


def listed_closings(tables: Tables, *, as_of: datetime) -> ir.Table:
    """Find the listed leads that were known to be won or lost before a moment.

    Columns `lead_id`, `stage` (won or lost), `known_at` (timestamp, UTC), a row an outcome.
    """
    leads = tables.leads.filter(tables.leads.listed)
    if tables.outcomes is None:
        empty = {"stage": ibis.null("string"), "known_at": ibis.null("timestamp")}
        return leads.select("lead_id", **empty).limit(0)
    moment = ibis.literal(as_of)
    closed = _closings(tables.outcomes)
    closed = closed.filter(
        closed.known_at < moment, closed.open_again_at.isnull() | (closed.open_again_at >= moment)
    )
    named = closed.select("stage", "known_at", lead_id="closed_id")
    return named.semi_join(leads, "lead_id").select("lead_id", "stage", "known_at")


def _closings(outcomes: ir.Table) -> ir.Table:
    """Return the outcomes that close a lead: since when that is known, and until when it holds.

    Columns `closed_id`, `stage`, `known_at`, `open_again_at` (null where the lead stays closed).
    """
    dated = outcomes.mutate(known_at=ibis.greatest(outcomes.occurred_at, outcomes.recorded_at))
    won = dated.filter(dated.stage == "won")
    won = won.select("stage", "known_at", closed_id="lead_id", open_again_at=ibis.null("timestamp"))
    lost = dated.filter(dated.stage == "lost").select(
        "stage", "known_at", closed_id="lead_id", lost_at="occurred_at"
    )
    again = dated.filter(dated.stage.isin(REOPENING)).select(
        again_id="lead_id", again_at="occurred_at", again_known_at="known_at"
    )
    pairs = lost.left_join(again, [lost.closed_id == again.again_id, again.again_at > lost.lost_at])
    until = pairs.group_by("closed_id", "stage", "known_at").aggregate(
        open_again_at=pairs.again_known_at.min()
    )
    return ibis.union(won, until.select(won.columns).cast(won.schema()))
