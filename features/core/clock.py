"""Lengths of time, and moments in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import overload

SECONDS_A_DAY = 86_400
SECONDS_AN_HOUR = 3_600


@overload
def naive(moment: datetime) -> datetime: ...


@overload
def naive(moment: None) -> None: ...


@overload
def naive(moment: datetime | None) -> datetime | None: ...


def naive(moment: datetime | None) -> datetime | None:
    """Return a moment in UTC without a zone, as timestamps are inside."""
    if moment is None or moment.tzinfo is None:
        return moment
    return moment.astimezone(UTC).replace(tzinfo=None)
