"""Until when the events of a bucket are complete; of most only the last day is screened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from leadscore.features.cells import time_cell
from leadscore.features.tables import ONE_DAY, last_passed

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import ibis.expr.types as ir

    from leadscore.features.buckets.bucket_files import BucketFiles
    from leadscore.features.contract import Contract
    from leadscore.features.tables import Screening, Tables


def events_end(
    tables: Tables,
    files: BucketFiles,
    screening: Screening,
    bucket: int,
    *,
    known_by: datetime | None,
) -> datetime | None:
    """Find when the last usable event of a bucket became known, future ones left out.

    `screening` fills `tables`. Only events before `known_by` count (UTC without a zone).
    """
    contract, events = tables.contract, tables.events
    if events is None:
        return None

    def rows_before() -> ir.Table:
        raw = files.connection.table("raw_events")
        rows = raw.select(moment=_known_at(raw, contract))
        return rows if known_by is None else rows.filter(_.moment < known_by)

    def usable() -> datetime | None:
        screening.run()
        return _latest(tables, "last usable event", lambda: events.select(moment=_.recorded_at))

    files.show("events", bucket)
    last = _latest(tables, "last event", rows_before)
    if last is None:
        return None
    since = last - ONE_DAY
    files.show_some("events", bucket, lambda rows: rows.filter(_known_at(rows, contract) >= since))
    found = usable()
    if found is None or found > last:  # no past event of the last day can be used
        files.show("events", bucket)
        found = usable()
    return found


def _latest(tables: Tables, key: str, moments: Callable[[], ir.Table]) -> datetime | None:
    def latest() -> ir.Table:
        rows = moments()
        return rows.aggregate(latest=last_passed(rows.moment))

    found: datetime | None = tables.to_arrow(key, latest)["latest"][0].as_py()
    return found


def _known_at(raw: ir.Table, contract: Contract) -> ir.TimestampValue:
    """Read when an event was recorded, or else occurred, as `clean_events_outcomes` does."""
    terms = ("recorded_at", "occurred_at")
    columns = (getattr(contract.events, term, None) or term for term in terms)
    moments = (time_cell(raw[each], contract.reading) for each in columns if each in raw)
    return ibis.coalesce(*moments)
