"""How many rows of each table are passed over, and why: nothing is left out without a word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from leadscore.features.shaping.dated_rows import (
    RECORD,
    WHOLE_ROW_CELL,
    dated_rows,
    record_owners,
)
from leadscore.features.shaping.lead_ids import own_id
from leadscore.features.shaping.lead_rows import lead_versions, newest_leads, rows_that_count
from leadscore.features.shaping.shaped_tables import is_shaped, open_shaped
from leadscore.features.sources import open_source

if TYPE_CHECKING:
    from collections.abc import Iterator

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from leadscore.features.contract import Contract, EventsTable, OutcomesTable


@dataclass(frozen=True)
class PassedOver:
    """Rows of a table that do not count, by the contract's settings."""

    table: str  # by its section of the contract
    reason: str
    rows: int


def passed_over(connection: Backend, contract: Contract) -> list[PassedOver]:
    """Count the rows that the contract's settings leave out, by table and reason."""
    found: list[PassedOver] = []
    if is_shaped(contract, "leads"):
        found += _of_leads(connection, contract)
    leads = open_shaped(connection, contract, name="leads")
    for name in ("events", "outcomes"):
        source = getattr(contract, name)
        if source is None or not is_shaped(contract, name):
            continue
        tables = {f"{name}.tables.{key}": each for key, each in source.tables.items()}
        for place, each in (tables or {name: source}).items():
            found += _of_dated(connection, contract, each, place, leads)
    return [each for each in found if each.rows]


def _of_leads(connection: Backend, contract: Contract) -> Iterator[PassedOver]:
    rows = open_source(connection, contract.leads, contract=contract, name="counted")
    kept = rows_that_count(rows, contract.leads, contract, name="leads")
    versions = lead_versions(rows, contract)
    yield PassedOver("leads", "deleted", _count(rows) - _count(kept))
    older = _count(versions) - _count(newest_leads(versions, contract))
    yield PassedOver("leads", "older versions of a lead", older)


def _of_dated(
    connection: Backend,
    contract: Contract,
    source: EventsTable | OutcomesTable,
    place: str,
    leads: ir.Table,
) -> Iterator[PassedOver]:
    rows = open_source(connection, source, contract=contract, name="counted")
    kept = rows_that_count(rows, source, contract, name=place)
    yield PassedOver(place, "deleted", _count(rows) - _count(kept))
    if source.link is not None:
        owners = record_owners(connection, source.link, contract, name=place)
        alone = kept.anti_join(owners, own_id(kept[source.lead_id], contract) == owners[RECORD])
        yield PassedOver(place, "of records that are linked with no lead", _count(alone))
    shaped = dated_rows(connection, rows, source, contract, name=place)
    if source.other_leads == "pass":
        others = shaped.anti_join(leads, shaped[source.lead_id] == leads[_lead_id(contract)])
        yield PassedOver(place, "of ids that are no lead's", _count(others))
    if WHOLE_ROW_CELL in shaped.columns:
        known = shaped.filter(shaped[WHOLE_ROW_CELL].notnull())
        once = known.select(source.lead_id, WHOLE_ROW_CELL).distinct()
        yield PassedOver(place, "delivered before", _count(known) - _count(once))


def _lead_id(contract: Contract) -> str:
    """Return the column of the leads' ids."""
    return contract.leads.lead_id or "lead_id"


def _count(rows: ir.Table) -> int:
    return int(rows.count().to_pyarrow().as_py())
