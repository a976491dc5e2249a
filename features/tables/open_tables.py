"""Opens, cleans and screens the tables that a contract describes."""

from __future__ import annotations

import logging
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import ibis

from leadscore.features.core import naive
from leadscore.features.shaping import open_shaped
from leadscore.features.sources import pushed_down
from leadscore.features.tables.clean_events_outcomes import screen_events, screen_outcomes
from leadscore.features.tables.clean_leads import screen_leads, with_listed
from leadscore.features.tables.data_end import data_end_of, known_before
from leadscore.features.tables.lead_versions import screen_versions
from leadscore.features.tables.listed_leads import clean_list
from leadscore.features.tables.quarantine import Quarantine
from leadscore.features.tables.tables import Tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from leadscore.features.contract import Contract
    from leadscore.features.tables.attributes import Attribute
    from leadscore.features.tables.lead_versions import LeadVersions
    from leadscore.features.tables.screening import Screened, Screening

logger = logging.getLogger(__name__)

MEMORY_LIMIT = "4GB"  # DuckDB spills past it; the rest of a small machine is the model's


@contextmanager
def open_tables(
    contract: Contract, *, known_by: datetime | None = None, leads_file: Path | None = None
) -> Iterator[Tables]:
    """Open, clean and screen the tables a contract describes.

    Parameters
    ----------
    known_by
        Keep only rows that occurred and were recorded before this moment (UTC).
    leads_file
        A one-off list to score, with the columns of the contract's leads. Events and outcomes of
        other leads are then passed over.

    Raises
    ------
    DataError
        Where a file or column is missing, or more rows than `reading.max_quarantine_share`
        cannot be used, unless a list is given.
    """
    # A one-off list is a file, which the database cannot see.
    stays = contract.reading.push_down and leads_file is None
    with pushed_down(contract) if stays else connected() as connection:
        yield tables_of(connection, contract, naive(known_by), leads_file)


@contextmanager
def connected(
    memory_limit: str = MEMORY_LIMIT, *, threads: int | None = None, folder: Path | None = None
) -> Iterator[Backend]:
    """Open a DuckDB connection with a temporary folder to spill to, deleted with it."""
    scratch = tempfile.mkdtemp(prefix="leadscore-", dir=folder)
    options = {} if threads is None else {"threads": threads}
    connection = ibis.duckdb.connect(temp_directory=scratch, memory_limit=memory_limit, **options)
    try:
        yield connection
    finally:
        connection.disconnect()
        shutil.rmtree(scratch, ignore_errors=True)


def tables_of(
    connection: Backend,
    contract: Contract,
    known_by: datetime | None,
    leads_file: Path | None = None,
) -> Tables:
    """Open, clean and screen the tables on a connection, as `open_tables` does."""

    def opened(name: str) -> ir.Table:
        return open_shaped(connection, contract, name=name)

    tables, _ = screen_tables(connection, contract, opened, known_by, leads_file)
    limit = contract.reading.max_quarantine_share
    if leads_file is None:
        tables.quarantine.refuse_above(limit)
    elif excess := tables.quarantine.excess(limit):
        logger.warning("%s", excess)
    return replace(tables, data_end=data_end_of(tables, known_by))


def screen_tables(
    connection: Backend,
    contract: Contract,
    opened: Callable[[str], ir.Table],
    known_by: datetime | None,
    leads_file: Path | None = None,
) -> tuple[Tables, list[Screening]]:
    """Screen raw rows, which `opened` returns by a table's word in the contract.

    Returns
    -------
    tables : Tables
        Without a data end.
    screenings : list of Screening
        How to screen other rows of the same raw tables into the same `tables`.
    """
    screened, attributes = screen_leads(connection, opened("leads"), contract)
    leads, listed = screened.kept, None
    if leads_file is not None:
        rows, listed = clean_list(connection, contract, attributes, leads_file)
        leads = with_listed(leads, rows, contract)
    others, event_terms = _screen_others(
        connection, contract, opened, leads, report_unknown_leads=leads_file is None
    )
    every, versions = [screened, *others.values()], None
    if contract.leads.has_history:
        given = (connection, contract, opened, attributes, leads)
        found = _versions(*given, known_by=known_by, is_list=listed is not None)
        versions, leads = found.screened.kept, found.leads
        every.append(found.screened)
    kept = {name: each.kept for name, each in others.items()}
    if known_by is not None:
        kept = {name: known_before(rows, known_by) for name, rows in kept.items()}
        leads = leads.filter((leads.created_at < known_by) | leads.created_at.isnull())
    tables = Tables(
        contract=contract,
        leads=leads,
        events=kept.get("events"),
        outcomes=kept.get("outcomes"),
        versions=versions,
        attributes=attributes,
        event_terms=event_terms,
        data_end=None,
        quarantine=Quarantine.collect([each.faults for each in every]),
        engine=str(connection.name),
        listed=listed,
    )
    return tables, [each.by for each in every]


def _versions(
    connection: Backend,
    contract: Contract,
    opened: Callable[[str], ir.Table],
    attributes: tuple[Attribute, ...],
    leads: ir.Table,
    *,
    known_by: datetime | None,
    is_list: bool,
) -> LeadVersions:
    raw = opened("versions")
    return screen_versions(
        connection, raw, contract, attributes, leads, known_by=known_by, is_list=is_list
    )


def _screen_others(
    connection: Backend,
    contract: Contract,
    opened: Callable[[str], ir.Table],
    leads: ir.Table,
    *,
    report_unknown_leads: bool,
) -> tuple[dict[str, Screened], tuple[str, ...]]:
    """Screen the events and outcomes that there are, and list the optional columns of events."""
    found: dict[str, Screened] = {}
    event_terms: tuple[str, ...] = ()
    if contract.events is not None:
        found["events"], event_terms = screen_events(
            connection, opened("events"), contract, leads, report_unknown_leads=report_unknown_leads
        )
    if contract.outcomes is not None:
        found["outcomes"] = screen_outcomes(
            connection,
            opened("outcomes"),
            contract,
            leads,
            report_unknown_leads=report_unknown_leads,
        )
    return found, event_terms
