"""Dates as people write them, rewritten year first: 31.12.24, Dec 31, 2024, 31. Dezember 2024.

Each step replaces once in the text of the step before, so that none is computed twice.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from babel import Locale

if TYPE_CHECKING:
    import ibis.expr.types as ir

LANGUAGES = ("en", "de", "de_AT", "fr", "es", "it", "nl", "pt")  # whose names of months are read

_WORD = r"[^0-9\s.,/-]{3,12}"  # a month or, before it, a weekday
_DAY = "([0-9]{1,2})(?:st|nd|rd|th|er|º|°)?"
_TIDY = (
    (r"^([0-9]{4})[/.]([0-9]{1,2})[/.]([0-9]{1,2})\b", r"\1-\2-\3"),
    (r"^([0-9]{4})([0-9]{2})([0-9]{2})\b", r"\1-\2-\3"),
    (r"^([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})([0-9]{2})", r"\1-\2-\3 \4:\5:\6"),
)
_NOT_ISO = (r"^([0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{2,4})[Tt]([0-9])", r"\1 \2")
# A year of two digits is one from 1970 to 2069.
_CENTURIES = (
    (r"^([0-9]{1,2}[./-][0-9]{1,2}[./-])([0-6][0-9])\b", r"\120\2"),
    (r"^([0-9]{1,2}[./-][0-9]{1,2}[./-])([7-9][0-9])\b", r"\119\2"),
)
_BY_NUMBERS = r"^([0-9]{1,2})[./-]([0-9]{1,2})[./-]([0-9]{4})\b"
_DAY_MONTH = (
    rf"^(?:{_WORD}\.?,? )?{_DAY}\.?[ -]?(?:de )?({_WORD})\.?,?[ -](?:del? )?"
    r"([0-9]{4}|[0-9]{2})\b"
)
_BY_NAME = (
    (_DAY_MONTH, r"\3-\2-\1"),
    (rf"^(?:{_WORD}\.?,? )?({_WORD})\.?[ -]{_DAY},?[ -]([0-9]{{4}})\b", r"\3-\1-\2"),
)
_NAMED_CENTURIES = (
    (r"^([0-6][0-9])-([0-9]{2}-[0-9])", r"20\1-\2"),
    (r"^([7-9][0-9])-([0-9]{2}-[0-9])", r"19\1-\2"),
)
_CLOCK = (
    (r"^([0-9]{4}-[0-9]{1,2}-[0-9]{1,2})(?:[ ,]*(?:at|um|à|a las|alle|às|om)? |,|[Tt])", r"\1 "),
    (r"^([0-9-]{8,10} [0-9]{1,2})h([0-9]{2})", r"\1:\2"),
    (r"(:[0-9]{2}),([0-9]{1,9})\b", r"\1.\2"),
    (r"(?i) ?uhr$", ""),
    (r"(?i)([0-9]) ?([ap])\.? ?m\.?$", r"\1 \2M"),
)


def year_first(text: ir.StringValue, *, day_first: bool) -> ir.StringValue:
    """Write a date as 2024-12-31 and a time behind it; what is no date stays as it is.

    The text has single blanks.
    `day_first` decides about dates that are written in numbers with the year last.
    """
    order = r"\3-\2-\1" if day_first else r"\3-\1-\2"
    steps = (
        *_TIDY,
        _NOT_ISO,
        *_CENTURIES,
        (_BY_NUMBERS, order),
        *_BY_NAME,
        *_months(),
        *_NAMED_CENTURIES,
        *_CLOCK,
    )
    for pattern, replacement in steps:
        text = text.re_replace(pattern, replacement)
    return text


@cache
def _months() -> tuple[tuple[str, str], ...]:
    """Put a month's number for its name, where the name stands behind the year."""
    return tuple(
        (rf"(?i)^([0-9]{{2,4}})-(?:{'|'.join(names)})-", rf"\1-{month:02}-")
        for month, names in enumerate(names_of_months(), start=1)
    )


def names_of_months() -> list[list[str]]:
    """List the names and short forms of each month in lower case, with and without accents.

    Examples
    --------
    >>> [name for name in names_of_months()[4] if name.startswith("ma")]
    ['mag', 'maggio', 'mai', 'maio', 'may', 'mayo']
    """
    months: list[set[str]] = [set() for _month in range(12)]
    for language in LANGUAGES:
        for forms in Locale.parse(language).months.values():
            for width in ("wide", "abbreviated"):
                for month, name in forms[width].items():
                    full = name.lower().rstrip(".")
                    months[month - 1] |= {full, full[:3], _plain(full), _plain(full[:3])}
    known = [name for names in months for name in names]
    shared = {name for name in known if known.count(name) > 1}  # `jui` is June and July
    return [sorted(names - shared) for names in months]


def _plain(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name)
    return "".join(mark for mark in decomposed if not unicodedata.combining(mark))
