"""Cells read as moments in UTC: dates, times and zones, and counts of seconds since 1970."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from leadscore.features.cells.text_cells import text_cell
from leadscore.features.sources import is_pushed, refuse_text

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from leadscore.features.contract import Reading

# A zone at the end of a timestamp: Z, +01:00, +0100, +01 after a time, or an IANA name.
ZONE_PATTERN = r"(:\d{2}(\.\d+)?(Z|[+-]\d{2}(:?\d{2})?))$|[A-Za-z]+/[A-Za-z_]+$"
# Without a zone. The year stands first and has four digits, or 31/12/24 would be the year 31.
ISO_PATTERN = r"^\d{4}-\d{1,2}-\d{1,2}([ T][\d:.]+)?$"

# Since 1970 in seconds, milliseconds or microseconds, from 2001 to 2033: 10, 13 or 16 digits.
EPOCH_PATTERN = r"1\d{9}(\d{3}){0,2}"
EPOCH_DIGITS = 16  # of microseconds

# DuckDB reads a zone only directly behind seconds.
TIDYINGS = (
    (r"^(\d{4})/?(\d{2})/?(\d{2})\b", r"\1-\2-\3"),
    (r"\s*\[\w+/\w+\]$", ""),  # 10:30:15+02:00[Europe/Amsterdam], as Java writes it
    (r"(:\d{2}(?:\.\d+)?)\s*(?:UTC|GMT|[Zz])$", r"\1Z"),
    (r"(:\d{2}(?:\.\d+)?)\s+([+-]\d{2})", r"\1\2"),
    (r"([ T]\d{2}:\d{2})(Z|[+-]\d{2}|$)", r"\1:00\2"),
)

TIME_SUFFIXES = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p")
# Years of two digits come first: %Y would read 24 as the year 24.
DAY_FIRST = ("%d/%m/%y", "%d/%m/%Y")
MONTH_FIRST = ("%m/%d/%y", "%m/%d/%Y")
NAMED_MONTHS = ("%d %b %y", "%d %b %Y", "%d %B %Y", "%b %d %Y", "%B %d %Y")


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

    Timestamps with or without a zone, dates, or text: ISO 8601; with slashes, dots or month
    names, day first where `reading.day_first`; or seconds, milliseconds or microseconds since
    1970. A cell without a zone is in that of `reading.timezone`.
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
    text = text_cell(column, reading)
    for pattern, tidy in TIDYINGS:
        text = text.re_replace(pattern, tidy)
    zoned = _wall_clock("UTC", text.try_cast("timestamp('UTC')"))
    local = ibis.ifelse(
        text.re_search(ISO_PATTERN), text.try_cast("timestamp"), _written_by_people(text, reading)
    )
    return ibis.cases(
        (text.re_search(ZONE_PATTERN), zoned),
        (text.re_search(rf"^{EPOCH_PATTERN}(\.\d*)?$"), _since_1970(text)),
        else_=_localised(local, reading),
    )


def _since_1970(text: ir.StringValue) -> ir.TimestampValue:
    """Read a count of seconds, milliseconds or microseconds by its length; it is always in UTC."""
    whole = text.re_extract(r"^\d+", 0)
    return _moment(whole.rpad(EPOCH_DIGITS, "0").try_cast("int64"))


def _written_by_people(text: ir.StringColumn, reading: Reading) -> ir.TimestampColumn:
    """Read dates that are not ISO 8601: 31/12/2024 18:05, 31.12.24, Dec 31, 2024, 31-DEC-24."""
    slashed = text.re_replace(r"^(\d{1,2})[./-](\d{1,2})[./-](\d{2,4})\b", r"\1/\2/\3")
    spaced = slashed.re_replace(r"^(\w+)[ -](\w+),?[ -](\d{4}|\d{2})\b", r"\1 \2 \3")
    slashes = DAY_FIRST if reading.day_first else MONTH_FIRST
    dates = (*slashes, *NAMED_MONTHS, "%Y-%m-%d")
    formats = [date + time for date in dates for time in TIME_SUFFIXES]
    # DuckDB takes words such as "epoch" and "infinity" for moments; they have no digits.
    read = _by_formats(spaced, ibis.array(formats))
    return ibis.ifelse(text.re_search(r"\d"), read, ibis.null("timestamp"))


def _localised(wall_clock: ir.TimestampColumn, reading: Reading) -> ir.TimestampColumn:
    if reading.timezone == "UTC":
        return wall_clock
    return _wall_clock("UTC", _instant(reading.timezone, wall_clock))
