"""Cells that say yes or no."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from leadscore.features.cells.text_cells import text_cell

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from leadscore.features.contract import Reading

YES = ("true", "t", "1", "yes", "y", "x")
NO = ("false", "f", "0", "no", "n")


def flag_cell(column: ir.Column, reading: Reading) -> ir.BooleanValue:
    """Read a column as yes or no; null where missing or neither."""
    if column.type().is_boolean():
        return column
    text = text_cell(column, reading).lower().re_replace(r"^(-?\d+)\.0+$", r"\1")
    return ibis.cases((text.isin(YES), True), (text.isin(NO), False), else_=None)
