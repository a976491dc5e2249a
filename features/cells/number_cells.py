"""Cells read as numbers, as people and systems write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from leadscore.features.cells.text_cells import text_cell
from leadscore.features.sources import refuse_text

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import ibis.expr.types as ir

    from leadscore.features.contract import Reading

# 1,000,000 or 1.000.000 but not 1234.567, and 1,5 for a half more than one.
THOUSANDS = (
    (r"\b(\d{1,3})[,.' ](\d{3})[,.' ](\d{3})[,.' ](\d{3})\b", r"\1\2\3\4"),
    (r"\b(\d{1,3})[,.' ](\d{3})[,.' ](\d{3})\b", r"\1\2\3"),
    (r"\b([1-9]\d{0,2})[,.' ](\d{3})\b", r"\1\2"),
    (r"(\d),(\d{1,2})\b", r"\1.\2"),
)
# 5k, 5 m, 5 mn, 5 million, 5 Mio, 5bn; not 5 members, 5 minutes or 5 Mitarbeiter.
MILLIONS = r"\d\s*(k|m|b)(?:\W|$|n\b|io\b|illi)"
BEYOND_NUMBERS = r"\de[+-]?\d{3}"  # 1e999

BETWEEN_PARTS, BETWEEN_CELLS = "\x1f", "\x1e"  # ASCII's own separators; no cell holds them


def number_cell(column: ir.Column, reading: Reading) -> ir.FloatingColumn:
    """Read a column as float64; text may carry thousands separators, a currency or a per cent sign.

    `reading.decimal` decides forms that are ambiguous, as 1.234 and 1,234 are. Missing cells,
    infinities and what is no number become null.
    """
    if not column.type().is_string():
        number = column.cast("float64")
        return ibis.ifelse(number.isnan() | number.isinf(), ibis.null("float64"), number)
    refuse_text(column, expected="numbers")
    text = text_cell(column, reading).re_replace(r"[\s\x{00A0}\x{202F}'’€$£¥%]", "")
    plain = _with_points(text) if reading.decimal == "," else _with_points_by_form(text)
    number = plain.try_cast("float64")
    return ibis.ifelse(number.isnan() | number.isinf(), ibis.null("float64"), number)


def _with_points(text: ir.StringValue) -> ir.StringValue:
    """Write 1.234,5 and 1.234 as 1234.5 and 1234; other forms stay as they are."""
    european = text.re_search(r"^[+-]?(\d+|[1-9]\d{0,2}(\.\d{3})+)(,\d+)?$")
    return ibis.ifelse(european, text.replace(".", "").replace(",", "."), text)


def _with_points_by_form(text: ir.StringValue) -> ir.StringValue:
    """Write numbers with a decimal point; the ambiguous 1,234 is a thousand."""
    grouped = text.re_search(r"^[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?$")
    european = text.re_search(r"^[+-]?\d{1,3}(\.\d{3})+,\d+$|^[+-]?\d{1,3}(\.\d{3}){2,}$")
    decimal_comma = text.re_search(r"^[+-]?\d+,\d+$")
    return ibis.cases(
        (grouped, text.replace(",", "")),
        (european, text.replace(".", "").replace(",", ".")),
        (decimal_comma, text.replace(",", ".")),
        else_=text,
    )


def measure_cell(column: ir.Column) -> ir.FloatingValue:
    """Read a number, or the lower end of a band such as 51-200 or 1,000+."""
    if not column.type().is_string():
        return column.cast("float64")
    digits = column.lower()
    for pattern, joined in THOUSANDS:
        digits = digits.re_replace(pattern, joined)
    found = digits.re_extract(r"\d+(?:\.\d+)?(?:e[+-]?\d{1,2}\b)?", 0).try_cast("float64")
    is_beyond = digits.re_search(BEYOND_NUMBERS).fill_null(False)
    unit = digits.re_extract(MILLIONS, 1)
    number = found * unit.cases(("k", 1e3), ("m", 1e6), ("b", 1e9), else_=1.0)
    return ibis.ifelse(is_beyond, ibis.null("float64"), number)


def unreadable_numbers(
    columns: Mapping[str, ir.Column], reading: Reading, *, measures: Collection[str] = ()
) -> ir.StringValue:
    """Name the cells of a row that should be numbers and hold something else.

    `columns` are the number columns by the user's names; `measures` may hold bands. Returns
    `column␟value␞` a cell; null where every cell is a number or missing.
    """
    found: ir.StringValue = ibis.literal("")
    for name, column in columns.items():
        if column.type().is_string():
            text = text_cell(column, reading)
            number = measure_cell(text) if name in measures else number_cell(column, reading)
            cell = ibis.literal(name + BETWEEN_PARTS) + text + BETWEEN_CELLS
            found = found + ibis.ifelse(text.notnull() & number.isnull(), cell, "")
    return found.nullif("")
