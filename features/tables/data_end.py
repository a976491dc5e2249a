"""The last moment of a table that has passed: rows dated later are plans, or typing errors."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import ibis

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from leadscore.features.tables.tables import Tables


def last_passed(moments: ir.TimestampColumn) -> ir.TimestampScalar:
    """Find the last of the moments that is not in the future.

    One meeting planned for next year would otherwise end the data there, and every lead of last
    week would count as one that had a year's time and failed.

    Parameters
    ----------
    moments
        When rows became known, UTC.

    Returns
    -------
    ir.TimestampScalar
        The last of all where every one is in the future, as in a made-up company; null where
        there is none.
    """
    now = ibis.literal(datetime.now(UTC).replace(tzinfo=None))
    return ibis.coalesce(moments.max(where=moments <= now), moments.max())


def rows_of_the_future(tables: Tables) -> dict[str, int]:
    """Count the rows that only became known after the tables end.

    Parameters
    ----------
    tables
        The cleaned tables.

    Returns
    -------
    dict
        Rows by table, of those that have some.
    """
    if tables.data_end is None:
        return {}
    moments = {"leads": tables.leads.created_at}
    for name, table in (("events", tables.events), ("outcomes", tables.outcomes)):
        if table is not None:
            moments[name] = table.recorded_at
    counts = {
        name: int((column > ibis.literal(tables.data_end)).sum().fill_null(0).to_pyarrow().as_py())
        for name, column in moments.items()
    }
    return {name: count for name, count in counts.items() if count}
