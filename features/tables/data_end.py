"""Until when tables are complete, and which of their rows were known before a moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import ibis

from leadscore.features.core import naive

if TYPE_CHECKING:
    from collections.abc import Sequence

    import ibis.expr.types as ir

    from leadscore.features.tables.tables import Tables

ONE_DAY = timedelta(days=1)


def data_end_of(tables: Tables, known_by: datetime | None) -> datetime | None:
    """Find when tables end, by their last moments."""
    found = [last_passed(moments).to_pyarrow().as_py() for moments in _moments(tables).values()]
    return end_of(found, known_by)


def end_of(moments: Sequence[datetime | None], known_by: datetime | None) -> datetime | None:
    """Return `known_by`, or the last moment if that is over a day earlier; None without moments."""
    known = [moment for moment in moments if moment]
    if not known:
        return None
    # All moments of a bucket may be in the future; `last_passed` then gives the last.
    passed = [moment for moment in known if moment <= naive(datetime.now(UTC))]
    last = max(passed or known)
    return known_by if known_by is not None and known_by - last <= ONE_DAY else last


def known_before(rows: ir.Table, moment: datetime | ir.TimestampValue) -> ir.Table:
    """Keep the events or outcomes that had occurred and were recorded before a moment."""
    at = moment if isinstance(moment, ibis.Value) else ibis.literal(moment).cast("timestamp")
    return rows.filter(rows.occurred_at < at, rows.recorded_at < at)


def last_passed(moments: ir.TimestampColumn) -> ir.TimestampScalar:
    """Find the last of the moments (UTC) that is not in the future; the last of all if all are.

    One meeting planned for next year would otherwise end the data there, and every lead of last
    week would count as one that had a year's time and failed. Null where there is no moment.
    """
    now = ibis.literal(naive(datetime.now(UTC)))
    return ibis.coalesce(moments.max(where=moments <= now), moments.max())


def rows_of_the_future(tables: Tables) -> dict[str, int]:
    """Count by table the rows that became known after the data end; tables without are left out."""
    if tables.data_end is None:
        return {}
    end = ibis.literal(tables.data_end)
    counts = {
        name: int((moments > end).sum().fill_null(0).to_pyarrow().as_py())
        for name, moments in _moments(tables).items()
    }
    return {name: count for name, count in counts.items() if count}


def _moments(tables: Tables) -> dict[str, ir.TimestampColumn]:
    """Return when the rows of each table became known."""
    moments = {"leads": tables.leads.created_at}
    for name, table in (("events", tables.events), ("outcomes", tables.outcomes)):
        if table is not None:
            moments[name] = table.recorded_at
    return moments
