"""Engagement features counted in memory: one sweep over the events, whatever the columns.

A database keeps a state for each column of each group and updates all of them with every row: some
hundred and forty. Here a row is added to the few columns that it belongs to. The definitions are
those of `families.engagement_query`, to the last bit: all sums are of whole numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import ibis
import numpy as np
from ibis import _

from leadscore.features.families.active_days import MONTH_DAYS
from leadscore.features.families.engagement_query import (
    SECONDS_A_DAY,
    TREND_DAYS,
    WEIGHT_UNITS,
    WINDOWS_DAYS,
    engagement_slots,
    events_before,
    exact_value,
    weight_units,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    import ibis.expr.types as ir
    import pyarrow as pa
    from numpy.typing import NDArray

    from leadscore.features.families.event_groups import Slot
    from leadscore.features.tables.tables import Tables

Whole: TypeAlias = "NDArray[np.int64]"
Numbers: TypeAlias = "NDArray[np.float64]"
AGE_BITS = 32  # of a key of position and age: four thousand million days back


@dataclass(frozen=True)
class Sweep:
    """What is asked of the tables for the engagement features of some snapshots.

    Parameters
    ----------
    seen
        A row a snapshot and event before it: `position` (int64: the snapshot's, from 0, in the
        order of `lead_id` and `as_of`), `kind`, `age_days` (int32), `at` (float64: seconds
        since 1970) and `weight` (int64).
    values
        A row a snapshot that has any: `position` and the sums `event_value_30d`,
        `event_value_ever` (float64); None where events have no value.
    slots
        Which kinds are counted together.
    """

    seen: ir.Table
    values: ir.Table | None
    slots: tuple[Slot, ...]

    @classmethod
    def of(cls, tables: Tables, snapshots: ir.Table, kinds: tuple[str, ...]) -> Sweep:
        """Write down what to ask.

        Parameters
        ----------
        tables
            The cleaned tables, with events.
        snapshots
            Columns `lead_id`, `as_of`.
        kinds
            The kinds with columns of their own.
        """
        slots = engagement_slots(tables, kinds)
        order = ibis.row_number().over(order_by=["lead_id", "as_of"])
        numbered = snapshots.select("lead_id", "as_of", position=order)
        seen = events_before(tables, numbered)
        half_life_days = tables.contract.features.half_life_days
        rows = seen.select(
            "position",
            "kind",
            "age_days",
            at=seen.occurred_at.epoch_seconds().cast("float64"),
            weight=weight_units(seen.age_days, half_life_days),
        )
        if "value" not in tables.event_terms:
            return cls(rows, None, slots)
        month, ever = exact_value(seen, days=MONTH_DAYS), exact_value(seen)
        worth = seen.filter(_.value.notnull()).group_by("position")
        sums = worth.aggregate(event_value_30d=month.sum(), event_value_ever=ever.sum())
        return cls(rows, sums.cast(dict.fromkeys(sums.columns[1:], "float64")), slots)

    def columns(
        self, as_of: Numbers, ask: Callable[[str, Callable[[], ir.Table]], pa.Table]
    ) -> dict[str, Numbers]:
        """Count.

        Parameters
        ----------
        as_of
            Each snapshot's moment, in seconds since 1970, by position.
        ask
            Answers a question, which has a name and builds an expression.

        Returns
        -------
        dict of str to ndarray
            The columns of `engagement_features` by name, in another order:
            float64, a value a position.
        """
        swept = _Swept.of(ask("events", lambda: self.seen), len(as_of))
        whole = swept.of_kinds(self.slots[0])
        columns = swept.activity(whole)
        values = self.values
        if values is not None:
            columns |= _placed(ask("values of events", lambda: values), len(as_of))
        for slot in self.slots:
            columns |= swept.slot(slot, as_of)
        if {"email_sent_ever", "email_opened_ever"} <= columns.keys():
            sent = columns["email_sent_ever"]
            share = columns["email_opened_ever"] / np.where(sent == 0, np.nan, sent)
            columns["email_open_rate"] = share
        return columns


@dataclass(frozen=True)
class _Swept:
    """Events, a row each.

    Parameters
    ----------
    count
        How many snapshots there are.
    kinds
        The different kinds; `code` is a row's place among them.
    """

    count: int
    kinds: list[str]
    code: NDArray[np.int32]
    position: Whole
    age: NDArray[np.int32]
    at: Numbers
    weight: Whole

    @classmethod
    def of(cls, seen: pa.Table, count: int) -> _Swept:
        kind = seen["kind"].combine_chunks().dictionary_encode()
        columns = (seen[name].to_numpy() for name in ("position", "age_days", "at", "weight"))
        return cls(count, kind.dictionary.to_pylist(), kind.indices.to_numpy(), *columns)

    def of_kinds(self, slot: Slot) -> Whole:
        """Find the rows whose kind belongs to a slot."""
        listed = np.array([kind in slot.kinds for kind in self.kinds], dtype=bool)
        if not len(listed):
            return np.zeros(0, dtype=np.int64)
        return np.flatnonzero((~listed if slot.is_rest else listed)[self.code])

    def slot(self, slot: Slot, as_of: Numbers) -> dict[str, Numbers]:
        """Count how often, how lately and how fadingly a slot's events came."""
        rows, name = self.of_kinds(slot), slot.name
        position, age, at = self.position[rows], self.age[rows], self.at[rows]
        found = {f"{name}_{days}d": self._counted(position[age < days]) for days in WINDOWS_DAYS}
        ever = self._counted(position)
        first, latest = np.full(self.count, np.inf), np.full(self.count, -np.inf)
        np.minimum.at(first, position, at)
        np.maximum.at(latest, position, at)
        weight = np.zeros(self.count, dtype=np.int64)
        np.add.at(weight, position, self.weight[rows])
        return {
            **found,
            f"{name}_ever": ever,
            f"{name}_days_since_first": _days(as_of, first, ever > 0),
            f"{name}_days_since_latest": _days(as_of, latest, ever > 0),
            f"{name}_faded": weight / WEIGHT_UNITS,
        }

    def activity(self, rows: Whole) -> dict[str, Numbers]:
        """Count what is counted of the lead's own activity alone."""
        position, age = self.position[rows], self.age[rows]
        lately = self._counted(position[age < TREND_DAYS])
        before = self._counted(position[(age >= TREND_DAYS) & (age < 2 * TREND_DAYS)])
        kinds = _different(position << AGE_BITS | self.code[rows]) >> AGE_BITS
        return {
            "activity_trend_14d": lately - before,
            "distinct_kinds": self._counted(kinds),
            **self._active_days(_different(position << AGE_BITS | age)),
        }

    def _active_days(self, keys: Whole) -> dict[str, Numbers]:
        position, age = keys >> AGE_BITS, keys & ((1 << AGE_BITS) - 1)
        widest = np.full(self.count, -1, dtype=np.int64)
        same = position[1:] == position[:-1]
        np.maximum.at(widest, position[1:][same], np.diff(age)[same])
        return {
            "active_days_30d": self._counted(position[age < MONTH_DAYS]),
            "active_days_ever": self._counted(position),
            "longest_silence_days": np.where(widest < 0, np.nan, widest),
        }

    def _counted(self, position: Whole) -> Numbers:
        return np.bincount(position, minlength=self.count).astype(np.float64)


def _different(keys: Whole) -> Whole:
    """Sort, and leave out repeats."""
    ordered = np.sort(keys)
    is_new = np.ones(len(ordered), dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=is_new[1:])
    return ordered[is_new]


def _days(as_of: Numbers, since: Numbers, known: NDArray[np.bool_]) -> Numbers:
    days = np.full(len(as_of), np.nan)
    days[known] = (as_of[known] - since[known]) / float(SECONDS_A_DAY)
    return days


def _placed(sums: pa.Table, count: int) -> dict[str, Numbers]:
    """Put sums at their positions; whoever has none has 0."""
    placed = {}
    for name in sums.column_names[1:]:
        column = np.zeros(count)
        column[sums["position"].to_numpy()] = sums[name].fill_null(0.0).to_numpy()
        placed[name] = column
    return placed
