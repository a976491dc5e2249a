"""Snapshots: which lead is looked at, and as of when."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import ibis

from leadscore.features.point_in_time.closings import still_open

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import ibis.expr.types as ir

    from leadscore.features.tables import Tables

NO_DATE = datetime(1970, 1, 1)  # `as_of` of a flat file without dates; UTC without a zone


def training_snapshots(tables: Tables, *, ages_days: Sequence[int]) -> ir.Table:
    """Look at each lead at several ages, on the nights the scorer would have met it.

    Outcomes decide only whether the lead was still open. The first night is the midnight (UTC)
    after the lead was created.

    Parameters
    ----------
    ages_days
        Days after the first night; a flat file is looked at on the first night alone.

    Returns
    -------
    ir.Table
        Columns `lead_id`, `as_of` (timestamp, UTC); `as_of` is not after the end of the data.
    """
    leads = tables.leads
    if not tables.has_dates:
        return leads.select("lead_id", as_of=ibis.literal(NO_DATE))
    first_night = leads.created_at.truncate("D") + ibis.interval(days=1)
    if tables.outcomes is None:
        return leads.select("lead_id", as_of=first_night).filter(ibis._.as_of.notnull())
    nights = [
        leads.select("lead_id", as_of=first_night + ibis.interval(days=age)) for age in ages_days
    ]
    spine = ibis.union(*nights) if len(nights) > 1 else nights[0]
    return still_open(tables, spine.filter(spine.as_of <= ibis.literal(tables.data_end)))


def nightly_snapshots(tables: Tables, *, as_of: datetime) -> ir.Table:
    """Find the leads that are open as of a night (UTC, without a zone): columns `lead_id`, `as_of`.

    They were created before the night and neither won nor lost by then. In a flat file the open
    leads are those whose target is not yet known; where all are known, those not positive.
    """
    moment = ibis.literal(as_of).cast("timestamp")
    leads = tables.leads
    if tables.contract.is_flat:
        unknown = leads.target.isnull()
        leads = leads.filter(unknown if _has_unknown_target(tables) else leads.target < 1)
    if tables.has_dates:
        leads = leads.filter((leads.created_at < moment) | leads.created_at.isnull())
    return still_open(tables, leads.select("lead_id", as_of=moment))


def _has_unknown_target(tables: Tables) -> bool:
    if tables.totals is not None:
        return tables.totals.has_unknown_target
    return bool(tables.leads.target.isnull().any().to_pyarrow().as_py())


def listed_snapshots(
    tables: Tables, lead_ids: Iterable[str] | None = None, *, as_of: datetime
) -> ir.Table:
    """Look at the leads of a one-off list, or at some of them: columns `lead_id`, `as_of`."""
    leads = tables.leads.filter(tables.leads.listed)
    if lead_ids is not None:
        wanted = ibis.memtable({"lead_id": list(lead_ids)}, schema={"lead_id": "string"})
        leads = leads.semi_join(wanted, "lead_id")
    return leads.select("lead_id", as_of=ibis.literal(as_of).cast("timestamp"))


def next_midnight(moment: datetime) -> datetime:
    """Return the first midnight (UTC) at or after a moment."""
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight if midnight == moment else midnight + timedelta(days=1)
