"""On how many days a lead was active, and how long it was silent between two of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

if TYPE_CHECKING:
    import ibis.expr.types as ir

MONTH_DAYS = 30
# Other engines cannot make one list of several, or not fast.
WITH_LISTS = ("duckdb", "pyspark")


def with_active_days(rows: ir.Table, ages: str) -> ir.Table:
    """Replace a list of ages by what it says of the days with activity.

    Each list is sorted by itself. A row a day instead would need a second pass over the events
    and a window over the whole, which takes twice as long.

    Parameters
    ----------
    rows
        Any columns, and the list.
    ages
        The column with the list: how many days ago the lead was active (int32), ascending,
        without repeats; null where it never was.

    Returns
    -------
    ir.Table
        The other columns, `active_days_30d` and `active_days_ever` (int64: how many days, of the
        last 30 and of all) and `longest_silence_days` (int32: the widest gap between two active
        days, null where there are not two).
    """
    days = rows[ages]
    others = [column for column in rows.columns if column != ages]
    earlier = days[1:]
    return rows.select(
        *others,
        active_days_30d=days.filter(lambda age: age < MONTH_DAYS).length(),
        active_days_ever=days.length(),
        longest_silence_days=earlier.map(lambda age, place: age - days[place]).maxs(),
    )


def active_days(seen: ir.Table) -> ir.Table:
    """Say the same of each snapshot from a row a day, for engines that know no lists of lists.

    Parameters
    ----------
    seen
        What the lead did before each snapshot: columns `lead_id`, `as_of`, `age_days` (int32).

    Returns
    -------
    ir.Table
        A row a snapshot with any activity: `lead_id`, `as_of` and what `with_active_days` finds.
    """
    days = seen.select("lead_id", "as_of", "age_days").distinct()
    in_order = ibis.window(group_by=["lead_id", "as_of"], order_by="age_days")
    gaps = days.mutate(gap=_.age_days - _.age_days.lag().over(in_order))
    return gaps.group_by("lead_id", "as_of").aggregate(
        active_days_30d=_.count(where=_.age_days < MONTH_DAYS),
        active_days_ever=_.count(),
        longest_silence_days=_.gap.max(),
    )
