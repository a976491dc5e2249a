"""Cells read as yes or no, in the languages that people and systems write them in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from leadscore.features.cells.text_cells import text_cell

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from leadscore.features.contract import Reading

# English, German, French, Spanish, Italian, Portuguese, Dutch; in lower case.
YES = (
    "1", "true", "t", "yes", "y", "x", "on", "ja", "j", "wahr", "oui", "vrai", "sí", "si", "sì",
    "verdadero", "vero", "sim", "verdadeiro", "waar",
)  # fmt: skip
NO = (
    "0", "false", "f", "no", "n", "off", "nein", "falsch", "non", "faux", "falso", "não",
    "nao", "nee", "onwaar",
)  # fmt: skip


def flag_cell(column: ir.Column, reading: Reading) -> ir.BooleanColumn:
    """Read a column as true or false: flags, 1 and 0, or words; null for everything else.

    The words are those of seven languages in any case: yes and no, ja and nein, vrai and faux.
    """
    if column.type().is_boolean():
        return column
    text = text_cell(column, reading).lower().re_replace(r"^([01])\.0+$", r"\1")
    flags = ((text.isin(words), ibis.literal(value)) for words, value in ((YES, True), (NO, False)))
    return ibis.cases(*flags)
