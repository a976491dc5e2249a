"""What was known of a lead at a moment: rows that had occurred and were recorded before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from leadscore.features.core import SECONDS_A_DAY, DataError

if TYPE_CHECKING:
    from datetime import datetime

    import ibis.expr.types as ir

    from leadscore.features.tables import Tables

BETWEEN = "\x1f"  # a separator that no text of the tables contains


def known_before(rows: ir.Table, moment: datetime | ir.TimestampValue) -> ir.Table:
    """Keep the events or outcomes that were known before a moment: a literal or a column."""
    at = moment if isinstance(moment, ibis.Value) else ibis.literal(moment).cast("timestamp")
    return rows.filter(rows.occurred_at < at, rows.recorded_at < at)


def events_before(tables: Tables, snapshots: ir.Table) -> ir.Table:
    """Pair each snapshot with the events that were known before it.

    Adds `age_days` (int32): 0 for the last 24 hours, 1 before that. Without events in the contract
    it raises `DataError`.
    """
    if tables.events is None:
        raise DataError("the contract describes no [events]")
    known = paired_before(tables.events, snapshots)
    elapsed = known.as_of.epoch_seconds() - known.occurred_at.epoch_seconds()
    age_days = ibis.greatest((elapsed - 1) // SECONDS_A_DAY, 0)
    return known.mutate(age_days=age_days.cast("int32"))


def paired_before(rows: ir.Table, snapshots: ir.Table) -> ir.Table:
    """Pair each snapshot (`lead_id`, `as_of`, any others) with its lead's rows known before it."""
    spine = snapshots.rename(spine_id="lead_id")
    joined = rows.join(spine, rows.lead_id == spine.spine_id)
    return known_before(joined, joined.as_of).drop("spine_id")


def latest_text(
    at: ir.TimestampValue, text: ir.StringValue, *, where: ir.BooleanValue | None = None
) -> ir.StringScalar:
    """Find the latest text of a group; of two at the same moment the later in the alphabet."""
    return (at.cast("string") + BETWEEN + text).max(where=where).split(BETWEEN)[1]
