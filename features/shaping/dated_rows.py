"""One table of events or outcomes, from each that a system exports."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from leadscore.features.cells import text_cell
from leadscore.features.contract import WHOLE_ROW, EventsTable, OutcomesTable
from leadscore.features.core import slug
from leadscore.features.shaping.lead_ids import OWNER, each_id, own_id, with_owners
from leadscore.features.shaping.lead_rows import require, rows_that_count
from leadscore.features.shaping.local_times import with_utc
from leadscore.features.sources import ROW, open_source, own_columns, row_number

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from leadscore.features.contract import Contract, LinkSource

WHOLE_ROW_CELL = "(event id)"
RECORD = "(record)"
BETWEEN = "\x1f"
EVENT_TERMS = (
    *("occurred_at", "recorded_at", "kind", "value", "source", "medium", "campaign"),
    "landing_page",
)
OUTCOME_TERMS = ("occurred_at", "recorded_at", "stage", "reason", "amount")


def dated_rows(
    connection: Backend,
    rows: ir.Table,
    source: EventsTable | OutcomesTable,
    contract: Contract,
    *,
    name: str,
) -> ir.Table:
    """Shape a table of events or outcomes: rows that count, the leads' own ids, UTC.

    Columns keep the user's names; those that the table lacks get ours: `kind`, `stage` and
    `occurred_at`, and `WHOLE_ROW_CELL`, by which events are told apart.
    """
    kept = rows_that_count(rows, source, contract, name=name)
    require(kept, {f"{name}.lead_id": source.lead_id}, contract, source)
    if source.several_leads:
        kept = kept.mutate(**{source.lead_id: each_id(kept[source.lead_id].cast("string"))})
        kept = kept.filter(text_cell(kept[source.lead_id], contract.reading).notnull())
    kept = _linked(connection, kept, source, contract, name=name)
    if isinstance(source, OutcomesTable) and source.dates:
        kept = _stage_rows(kept, source, contract, name=name)
    if isinstance(source, EventsTable):
        if source.event_id not in {None, WHOLE_ROW}:
            require(kept, {f"{name}.event_id": str(source.event_id)}, contract, source)
        kept = _told_apart(kept, source, contract)
        if source.kind_is is not None:
            kept = kept.mutate(kind=ibis.literal(source.kind_is))
    times = (source.occurred_at, source.recorded_at)
    return with_owners(
        connection, with_utc(kept, times, source, contract), source.lead_id, contract
    )


def _linked(
    connection: Backend,
    rows: ir.Table,
    source: EventsTable | OutcomesTable,
    contract: Contract,
    *,
    name: str,
) -> ir.Table:
    """Write the leads' ids over those of records, a row a lead; records of no lead are left out."""
    if source.link is None:
        return rows
    owners = record_owners(connection, source.link, contract, name=name)
    own = own_id(rows[source.lead_id], contract)
    joined = rows.inner_join(owners, own == owners[RECORD])
    return joined.mutate(**{source.lead_id: joined[OWNER]}).drop(RECORD, OWNER)


def record_owners(
    connection: Backend, link: LinkSource, contract: Contract, *, name: str
) -> ir.Table:
    """Open the table that joins records and leads: columns `RECORD` and `OWNER`, their ids."""
    pairs = open_source(connection, link, contract=contract, name=f"{slug(name, default='')}_link")
    named = {f"{name}.link.id": link.id, f"{name}.link.lead_id": link.lead_id}
    require(pairs, named, contract, link)
    kept = rows_that_count(pairs, link, contract, name=f"{name}.link")
    ids = {RECORD: own_id(kept[link.id], contract), OWNER: own_id(kept[link.lead_id], contract)}
    return kept.select(**ids).drop_null().distinct()


def in_our_terms(
    rows: ir.Table, source: EventsTable | OutcomesTable, *, name: str, told_apart: bool
) -> ir.Table:
    """Select the contract's terms as text, so that tables of several makes are one.

    With `told_apart`, some table's events are, and each has the column `WHOLE_ROW_CELL`.
    """
    terms = EVENT_TERMS if isinstance(source, EventsTable) else OUTCOME_TERMS
    found = {"lead_id": rows[source.lead_id].cast("string")}
    for term in terms:
        column = getattr(source, term, None) or term
        cell = rows[column].cast("string") if column in rows.columns else ibis.null("string")
        found[term] = cell
    if told_apart:
        has_cell = WHOLE_ROW_CELL in rows.columns
        cell = (
            ibis.literal(name + BETWEEN) + rows[WHOLE_ROW_CELL] if has_cell else ibis.null("string")
        )
        found[WHOLE_ROW_CELL] = cell
    return rows.select(**found, **{ROW: row_number(rows)})


def _told_apart(rows: ir.Table, source: EventsTable, contract: Contract) -> ir.Table:
    """Add by what rows are the same event, where the contract says so."""
    if source.event_id is None:
        return rows
    if source.event_id != WHOLE_ROW:
        return rows.mutate(**{WHOLE_ROW_CELL: text_cell(rows[source.event_id], contract.reading)})
    cells = [rows[column].cast("string").fill_null("") for column in own_columns(rows)]
    return rows.mutate(**{WHOLE_ROW_CELL: ibis.literal(BETWEEN).join(cells).hexdigest("md5")})


def _stage_rows(
    rows: ir.Table, source: OutcomesTable, contract: Contract, *, name: str
) -> ir.Table:
    """Make a row a stage of a row with a date a stage; an empty date is a stage not reached."""
    require(
        rows,
        {f"{name}.dates.{stage}": column for stage, column in source.dates.items()},
        contract,
        source,
    )
    parts = [
        rows.mutate(stage=ibis.literal(stage), occurred_at=rows[column].cast("string"))
        for stage, column in source.dates.items()
    ]
    stages = ibis.union(*parts) if len(parts) > 1 else parts[0]
    return stages.filter(text_cell(stages.occurred_at, contract.reading).notnull())
