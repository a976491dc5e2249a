"""Moments and spans of time as people write them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TypeAlias

from leadscore.features.core.errors import LeadScoreError

Moment: TypeAlias = str | date  # datetime and pandas.Timestamp are dates, too
Span: TypeAlias = str | float

SECONDS = {"s": 1, "m": 60, "h": 3600}


def moment_of(moment: Moment | None, *, setting: str = "as_of") -> datetime | None:
    """Read a date or a moment; without a zone it is UTC, None stays None.

    Raises
    ------
    LeadScoreError
        Where a text is no date; `setting` says where it came from.

    Examples
    --------
    >>> moment_of("2026-06-30")
    datetime.datetime(2026, 6, 30, 0, 0, tzinfo=datetime.timezone.utc)
    """
    if moment is None:
        return None
    try:
        found = datetime.fromisoformat(str(moment))
    except ValueError as error:
        raise LeadScoreError(f"{setting} {moment!r}: use a date such as 2026-06-30") from error
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def seconds_of(span: Span | None, *, setting: str = "budget") -> float | None:
    """Read a span of time: a number of seconds, or a text such as 90s, 5m or 1h.

    Raises
    ------
    LeadScoreError
        Where a text is no such span.

    Examples
    --------
    >>> seconds_of("5m")
    300.0
    """
    if not isinstance(span, str):
        return span
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh])", span.strip())
    if found is None:
        raise LeadScoreError(f"{setting} {span!r}: use a time such as 90s, 5m or 1h")
    return float(found[1]) * SECONDS[found[2]]
