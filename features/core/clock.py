"""Lengths of time, and moments in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypeVar, cast

SECONDS_A_DAY = 86_400
SECONDS_AN_HOUR = 3_600


Moment = TypeVar("Moment", bound=datetime | None)


def naive(moment: Moment) -> Moment:
    """Return a moment in UTC without a zone, as timestamps are inside."""
    if moment is None or moment.tzinfo is None:
        return moment
    return cast("Moment", moment.astimezone(UTC).replace(tzinfo=None))
