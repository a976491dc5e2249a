"""What each snapshot knew of its lead: rows that occurred and were recorded before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from leadscore.features.core import SECONDS_A_DAY, DataError
from leadscore.features.tables import known_before

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from leadscore.features.tables import Tables

BETWEEN = "\x1f"  # a separator that no text of the tables contains


def events_before(tables: Tables, snapshots: ir.Table) -> ir.Table:
    """Pair each snapshot with the events that were known before it.

    Adds `age_days` (int32): 0 for the last 24 hours, 1 before that. A contract without events
    raises `DataError`.
    """
    if tables.events is None:
        raise DataError("the contract describes no [events]")
    known = paired_before(tables.events, snapshots)
    elapsed = known.as_of.epoch_seconds() - known.occurred_at.epoch_seconds()
    age_days = ibis.greatest((elapsed - 1) // SECONDS_A_DAY, 0)
    return known.mutate(age_days=age_days.cast("int32"))


def paired_before(rows: ir.Table, snapshots: ir.Table) -> ir.Table:
    """Pair each snapshot (`lead_id`, `as_of`, others) with its lead's rows known before it."""
    spine = snapshots.rename(spine_id="lead_id")
    joined = rows.join(spine, rows.lead_id == spine.spine_id)
    return known_before(joined, joined.as_of).drop("spine_id")


def latest_text(
    at: ir.TimestampValue, text: ir.StringValue, *, where: ir.BooleanValue | None = None
) -> ir.StringScalar:
    """Find the latest text of a group; of two at one moment the last in the alphabet."""
    return (at.cast("string") + BETWEEN + text).max(where=where).split(BETWEEN)[1]
