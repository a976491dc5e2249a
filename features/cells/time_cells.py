"""Cells read as moments in UTC: dates, times and zones, counts of seconds, Excel's days."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from leadscore.features.cells.date_forms import year_first
from leadscore.features.cells.number_forms import SPACE
from leadscore.features.cells.text_cells import text_cell
from leadscore.features.sources import is_pushed, refuse_text

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from leadscore.features.contract import Reading

# Most cells: ISO 8601 without a zone, or with one directly behind the seconds.
_DATE, _CLOCK = r"\d{4}-\d{2}-\d{2}", r"[ T]\d{2}:\d{2}:\d{2}(?:\.\d+)?"
PLAIN_LOCAL = rf"^{_DATE}(?:{_CLOCK})?$"
PLAIN_ZONED = rf"^{_DATE}{_CLOCK}(?:Z|[+-]\d{{2}}:?\d{{2}})$"
# Numbers with the year last; the third of the plain forms.
PLAIN_NUMBERED = r"^(\d{1,2})[./-](\d{1,2})[./-](\d{4})( \d{1,2}:\d{2}(?::\d{2})?)?$"
# A zone at the end of others: Z, UTC, +01:00, GMT+0100 or +01 after a time, or an IANA name.
ZONE = (
    r":\d{2}(?:[.,]\d+)?\s*(?:[Zz]|UTC|GMT|(?:UTC|GMT)?\s*[+-]\d{2}(?::?\d{2})?)(?:\s*\(.*\))?$|"
    r"[A-Za-z]+/[A-Za-z_]+\]?$|T\d{6}Z$"
)
HALF_DAYS = r"\d\s*[AaPp]\.?\s?[Mm]\.?$"
# Year first, as `year_first` writes it. The year has four digits, or 31/12/24 were the year 31.
ISO_PATTERN = r"^\d{4}-\d{1,2}-\d{1,2}(?: \d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?$"

# Since 1970 in seconds, milli-, micro- or nanoseconds, from 2001 to 2033: 10, 13, 16 or 19 digits.
EPOCH_PATTERN = r"1\d{9}(?:\d{3}){0,3}"
EPOCH_DIGITS = 16  # of microseconds
MOST_EXACT = 1e14  # larger numbers with a fraction are written with an exponent as text

# Excel's days since 1899-12-30, from 1954 to 2091; the fraction is the time of day.
EXCEL_PATTERN = r"[2-6]\d{4}(?:[.,]\d+)?"
EXCEL_EPOCH_DAYS = 25_569  # until 1970
MILLISECONDS_A_DAY = 86_400_000  # the fraction is not more exact

# DuckDB reads a zone only directly behind seconds.
TIDYINGS = (
    (r"\s*(?:\[\w+/\w+\]|\(.*\))$", ""),  # 10:30:15+02:00[Europe/Amsterdam], as Java writes it
    (r"\s*(?:UTC|GMT)\s*([+-]\d)", r"\1"),
    (r"\s*(?:UTC|GMT|[Zz])$", "Z"),
    (r"(:\d{2}(?:\.\d+)?)\s+([+-]\d{2})", r"\1\2"),
    (r"( \d{1,2}:\d{2})(Z|[+-]\d{2}|$)", r"\1:00\2"),
)
HALF_DAY_FORMATS = tuple(
    f"%Y-%m-%d {time}" for time in ("%I:%M %p", "%I:%M:%S %p", "%I:%M:%S.%f %p", "%I %p")
)


@ibis.udf.scalar.builtin(name="timezone", signature=((str, "timestamp('UTC')"), "timestamp"))
def _wall_clock(zone, instant):  # type: ignore[no-untyped-def]
    """Call DuckDB's function: an instant as wall-clock time in a zone."""


@ibis.udf.scalar.builtin(name="timezone", signature=((str, "timestamp"), "timestamp('UTC')"))
def _instant(zone, wall_clock):  # type: ignore[no-untyped-def]
    """Call DuckDB's function: wall-clock time in a zone as an instant."""


@ibis.udf.scalar.builtin(name="epoch_us", signature=(("timestamp('UTC')",), "int64"))
def _microseconds(instant):  # type: ignore[no-untyped-def]
    """Call DuckDB's function: an instant in microseconds since 1970."""


