"""Which leads were known to be won or lost by a moment: nobody need look at them any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

if TYPE_CHECKING:
    from datetime import datetime

    import ibis.expr.types as ir

    from leadscore.features.tables import Tables

CLOSED = ("won", "lost")


def still_open(tables: Tables, spine: ir.Table) -> ir.Table:
    """Keep the snapshots of leads that were not known to be won or lost by then."""
    if tables.outcomes is None:
        return spine
    by_lead = _closings(tables.outcomes).group_by(closed_id=ibis._.lead_id)
    closed = by_lead.aggregate(closed_at=ibis._.known_at.min())
    joined = spine.left_join(closed, spine.lead_id == closed.closed_id)
    kept = joined.filter(joined.closed_at.isnull() | (joined.closed_at >= joined.as_of))
    return kept.select("lead_id", "as_of")


def listed_closings(tables: Tables, *, as_of: datetime) -> ir.Table:
    """Find the listed leads that were known to be won or lost before a moment.

    Columns `lead_id`, `stage` (won or lost), `known_at` (timestamp, UTC), a row an outcome.
    """
    leads = tables.leads.filter(tables.leads.listed)
    if tables.outcomes is None:
        empty = {"stage": ibis.null("string"), "known_at": ibis.null("timestamp")}
        return leads.select("lead_id", **empty).limit(0)
    closed = _closings(tables.outcomes).filter(ibis._.known_at < ibis.literal(as_of))
    return closed.semi_join(leads, "lead_id").select("lead_id", "stage", "known_at")


def _closings(outcomes: ir.Table) -> ir.Table:
    """Keep the outcomes that close a lead, with `known_at`."""
    known_at = ibis.greatest(outcomes.occurred_at, outcomes.recorded_at)
    return outcomes.filter(outcomes.stage.isin(CLOSED)).mutate(known_at=known_at)
