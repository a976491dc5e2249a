"""The leads table in the contract's terms: one row a lead, its attributes read as their types."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from leadscore.features.core.errors import DataError
from leadscore.features.sources.row_numbers import own_columns, row_number
from leadscore.features.sources.source_tables import open_source, place_of
from leadscore.features.tables.attributes import attributes_of, read_attributes
from leadscore.features.tables.cell_parsing import text_cell, time_cell, unreadable_numbers
from leadscore.features.tables.screening import UNREADABLE, broken_lines, screen

if TYPE_CHECKING:
    from pathlib import Path

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from leadscore.features.contract.contract import Contract
    from leadscore.features.tables.attributes import Attribute
    from leadscore.features.tables.screening import Screened


def screen_leads(
    connection: Backend, raw: ir.Table, contract: Contract, *, leads_file: Path | None = None
) -> tuple[Screened, tuple[Attribute, ...]]:
    """Type and screen the leads; of rows with the same id the earliest is kept.

    Parameters
    ----------
    raw
        The opened table, as `sources.source_tables.open_source` gives it.
    leads_file
        A one-off list in place of the contract's leads, which stay as the past of it.

    Returns
    -------
    tuple
        The screened rows (columns `lead_id`, `created_at`, `account`, `target`, `listed` and one
        an attribute) and the attributes.

    Raises
    ------
    DataError
        Where the contract names a column that the table lacks.
    """
    place = place_of(contract, contract.leads)
    attributes = attributes_of(contract, raw.select(own_columns(raw)).schema(), place=place)
    names = _reserved_columns(raw, contract, place=place, with_target=True)
    typed = _typed(raw, contract, attributes, names)
    if leads_file is not None:
        listed = _listed(connection, contract, attributes, leads_file)
        typed = _with_past(listed, typed) if contract.leads.lead_id is not None else listed
    return _screened(connection, typed), attributes


def _listed(
    connection: Backend, contract: Contract, attributes: tuple[Attribute, ...], leads_file: Path
) -> ir.Table:
    """Open a one-off file, which has the contract's columns but need not have a target."""
    given = {"path": str(leads_file.resolve()), "address": None, "table": None}
    source = contract.leads.model_copy(update=given)
    raw = open_source(connection, source, contract=contract, name="listed")
    for each in attributes:
        if each.column not in raw.columns:
            setting = f'leads.columns."{each.column}"'
            raise DataError.from_missing_column(
                leads_file, each.column, own_columns(raw), setting=setting
            )
    names = _reserved_columns(raw, contract, place=str(leads_file), with_target=False)
    return _typed(raw, contract, attributes, names)


def _with_past(listed: ir.Table, past: ir.Table) -> ir.Table:
    """Add the other leads; without dates nothing can be learnt from them."""
    if not past.created_at.notnull().any().to_pyarrow().as_py():
        return listed
    return ibis.union(listed, past.anti_join(listed, "lead_id").mutate(listed=False))


def _reserved_columns(
    raw: ir.Table, contract: Contract, *, place: str, with_target: bool
) -> dict[str, str]:
    """Find the user's columns for our terms; all that the contract promises must be there."""
    source = contract.leads
    dated = contract.events is not None or contract.outcomes is not None
    found = {}
    for term, given, required in (
        ("lead_id", source.lead_id, dated),
        ("created_at", source.created_at, dated),
        ("account", source.account, False),
        ("target", source.target if with_target else None, False),
    ):
        by_default = term if term in {"lead_id", "created_at"} else None
        column = given or by_default
        if column is None:
            continue
        if column in raw.columns:
            found[term] = column
        elif given is not None or required:
            raise DataError.from_missing_column(
                place, column, own_columns(raw), setting=f"leads.{term}"
            )
    return found


def _typed(
    raw: ir.Table, contract: Contract, attributes: tuple[Attribute, ...], names: dict[str, str]
) -> ir.Table:
    """Read every cell; where the file has no id, the row's number becomes it."""
    reading = contract.reading
    row, nothing = row_number(raw), ibis.null("string")
    own = {term: raw[column] for term, column in names.items()}
    lead_id, created = own.get("lead_id"), own.get("created_at")
    account, target = own.get("account"), own.get("target")
    # A personal cell is not shown, even where it is not the number it should be.
    impersonal = [each for each in attributes if each.role != "personal"]
    numbers = {each.column: raw[each.column] for each in impersonal if each.type == "number"}
    return raw.select(
        row=row,
        lead_id=row.cast("string") if lead_id is None else text_cell(lead_id, reading),
        created_at=ibis.null("timestamp") if created is None else time_cell(created, reading),
        account=nothing if account is None else text_cell(account, reading).lower(),
        target=ibis.null("float64") if target is None else _target(target, contract),
        **read_attributes(raw, attributes, reading),
        raw_created_at=nothing if created is None else text_cell(created, reading),
        **{UNREADABLE: unreadable_numbers(numbers, reading)},
        listed=True,
    )


def _screened(connection: Backend, typed: ir.Table) -> Screened:
    first = ibis.window(group_by="lead_id", order_by=["created_at", "row"])
    ranked = typed.mutate(copy=ibis.row_number().over(first))
    unreadable_date = ranked.created_at.isnull() & ranked.raw_created_at.notnull()
    return screen(
        connection,
        ranked,
        name="leads",
        faults=(
            ("lead_id", ranked.lead_id.isnull(), ranked.lead_id, "no lead_id"),
            ("created_at", unreadable_date, ranked.raw_created_at, "not a date that can be read"),
            ("lead_id", ranked["copy"] > 0, ranked.lead_id, "lead_id stands in an earlier row"),
        ),
        helpers=("raw_created_at", "copy"),
        broken=broken_lines(connection, "leads", "listed"),
    )


def _target(column: ir.Column, contract: Contract) -> ir.FloatingColumn:
    """Read 1, 0 or null by the contract's words, without case; `1.0` and `1` are the same."""
    text = text_cell(column, contract.reading).lower().re_replace(r"^(-?\d+)\.0+$", r"\1")
    positive = [word.strip().lower() for word in contract.leads.positive]
    negative = [word.strip().lower() for word in contract.leads.negative]
    return ibis.cases((text.isin(positive), 1.0), (text.isin(negative), 0.0), else_=None)
