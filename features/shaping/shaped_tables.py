"""Opens each of a contract's tables in the one shape that cleaning takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from leadscore.features.core import DataError
from leadscore.features.shaping.dated_rows import dated_rows, in_our_terms
from leadscore.features.shaping.lead_ids import ALIASES, has_aliases, keep_aliases, with_owners
from leadscore.features.shaping.lead_rows import (
    lead_versions,
    merged_leads,
    newest_leads,
    require,
    rows_that_count,
    written_leads,
)
from leadscore.features.shaping.local_times import with_utc
from leadscore.features.sources import ROW, ROWS_A_TABLE, is_pushed, open_source, row_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from leadscore.features.contract import (
        Contract,
        EventsTable,
        HistorySource,
        OutcomesTable,
        Source,
    )


def is_shaped(contract: Contract, name: str) -> bool:
    """Whether a table is more than its file's rows: joined, filtered, or with other ids."""
    leads = contract.leads
    if name == "versions":
        return True
    source = {"events": contract.events, "outcomes": contract.outcomes}.get(name, leads)
    if source is None:
        return False
    own = (
        *("tables", "deleted", "deleted_at", "otherwise", "timezone", "dates", "kind_is"),
        *("event_id", "newest_by", "merged_into", "valid_from", "link", "several_leads"),
    )
    by_ids = leads.ids is not None or has_aliases(contract)
    return by_ids or any(getattr(source, each, None) for each in own)


def open_shaped(
    connection: Backend, contract: Contract, *, name: str, only: Sequence[Path] | None = None
) -> ir.Table:
    """Open a table with its own columns, or ours where it is put together from several.

    Parameters
    ----------
    name
        leads, events, outcomes or versions: the former states of the leads.
    only
        Some files of the table, where it is not shaped.

    Raises
    ------
    DataError
        Where a file or a column is missing.
    """
    if is_shaped(contract, name) and is_pushed(connection):
        place = f"leads.{'history' if contract.leads.history else 'valid_from'}"
        raise DataError(
            f"`reading.push_down` reads `{place if name == 'versions' else name}` as it is in the "
            "database. Give a view there that has a row a lead, an event or an outcome, or take "
            "`push_down` out."
        )
    match name:
        case "leads":
            return _leads(connection, contract, only)
        case "versions":
            return _versions(connection, contract)
        case _:
            return _dated(connection, contract, name, only)


def _leads(connection: Backend, contract: Contract, only: Sequence[Path] | None) -> ir.Table:
    rows = _opened(connection, contract.leads, contract, "leads", only)
    if not is_shaped(contract, "leads"):
        return rows
    leads = newest_leads(rows, contract)
    if has_aliases(contract):
        found = _merged(connection, rows, contract)
        aliases = {f"leads.aliases #{n}": each for n, each in enumerate(contract.leads.aliases, 1)}
        require(leads, aliases, contract, contract.leads)
        keep_aliases(connection, leads, found, contract)
    return leads


def _merged(connection: Backend, leads: ir.Table, contract: Contract) -> list[ir.Table]:
    """Return ids that were given up (`cell`) and the lead that each is now (`owner_id`)."""
    found, source = [], contract.leads
    if source.merged is not None:
        rows = _opened(connection, source.merged, contract, "merged")
        own, alias = source.merged.lead_id, source.merged.alias
        named = {"leads.merged.lead_id": own, "leads.merged.alias": alias}
        require(rows, named, contract, source.merged)
        kept = rows_that_count(rows, source.merged, contract, name="leads.merged")
        found.append(
            kept.select(owner_id=kept[own].cast("string"), cell=kept[alias].cast("string"))
        )
    if source.merged_into is not None:
        gone = merged_leads(leads, contract)
        own, into = gone[str(source.lead_id)], gone[source.merged_into]
        found.append(gone.select(owner_id=into.cast("string"), cell=own.cast("string")))
    return found


def _versions(connection: Backend, contract: Contract) -> ir.Table:
    if contract.leads.history is None:
        rows = _opened(connection, contract.leads, contract, "versions")
        return lead_versions(rows, contract)
    return _history(connection, contract.leads.history, contract)


def _history(connection: Backend, source: HistorySource, contract: Contract) -> ir.Table:
    rows = _opened(connection, source, contract, "versions")
    terms = {"lead_id": source.lead_id, "changed_at": source.changed_at, "field": source.field}
    terms |= {"new": source.new} | ({"old": source.old} if source.old else {})
    named = {f"leads.history.{term}": column for term, column in terms.items()}
    require(rows, named, contract, source)
    kept = rows_that_count(rows, source, contract, name="leads.history")
    dated = with_utc(kept, [source.changed_at], source, contract)
    _need_aliases(connection, contract)
    return with_owners(connection, dated, source.lead_id, contract)


def _dated(
    connection: Backend, contract: Contract, name: str, only: Sequence[Path] | None
) -> ir.Table:
    source = contract.events if name == "events" else contract.outcomes
    if source is None:
        raise DataError(f"the contract describes no [{name}]")
    if not is_shaped(contract, name):
        return _opened(connection, source, contract, name, only)
    _need_aliases(connection, contract)
    if not source.tables:
        rows = _opened(connection, source, contract, name)
        return dated_rows(connection, rows, source, contract, name=name)
    parts = []
    tables: Mapping[str, EventsTable | OutcomesTable] = source.tables
    told_apart = any(getattr(each, "event_id", None) for each in tables.values())
    for number, (table, each) in enumerate(tables.items()):
        place = f"{name}.tables.{table}"
        rows = _opened(connection, each, contract, f"{name}_{table}")
        shaped = dated_rows(connection, rows, each, contract, name=place)
        plain = in_our_terms(shaped, each, name=table, told_apart=told_apart)
        parts.append(plain.mutate(**{ROW: plain[ROW] + number * ROWS_A_TABLE}))
    return ibis.union(*parts) if len(parts) > 1 else parts[0]


def shaped_list(rows: ir.Table, contract: Contract) -> ir.Table:
    """Read the rows of a one-off list as those of the leads: one form of ids, UTC, `otherwise`."""
    source = contract.leads
    has_id = source.lead_id is not None and source.lead_id in rows.columns
    there = {
        column: tuple(each for each in others if each in rows.columns)
        for column, others in source.otherwise.items()
        if column in rows.columns
    }
    own = source.model_copy(update={"deleted": (), "deleted_at": (), "otherwise": there})
    kept = rows_that_count(rows, own, contract, name="leads")
    if has_id:
        return written_leads(kept, contract)
    return with_utc(kept, [source.created_at], source, contract)


def _need_aliases(connection: Backend, contract: Contract) -> None:
    """Collect the leads' other ids, where the leads were not opened on this connection."""
    if has_aliases(contract) and ALIASES not in connection.list_tables():
        _leads(connection, contract, None)


def _opened(
    connection: Backend,
    source: Source,
    contract: Contract,
    name: str,
    only: Sequence[Path] | None = None,
) -> ir.Table:
    rows = open_source(connection, source, contract=contract, name=name, only=only)
    return rows if ROW in rows.columns else rows.mutate(**{ROW: row_number(rows)})
