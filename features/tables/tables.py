"""The user's tables in the contract's terms: renamed, typed, in UTC, bad rows in quarantine."""

from __future__ import annotations

import logging
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import ibis

from leadscore.features.sources.postgres_pushdown import pushed_down
from leadscore.features.tables.clean_events_outcomes import clean_events, clean_outcomes
from leadscore.features.tables.clean_leads import clean_leads
from leadscore.features.tables.data_end import last_passed
from leadscore.features.tables.quarantine import Quarantine

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from leadscore.features.contract.contract import Contract
    from leadscore.features.tables.attributes import Attribute
    from leadscore.features.tables.company_totals import Past
    from leadscore.features.tables.query_cache import Asked

logger = logging.getLogger(__name__)

MEMORY_LIMIT = "4GB"  # DuckDB spills past it; the rest of a small machine is the model's
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Tables:
    """The three tables of the contract, cleaned, as Ibis expressions over one connection.

    Parameters
    ----------
    contract
        The contract they were read by.
    leads
        Columns `lead_id` (string, unique), `created_at` (timestamp, UTC; null where unknown),
        `account` (string), `listed` (bool: to be scored; all but where a one-off file is),
        `target` (float64: 1, 0 or null for not yet known; flat files only)
        and one column an attribute.
    events
        Columns `lead_id`, `occurred_at`, `recorded_at`, `kind`, `value` (float64) and the touch's
        `source`, `medium`, `campaign`, `landing_page`; None where the contract has none.
    outcomes
        Columns `lead_id`, `occurred_at`, `recorded_at`, `stage`, `reason`, `amount`; None for a
        flat file.
    attributes
        The attribute columns of `leads`, with the user's names and roles.
    event_terms
        Which optional columns the events have: `value`, `source`, `medium`, …
    data_end
        Until when the tables are complete (UTC, without a zone); None where nothing has a date.
    quarantine
        The rows and cells that could not be used.
    engine
        What works the expressions out, by Ibis's name.
    past
        Where these are the tables of one bucket of the leads: what only all leads can tell.
    asked
        Where they are: the questions that were asked of earlier buckets.
    """

    contract: Contract
    leads: ir.Table
    events: ir.Table | None
    outcomes: ir.Table | None
    attributes: tuple[Attribute, ...]
    event_terms: tuple[str, ...]
    data_end: datetime | None
    quarantine: Quarantine
    engine: str = "duckdb"
    past: Past | None = None
    asked: Asked | None = None

    @property
    def has_dates(self) -> bool:
        """Whether leads have a creation date, so that later leads can test earlier ones."""
        return self.data_end is not None

    def without(self, columns: Collection[str]) -> Tables:
        """Return the same tables with some attributes, by the user's names, out of sight."""
        kept = tuple(each for each in self.attributes if each.column not in columns)
        return replace(self, attributes=kept)


@contextmanager
def open_tables(
    contract: Contract, *, known_by: datetime | None = None, leads_file: Path | None = None
) -> Iterator[Tables]:
    """Open, clean and screen the tables a contract describes.

    Parameters
    ----------
    contract
        The contract of a project folder.
    known_by
        Keep only what was known before this moment (UTC): rows that occurred and were recorded
        before it. None keeps everything.
    leads_file
        Leads to use in place of the contract's, with the same columns: a one-off list to score.
        Events and outcomes of other leads are then passed over.

    Yields
    ------
    Tables
        Valid while the context is open.

    Raises
    ------
    DataError
        Where a file or column is missing, or more rows than `reading.max_quarantine_share`
        cannot be used.
    """
    # A one-off list is a file, which the database cannot see.
    stays = contract.reading.push_down and leads_file is None
    with pushed_down(contract) if stays else connected() as connection:
        yield tables_of(connection, contract, naive(known_by), leads_file)


@contextmanager
def connected(
    memory_limit: str = MEMORY_LIMIT, *, threads: int | None = None, folder: Path | None = None
) -> Iterator[Backend]:
    """Open a DuckDB connection with a place of its own to spill to, which goes with it."""
    scratch = tempfile.mkdtemp(prefix="leadscore-", dir=folder)
    options = {} if threads is None else {"threads": threads}
    connection = ibis.duckdb.connect(temp_directory=scratch, memory_limit=memory_limit, **options)
    try:
        yield connection
    finally:
        connection.disconnect()
        shutil.rmtree(scratch, ignore_errors=True)


def naive(moment: datetime | None) -> datetime | None:
    """Return a moment in UTC without a zone, as timestamps are inside."""
    if moment is None or moment.tzinfo is None:
        return moment
    return moment.astimezone(UTC).replace(tzinfo=None)


def tables_of(
    connection: Backend,
    contract: Contract,
    known_by: datetime | None,
    leads_file: Path | None = None,
) -> Tables:
    """Open, clean and screen the tables on a connection, as `open_tables` does."""
    leads, attributes = clean_leads(connection, contract, leads_file=leads_file)
    screened = [leads]
    kept = known_leads(leads.kept, known_by)
    events = outcomes = None
    event_terms: tuple[str, ...] = ()
    strangers_wanted = leads_file is None
    if contract.events is not None:
        part, event_terms = clean_events(
            connection, contract, leads.kept, strangers_wanted=strangers_wanted
        )
        screened.append(part)
        events = known(part.kept, known_by)
    if contract.outcomes is not None:
        part = clean_outcomes(connection, contract, leads.kept, strangers_wanted=strangers_wanted)
        screened.append(part)
        outcomes = known(part.kept, known_by)
    quarantine = Quarantine.from_screened(screened)
    quarantine.refuse_above(contract.reading.max_quarantine_share)
    tables = Tables(contract, kept, events, outcomes, attributes, event_terms, None, quarantine)
    end = _data_end(tables, known_by)
    return replace(tables, data_end=end, engine=str(connection.name))


def known(rows: ir.Table, known_by: datetime | None) -> ir.Table:
    """Keep the events or outcomes that were known before a moment; all where it is None."""
    if known_by is None:
        return rows
    return rows.filter(rows.occurred_at < known_by, rows.recorded_at < known_by)


def known_leads(leads: ir.Table, known_by: datetime | None) -> ir.Table:
    """Keep the leads that were known before a moment; all where it is None."""
    if known_by is None:
        return leads
    return leads.filter((leads.created_at < known_by) | leads.created_at.isnull())


def _data_end(tables: Tables, known_by: datetime | None) -> datetime | None:
    moments = [last_passed(tables.leads.created_at)]
    if tables.events is not None:
        moments.append(last_passed(tables.events.recorded_at))
    if tables.outcomes is not None:
        moments.append(last_passed(tables.outcomes.recorded_at))
    found: list[datetime | None] = [each.to_pyarrow().as_py() for each in moments]
    return end_of(found, known_by)


def end_of(moments: Sequence[datetime | None], known_by: datetime | None) -> datetime | None:
    """Find when tables end: the moment asked for, unless they stop more than a day before it."""
    seen = [moment for moment in moments if moment]
    if not seen:
        return None
    # A bucket may hold nothing but plans, of which `last_passed` then gives the last.
    passed = [moment for moment in seen if moment <= datetime.now(UTC).replace(tzinfo=None)]
    last = max(passed or seen)
    if known_by is not None and known_by - last <= ONE_DAY:
        return known_by
    return last
