"""How numbers, shares and moments are written for people: as many digits as they use."""

from __future__ import annotations

from math import floor, isfinite, log10
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from datetime import datetime

MAX_DECIMALS = 6  # what is smaller is nothing to anybody who reads it


def number(value: float) -> str:
    """Write a number with two digits that matter, whole ones whole, thousands apart.

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
    """Write a share of 1 as a percentage.

    Examples
    --------
    >>> [percent(share) for share in (0.3, 0.354, 0.0354, 0.0004, 1.0, 0.0)]
    ['30 %', '35 %', '3.5 %', '0.04 %', '100 %', '0 %']
    """
    if 0.995 <= share < 1:  # "100 %" would claim what is not so
        return "over 99 %"
    return f"{number(round(100 * share, 9))} %"


def moment(when: datetime, timezone: str = "UTC") -> str:
    """Write a date as people of a time zone read it, with the time unless it is midnight.

    Examples
    --------
    >>> from datetime import datetime, timezone
    >>> moment(datetime(2026, 6, 30, tzinfo=timezone.utc))
    '30 Jun 2026'
    >>> moment(datetime(2026, 6, 30, 22, 15, tzinfo=timezone.utc), "Europe/Amsterdam")
    '1 Jul 2026, 00:15'
    """
    local = when.astimezone(ZoneInfo(timezone))
    day = f"{local.day} {local:%b %Y}"
    return day if (local.hour, local.minute) == (0, 0) else f"{day}, {local:%H:%M}"
