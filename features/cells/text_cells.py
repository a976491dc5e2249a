"""Cells read as text, with the words that say that nothing is known as null."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from leadscore.features.contract import Reading

# Several choices in a cell, as HubSpot writes a;b;c; what people write is longer, or has an end.
LIST_PATTERN = r"^[^;|.!?]{1,40}(?:[;|]+[^;|.!?]{1,40})+[;|]*$"


def text_cell(column: ir.Column, reading: Reading) -> ir.StringColumn:
    """Read a column as text: trimmed, with the words of `reading.missing` in any case as null."""
    text = column.cast("string").strip()
    words = sorted({"", *(word.strip().lower() for word in reading.missing)})
    return ibis.ifelse(text.lower().isin(words), ibis.null("string"), text)


def list_cell(column: ir.Column, reading: Reading) -> ir.StringColumn:
    """Read a column as text, and a list of choices as the set of them: `b; a` and `a|b` are `a;b`.

    Text that is no such list is as `text_cell` reads it.
    """
    text = text_cell(column, reading)
    parts = text.re_replace(r"\s*[;|][\s;|]*", ";").re_replace("^;|;$", "").split(";")
    return ibis.ifelse(text.re_search(LIST_PATTERN), parts.unique().sort().join(";"), text)
