"""Whether the dates of a column have the day first, as far as its cells tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

NUMBERED_DATE = r"^(\d{1,2})([-/.])(\d{1,2})[-/.](?:\d{4}|\d{2})(?!\d)"
MONTHS = 12


@dataclass(frozen=True)
class DayOrder:
    """How a column of dates is written: `first` is None where both orders are possible."""

    first: bool | None
    dotted: bool = False


def day_order(cells: pd.Index[str]) -> DayOrder | None:
    """Find whether the day comes first, by any day above 12; None where cells are other dates."""
    parts = cells.to_series().str.extract(NUMBERED_DATE).dropna()
    if parts.empty:
        return None
    first, second = parts[0].astype("int64"), parts[2].astype("int64")
    days_first, days_second = int((first > MONTHS).sum()), int((second > MONTHS).sum())
    if days_first != days_second:
        return DayOrder(days_first > days_second)
    return DayOrder(None, dotted=bool((parts[1] == ".").mean() > 1 / 2))
