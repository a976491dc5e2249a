"""Cells read as numbers, as people and systems write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from leadscore.features.cells.number_forms import NUMBER, UNIT, amount, tidied
from leadscore.features.cells.text_cells import text_cell
from leadscore.features.sources import refuse_text

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import ibis.expr.types as ir

    from leadscore.features.contract import Reading

BETWEEN_PARTS, BETWEEN_CELLS = "\x1f", "\x1e"  # ASCII's own separators; no cell holds them

PLAIN = r"^[+-]?[0-9]+(?:\.[0-9]{1,2})?$"  # most cells; not ambiguous whatever the decimal mark
BEYOND_NUMBERS = r"[0-9]e[+-]?[0-9]{3}"  # 1e999

# A number somewhere in a text with its unit: 5 million, but not 5 members or 5 minutes.
_WITH_UNIT = rf"({NUMBER})(?: ?({UNIT})(?:[^a-z]|eur|usd|gbp|chf|$)|[^0-9]|$)"
_TO = r"(?:-|to|bis|till|until|and|und|et|y|e|à|a|au|tot|até|\.\.\.?|…)"
UPPER = rf"{NUMBER}[^0-9a-z]*{_TO}[^0-9]*{_WITH_UNIT}"
_BELOW = (
    r"<=?|≤|under|below|less than|fewer than|up to|max\.?|maximum|unter|weniger als|bis zu|bis|"
    r"höchstens|moins de|jusqu'à|menos de|hasta|meno di|fino a|minder dan|tot|até"
)
# Under 10, or 10 or fewer.
BELOW = (
    rf"^(?:[^0-9]*[^0-9a-z])?(?:{_BELOW})[^0-9]{{0,5}}[0-9]|"
    r"[0-9][^0-9]* (?:or|and|oder|und|ou|et|o|y) (?:less|fewer|under|below|weniger|moins|menos)"
)
BELOW_IT = 0.5  # of the end that it is below: between nothing and the band that begins there


def number_cell(column: ir.Column, reading: Reading) -> ir.FloatingColumn:
    """Read a column as float64, in any of the forms in which people write one number.

    Text may have thousands separators, a currency before or after, a sign before or after, or
    brackets for what is negative, `k`, `Mio.` and the like, or a per cent sign, which changes
    nothing. `reading.decimal` decides forms that are ambiguous, as 1.234 and 1,234 are. Missing
    cells, infinities and what is no number become null.
    """
    if not column.type().is_string():
        return _finite(column.cast("float64"))
    refuse_text(column, expected="numbers")
    return _number(text_cell(column, reading), reading)


def _number(text: ir.StringValue, reading: Reading) -> ir.FloatingColumn:
    return ibis.ifelse(
        text.re_search(PLAIN),
        text.re_extract(PLAIN, 0).try_cast("float64"),
        amount(tidied(text), reading.decimal),
    )


def _finite(number: ir.FloatingValue) -> ir.FloatingColumn:
    return ibis.ifelse(number.isnan() | number.isinf(), ibis.null("float64"), number)


def measure_cell(column: ir.Column, reading: Reading) -> ir.FloatingValue:
    """Read a number as `number_cell` does, or a band such as 51-200, 1,000+ or under 10.

    A band is its lower end, so that bands keep their order; one without a lower end is half of
    its upper end. Words beside the number do not matter: "250 employees" is 250. In bands and
    beside words, 1.234 and 1,234 are thousands. Cells with a missing word must be null already.
    """
    if not column.type().is_string():
        return column.cast("float64")
    return ibis.coalesce(_number(column, reading), _lower_end(tidied(column), reading))


def _lower_end(text: ir.StringValue, reading: Reading) -> ir.FloatingValue:
    lower, own = _found(text, _WITH_UNIT, reading)
    upper, shared = _found(text, UPPER, reading)
    # 1-5 million begins at a million, but 500-1M at 500.
    inherits = (own == "") & (lower < upper)
    times = amount("1" + ibis.ifelse(inherits, shared, own), reading.decimal)
    end = lower * times
    begun = ibis.ifelse(text.re_search(BELOW), end * BELOW_IT, end)
    return ibis.ifelse(text.re_search(BEYOND_NUMBERS), ibis.null("float64"), begun)


def _found(
    text: ir.StringValue, pattern: str, reading: Reading
) -> tuple[ir.FloatingValue, ir.StringValue]:
    """Return the number that a pattern finds, and its unit; null and empty where none."""
    digits, unit = (text.re_extract(pattern, group).fill_null("") for group in (1, 2))
    return amount(digits, reading.decimal, thousands=(".", ",")), unit


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
            measured = name in measures
            number = measure_cell(text, reading) if measured else number_cell(column, reading)
            cell = ibis.literal(name + BETWEEN_PARTS) + text + BETWEEN_CELLS
            found = found + ibis.ifelse(text.notnull() & number.isnull(), cell, "")
    return found.nullif("")