@ibis.udf.scalar.builtin(name="make_timestamp", signature=(("int64",), "timestamp"))
def _moment(microseconds):  # type: ignore[no-untyped-def]
    """Call DuckDB's function: microseconds since 1970 as a time without a zone."""


@ibis.udf.scalar.builtin(name="try_strptime", signature=((str, "array<string>"), "timestamp"))
def _by_formats(text, formats):  # type: ignore[no-untyped-def]
    """Call DuckDB's function: the first of several formats that fits, or null."""


def time_cell(column: ir.Column, reading: Reading) -> ir.TimestampColumn:
    """Read a column as a moment in UTC without a zone; null where missing or unreadable.

    Timestamps with or without a zone, dates, or text: ISO 8601; with slashes, dots or names of
    months, day first where `reading.day_first`; seconds, milli-, micro- or nanoseconds since 1970;
    or Excel's days. A cell without a zone is in that of `reading.timezone`.
    """
    kind = column.type()
    if kind.is_timestamp() and kind.timezone is not None:
        if is_pushed(ibis.get_backend(column)):
            return _wall_clock("UTC", column)
        # Nine times as fast as asking for the wall clock in UTC, which looks into a calendar.
        return _moment(_microseconds(column.cast("timestamp('UTC')")))
    if kind.is_timestamp() or kind.is_date():
        return _localised(column.cast("timestamp"), reading)
    refuse_text(column, expected="moments")
    text = text_cell(_written_out(column), reading)
    order = r"\3-\2-\1\4" if reading.day_first else r"\3-\1-\2\4"
    numbered = text.re_replace(PLAIN_NUMBERED, order).try_cast("timestamp")
    # The plain forms come first: they are read many times as fast as what people write.
    return ibis.cases(
        (text.re_search(PLAIN_LOCAL), _localised(text.try_cast("timestamp"), reading)),
        (text.re_search(PLAIN_ZONED), _zoned(text)),
        (text.re_search(PLAIN_NUMBERED), _localised(numbered, reading)),
        (text.re_search(rf"^{EPOCH_PATTERN}(?:\.\d*)?$"), _since_1970(text)),
        (text.re_search(f"^{EXCEL_PATTERN}$"), _localised(_excel_day(text), reading)),
        else_=_written_by_people(text, reading),
    )


def _written_out(column: ir.Column) -> ir.Column:
    """Write large numbers without an exponent."""
    if not column.type().is_floating():
        return column
    whole = ibis.ifelse(column.abs() >= MOST_EXACT, column, None).try_cast("int64")
    return ibis.coalesce(whole.cast("string"), column.cast("string"))


def _zoned(text: ir.StringValue) -> ir.TimestampValue:
    return _wall_clock("UTC", text.try_cast("timestamp('UTC')"))


def _since_1970(text: ir.StringValue) -> ir.TimestampValue:
    """Read a count of seconds or parts of them by its length; it is always in UTC."""
    digits = text.replace(".", "").rpad(EPOCH_DIGITS, "0").left(EPOCH_DIGITS)
    return _moment(digits.try_cast("int64"))


def _excel_day(text: ir.StringValue) -> ir.TimestampValue:
    days = text.replace(",", ".").try_cast("float64") - EXCEL_EPOCH_DAYS
    return _moment((days * MILLISECONDS_A_DAY).round().cast("int64") * 1000)


def _written_by_people(text: ir.StringValue, reading: Reading) -> ir.TimestampValue:
    """Read dates that are not plain ISO 8601: 31/12/2024 18:05, Dec 31, 2024, 2:05 PM."""
    text = text.re_replace(SPACE, " ")
    written = year_first(text, day_first=reading.day_first)
    for pattern, tidy in TIDYINGS:
        written = written.re_replace(pattern, tidy)
    by_halves = _by_formats(written, ibis.array(list(HALF_DAY_FORMATS)))
    local = written.re_extract(ISO_PATTERN, 0).try_cast("timestamp")
    return ibis.cases(
        (text.re_search(HALF_DAYS), _localised(by_halves, reading)),
        (text.re_search(ZONE), _zoned(written)),
        else_=_localised(local, reading),
    )


def _localised(wall_clock: ir.TimestampColumn, reading: Reading) -> ir.TimestampColumn:
    if reading.timezone == "UTC":
        return wall_clock
    return _wall_clock("UTC", _instant(reading.timezone, wall_clock))
