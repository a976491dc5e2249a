"""Numbers, shares, moments and texts as people read them."""

from __future__ import annotations

import re
from math import floor, isfinite, isnan, log10
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from datetime import datetime

    import pandas as pd

NOTHING = "–"  # stands where no figure is known
MAX_DECIMALS = 6  # smaller differences matter to no reader
SHOWN_IN_HOURS = 48  # "1 day ago" may be this morning or the day before
LONGEST_TEXT = 60  # a campaign's name may be a paragraph; a line is read at a glance
# An e-mail address, or digits enough for a telephone; a date has eight.
PERSONAL = re.compile(r"\S@\S|(?:\d[ ().-]{0,2}){9,}")


def number(value: float) -> str:
    """Write a number with two significant digits, whole numbers in full, thousands separated.

    Examples
    --------
    >>> [number(value) for value in (4.0, 1234567.0, 12.6, 3.14159, 0.0372, -0.5)]
    ['4', '1,234,567', '13', '3.1', '0.037', '-0.5']
    """
    if not isfinite(value):
        return "unknown"
    if value == round(value) or abs(value) >= 10:
        return f"{round(value):,}"
    decimals = 1 - floor(log10(abs(value)))
    rounded = round(value, min(decimals, MAX_DECIMALS))
    return f"{rounded:.{MAX_DECIMALS}f}".rstrip("0").rstrip(".") if rounded else "0"


def percent(share: float) -> str:
    """Write a share of 1 as a percentage; an unknown one as a dash.

    Examples
    --------
    >>> [percent(share) for share in (0.3, 0.354, 0.0354, 0.0004, 1.0, 0.0, float("nan"))]
    ['30 %', '35 %', '3.5 %', '0.04 %', '100 %', '0 %', '–']
    """
    if isnan(share):
        return NOTHING
    if 0.995 <= share < 1:  # "100 %" would be wrong
        return "over 99 %"
    return f"{number(round(100 * share, 9))} %"


def expected(propensities: pd.Series[float]) -> str:
    """Write the sum of propensities; a dash for a stage that the model does not score."""
    if len(propensities) and propensities.isna().all():
        return NOTHING
    return f"{propensities.sum():,.1f}"


def moment(when: datetime, timezone: str = "UTC") -> str:
    """Write a moment in a time zone, without the time at midnight.

    Examples
    --------
    >>> from datetime import datetime, timezone
    >>> moment(datetime(2026, 6, 30, 22, 15, tzinfo=timezone.utc), "Europe/Amsterdam")
    '1 Jul 2026, 00:15'
    """
    local = when.astimezone(ZoneInfo(timezone))
    day = f"{local.day} {local:%b %Y}"
    return day if (local.hour, local.minute) == (0, 0) else f"{day}, {local:%H:%M}"


def day(when: datetime, seen_from: datetime) -> str:
    """Write a date, with the year only if it differs from that of `seen_from`."""
    short = f"{when.day} {when:%b}"
    return short if when.year == seen_from.year else f"{short} {when.year}"


def ago(days: float) -> str:
    """Write how long ago something was: in hours within two days, in whole days before.

    Examples
    --------
    >>> [ago(days) for days in (0.01, 0.05, 1.2, 2.6, 75.0)]
    ['under an hour ago', '1 hour ago', '29 hours ago', '3 days ago', '75 days ago']
    """
    hours = 24 * days
    if hours < 1:
        return "under an hour ago"
    if round(hours) < SHOWN_IN_HOURS:
        return f"{round(hours)} hour{'s' if round(hours) > 1 else ''} ago"
    return f"{round(days):,} days ago"


def shortened(text: str) -> str:
    """Cut a long text to `LONGEST_TEXT` characters."""
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1].rstrip()}…"


def printable(text: str) -> str:
    """Replace characters that would control a terminal by a dot."""
    return "".join(sign if sign.isprintable() else "·" for sign in text)


def looks_personal(text: str) -> bool:
    """Whether a text may hold an e-mail address or a phone number."""
    return PERSONAL.search(text) is not None
