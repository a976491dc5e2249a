"""How many rows of each table are passed over, and why: nothing is left out without a word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from leadscore.features.cells import text_cell
from leadscore.features.shaping.dated_rows import (
    RECORD,
    WHOLE_ROW_CELL,
    dated_rows,
    record_owners,
)
from leadscore.features.shaping.lead_ids import own_id, with_owners
from leadscore.features.shaping.lead_rows import merged_leads, older_leads, rows_that_count
from leadscore.features.shaping.shaped_tables import is_shaped, open_shaped
from leadscore.features.sources import open_source

if TYPE_CHECKING:
    from collections.abc import Iterator

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from leadscore.features.contract import Contract, EventsTable, HistorySource, OutcomesTable

OTHER = "of ids that are no lead's"


@dataclass(frozen=True)
class PassedOver:
    """Rows of a table that do not count, by the contract's settings."""

    table: str  # by its section of the contract
    reason: str
    rows: int


def passed_over(connection: Backend, contract: Contract) -> list[PassedOver]:
    """Count the rows that the contract's settings leave out, by table and reason."""
    if not _leaves_out(contract):
        return []
    found = list(_of_leads(connection, contract)) if is_shaped(contract, "leads") else []
    leads = open_shaped(connection, contract, name="leads")
    for name in ("events", "outcomes"):
        source = getattr(contract, name)
        tables = {
            f"{name}.tables.{key}": each for key, each in getattr(source, "tables", {}).items()
        }
        for place, each in (tables or {name: source}).items():
            if each is not None:
                found += _of_dated(connection, contract, each, place, leads)
    if contract.leads.history is not None:
        found += _of_history(connection, contract, contract.leads.history, leads)
    return [each for each in found if each.rows]


def _leaves_out(contract: Contract) -> bool:
    """Whether any setting leaves rows out; else the files need not be read."""
    leads, others = contract.leads, [contract.events, contract.outcomes]
    sources = [each for top in others if top is not None for each in (top, *top.tables.values())]
    passes = any(each.other_leads == "pass" for each in sources) or leads.history is not None
    return passes or any(is_shaped(contract, name) for name in ("leads", "events", "outcomes"))


def _of_leads(connection: Backend, contract: Contract) -> Iterator[PassedOver]:
    rows = open_source(connection, contract.leads, contract=contract, name="counted")
    deleted = _count(rows) - _count(rows_that_count(rows, contract.leads, contract, name="leads"))
    yield PassedOver("leads", "deleted", deleted)
    if contract.leads.merged_into is not None:
        yield PassedOver("leads", "merged into another", _count(merged_leads(rows, contract)))
    if contract.leads.newest_by is not None:
        yield PassedOver("leads", "older rows of a lead", _count(older_leads(rows, contract)))


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
        yield PassedOver(place, OTHER, _of_others(shaped, source, contract, leads))
    if WHOLE_ROW_CELL in shaped.columns:
        known = shaped.filter(shaped[WHOLE_ROW_CELL].notnull())
        once = known.select(source.lead_id, WHOLE_ROW_CELL).distinct()
        yield PassedOver(place, "delivered before", _count(known) - _count(once))


def _of_history(
    connection: Backend, contract: Contract, source: HistorySource, leads: ir.Table
) -> Iterator[PassedOver]:
    place = "leads.history"
    rows = open_source(connection, source, contract=contract, name="counted")
    kept = rows_that_count(rows, source, contract, name=place)
    yield PassedOver(place, "deleted", _count(rows) - _count(kept))
    if source.other_leads == "pass":
        shaped = with_owners(connection, kept, source.lead_id, contract)
        yield PassedOver(place, OTHER, _of_others(shaped, source, contract, leads))


def _of_others(
    rows: ir.Table,
    source: EventsTable | OutcomesTable | HistorySource,
    contract: Contract,
    leads: ir.Table,
) -> int:
    """Count the rows with an id that no lead has; rows without an id are faults."""
    lead_id = text_cell(rows[source.lead_id], contract.reading)
    named = rows.mutate(**{source.lead_id: lead_id}).filter(lead_id.notnull())
    owner = text_cell(leads[contract.leads.lead_id or "lead_id"], contract.reading)
    known = leads.select(known_id=owner)
    return _count(named.anti_join(known, named[source.lead_id] == known.known_id))


def _count(rows: ir.Table) -> int:
    return int(rows.count().to_pyarrow().as_py())
