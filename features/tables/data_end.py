"""Until when tables are complete: rows dated later are plans, or typing errors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import ibis

if TYPE_CHECKING:
    from collections.abc import Sequence

    import ibis.expr.types as ir

    from leadscore.features.tables.tables import Tables

ONE_DAY = timedelta(days=1)


def data_end_of(tables: Tables, known_by: datetime | None) -> datetime | None:
    """Find the last moment that tables tell of, as `end_of` does."""
    found = [last_passed(moments).to_pyarrow().as_py() for moments in _moments(tables).values()]
    return end_of(found, known_by)


def end_of(moments: Sequence[datetime | None], known_by: datetime | None) -> datetime | None:
    """Find when tables end: at `known_by`, unless they stop more than a day before it.

    Returns None where no table has a moment.
    """
    seen = [moment for moment in moments if moment]
    if not seen:
        return None
    # A bucket may hold nothing but plans, of which `last_passed` then gives the last.
    passed = [moment for moment in seen if moment <= datetime.now(UTC).replace(tzinfo=None)]
    last = max(passed or seen)
    if known_by is not None and known_by - last <= ONE_DAY:
        return known_by
    return last


def last_passed(moments: ir.TimestampColumn) -> ir.TimestampScalar:
    """Find the last of the moments (UTC) that is not in the future.

    One meeting planned for next year would otherwise end the data there, and every lead of last
    week would count as one that had a year's time and failed. Where all lie in the future, as in
    a made-up company, it is the last of them; null where there is none.
    """
    now = ibis.literal(datetime.now(UTC).replace(tzinfo=None))
    return ibis.coalesce(moments.max(where=moments <= now), moments.max())


def rows_of_the_future(tables: Tables) -> dict[str, int]:
    """Count by table the rows that only became known after the tables end, where there are some."""
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
