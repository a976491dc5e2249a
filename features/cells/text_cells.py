"""Cells read as text, with the words that say that nothing is known as null."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from leadscore.features.contract import Reading


def text_cell(column: ir.Column, reading: Reading) -> ir.StringColumn:
    """Read a column as text: trimmed, with the words of `reading.missing` in any case as null."""
    text = column.cast("string").strip()
    words = sorted({"", *(word.strip().lower() for word in reading.missing)})
    return ibis.ifelse(text.lower().isin(words), ibis.null("string"), text)
