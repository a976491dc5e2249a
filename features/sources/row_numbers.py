"""The numbers of rows as they stand, by which a quarantine names them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

if TYPE_CHECKING:
    import ibis.expr.types as ir

ROW = "(row)"  # no export calls a column that


def numbered_copy(copy: ir.Table) -> ir.Table:
    """Give the rows of a table of DuckDB's own their numbers, in the order they came in."""
    return copy.mutate(**{ROW: copy.rowid() + 1})


def row_number(raw: ir.Table) -> ir.IntegerValue:
    """Give the rows their numbers, from 1; where nobody knows how they stand, in any order."""
    return raw[ROW] if ROW in raw.columns else ibis.row_number() + 1


def own_columns(raw: ir.Table) -> list[str]:
    """List the columns that an opened table has of its own."""
    return [column for column in raw.columns if column != ROW]
