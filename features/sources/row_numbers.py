"""Numbers of rows, by which a quarantine names them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

if TYPE_CHECKING:
    import ibis.expr.types as ir

ROWS_A_TABLE = 10**12  # where a table is made of several, rows of the second begin behind it
ROW = "(row)"  # no export calls a column that


def numbered_copy(copy: ir.Table) -> ir.Table:
    """Add to a DuckDB table the numbers of its rows in the order in which they were inserted."""
    return copy.mutate(**{ROW: copy.rowid() + 1})


def row_number(raw: ir.Table) -> ir.IntegerValue:
    """Return the numbers of rows, from 1; in any order where theirs is not known."""
    return raw[ROW] if ROW in raw.columns else ibis.row_number() + 1


def own_columns(raw: ir.Table) -> list[str]:
    """List the columns of an opened table but for the row numbers."""
    return [column for column in raw.columns if column != ROW]
