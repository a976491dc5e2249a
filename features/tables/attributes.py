"""The attribute columns of the leads table: the user's name, role and type, and ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from leadscore.features.cells import list_cell, number_cell, text_cell
from leadscore.features.contract import TERMS, ColumnSpec, ColumnType, Contract, Reading, Role
from leadscore.features.core import DataError, slug, unique

if TYPE_CHECKING:
    from collections.abc import Mapping

    import ibis
    import ibis.expr.types as ir

MEASURED = ("company_size", "revenue")  # text where they are bands, but numbers may stay numbers


@dataclass(frozen=True)
class Attribute:
    """One attribute of a lead."""

    name: str  # the contract's term, or `lead_` and the plain form of the user's name
    column: str  # the user's name
    role: Role
    term: str | None
    type: ColumnType


def attributes_of(contract: Contract, schema: ibis.Schema, *, place: str) -> tuple[Attribute, ...]:
    """Find the attributes of a leads table, all but the ignored, in the contract's order.

    `place` is what messages call the table; a missing column raises `DataError`.
    """
    used = {"lead_id"}  # of a column that is called ID
    attributes = []
    for column, spec in contract.leads.columns.items():
        if column not in schema.names:
            raise DataError.from_missing_column(
                place, column, schema.names, setting=f'leads.columns."{column}"'
            )
        if spec.role == "ignored":
            continue
        name = spec.term or unique(f"lead_{slug(column, default='column')}", used)
        used.add(name)
        kind = _type(spec, schema[column])
        attributes.append(Attribute(name, column, spec.role, spec.term, kind))
    return tuple(attributes)


def read_attributes(
    raw: ir.Table, attributes: tuple[Attribute, ...], reading: Reading
) -> Mapping[str, ir.Column]:
    """Read each attribute's cells as its type, by its name."""
    return {each.name: read_cell(raw[each.column], each, reading) for each in attributes}


def read_cell(column: ir.Column, attribute: Attribute, reading: Reading) -> ir.Column:
    """Read cells as the type of an attribute."""
    if attribute.type == "number":
        return number_cell(column, reading)
    # What a term means is one text: a job title, a page's address.
    choices = attribute.term is None and attribute.role in {"firmographic", "channel"}
    return list_cell(column, reading) if choices else text_cell(column, reading)


def _type(spec: ColumnSpec, stored: ibis.DataType) -> ColumnType:
    """Take the type of the contract, else of the term, else how the column is stored."""
    if spec.type is not None:
        return spec.type
    if spec.term is not None and not (spec.term in MEASURED and stored.is_numeric()):
        return TERMS[spec.role][spec.term]
    return "number" if stored.is_numeric() else "text"
