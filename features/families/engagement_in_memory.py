"""What the lead did, computed in memory: each event is added only to the columns it belongs to.

A database updates all of some hundred and forty columns with every row.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import ibis
import numpy as np
import pyarrow as pa

from leadscore.features.core import SECONDS_A_DAY
from leadscore.features.families.engagement_definitions import (
    WEIGHT_UNITS,
    engagement_definitions,
    exact_value,
    weight_units,
)
from leadscore.features.point_in_time import events_before

if TYPE_CHECKING:
    from collections.abc import Callable

    import ibis.expr.types as ir
    from numpy.typing import NDArray

    from leadscore.features.catalogue import EventGroup, Measure
    from leadscore.features.families.engagement_definitions import Definition
    from leadscore.features.tables import Tables

Whole: TypeAlias = "NDArray[np.int64]"
Numbers: TypeAlias = "NDArray[np.float64]"
AGE_BITS = 32  # of a key of position and age


@dataclass(frozen=True)
class EngagementInMemory:
    """The engagement features of some snapshots.

    Parameters
    ----------
    seen
        A row a snapshot and event before it: `position` (int64: the snapshot's, from 0, in the
        order of `lead_id` and `as_of`), `kind`, `age_days` (int32), `at` (float64: seconds
        since 1970), `weight` (int64) and `amount` (decimal).
    """

    definitions: tuple[Definition, ...]
    seen: ir.Table

    @classmethod
    def of(cls, tables: Tables, snapshots: ir.Table, kinds: tuple[str, ...]) -> EngagementInMemory:
        """Build the query for the events, without running it."""
        order = ibis.row_number().over(order_by=["lead_id", "as_of"])
        numbered = snapshots.select("lead_id", "as_of", position=order)
        seen = events_before(tables, numbered)
        amount = {"amount": exact_value(seen)} if "value" in tables.event_terms else {}
        rows = seen.select(
            "position",
            "kind",
            "age_days",
            at=seen.occurred_at.epoch_seconds().cast("float64"),
            weight=weight_units(seen.age_days, tables.contract.features.half_life_days),
            **amount,
        )
        return cls(engagement_definitions(tables, kinds), rows)

    def columns(
        self, as_of: Numbers, ask: Callable[[str, Callable[[], ir.Table]], pa.Table]
    ) -> dict[str, Numbers]:
        """Compute the features, as `feature_set.InMemory` says."""
        every = _Events.of(ask("events", lambda: self.seen), as_of)
        columns: dict[str, Numbers] = {}
        for group in dict.fromkeys(each.events for each in self.definitions):
            events = every.only(group)
            for feature, own, quotient in self.definitions:
                if own == group and quotient is None:
                    measure = MEASURES[feature.measure]
                    columns[feature.name] = measure(events, feature.window_days)
        for feature, _own, quotient in self.definitions:
            if quotient is not None:
                part, whole = (columns[name] for name in quotient)
                columns[feature.name] = part / np.where(whole == 0, np.nan, whole)
        return columns


@dataclass(frozen=True)
class _Events:
    """Events as arrays; `kind` is an index of `kinds`, `as_of` has a value a snapshot."""

    as_of: Numbers
    kinds: list[str]
    kind: NDArray[np.int32]
    position: Whole
    age_days: NDArray[np.int32]
    at: Numbers
    weight: Whole
    amount: pa.ChunkedArray | None

    @classmethod
    def of(cls, seen: pa.Table, as_of: Numbers) -> _Events:
        kind = seen["kind"].combine_chunks().dictionary_encode()
        numbers = {name: seen[name].to_numpy() for name in ("position", "age_days", "at", "weight")}
        amount = seen["amount"] if "amount" in seen.column_names else None
        names: list[str] = kind.dictionary.to_pylist()
        return cls(as_of, names, kind.indices.to_numpy(), **numbers, amount=amount)

    def only(self, group: EventGroup) -> _Events:
        """Take the events of a group, without their amounts; all of them where it has all kinds."""
        if group.is_rest and not group.kinds:
            return self
        held = np.array([group.holds(kind) for kind in self.kinds], dtype=bool)
        rows = np.flatnonzero(held[self.kind]) if len(held) else self.position
        names = ("kind", "position", "age_days", "at", "weight")
        return replace(self, **{name: getattr(self, name)[rows] for name in names}, amount=None)

    @cached_property
    def active_days(self) -> tuple[Whole, Whole]:
        """Positions and ages of the different days with events, sorted."""
        keys = _different(self.position << AGE_BITS | self.age_days)
        return keys >> AGE_BITS, keys & ((1 << AGE_BITS) - 1)

    def counted(self, position: Whole) -> Numbers:
        return np.bincount(position, minlength=len(self.as_of)).astype(np.float64)

    def days_since(self, extreme: np.ufunc, empty: float) -> Numbers:
        found = np.full(len(self.as_of), empty)
        extreme.at(found, self.position, self.at)
        return np.where(np.isfinite(found), (self.as_of - found) / SECONDS_A_DAY, np.nan)


def _different(keys: Whole) -> Whole:
    """Sort and leave out repeats; `np.unique` takes eight times as long."""
    ordered = np.sort(keys)
    is_new = np.ones(len(ordered), dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=is_new[1:])
    return ordered[is_new]


def _count(events: _Events, days: int | None) -> Numbers:
    return events.counted(
        events.position if days is None else events.position[events.age_days < days]
    )


def _decayed_count(events: _Events, _days: int | None) -> Numbers:
    weight = np.zeros(len(events.as_of), dtype=np.int64)
    np.add.at(weight, events.position, events.weight)
    return weight / WEIGHT_UNITS


def _distinct(events: _Events, _days: int | None) -> Numbers:
    return events.counted(_different(events.position << AGE_BITS | events.kind) >> AGE_BITS)


def _trend(events: _Events, days: int | None) -> Numbers:
    both = _count(events, 2 * (days or 0))
    return 2 * _count(events, days) - both


def _sum(events: _Events, days: int | None) -> Numbers:
    rows = pa.table({"position": events.position, "amount": events.amount})
    if days is not None:
        rows = rows.filter(pa.array(events.age_days < days))
    sums = rows.group_by("position").aggregate([("amount", "sum")])
    found = np.zeros(len(events.as_of))
    amounts = sums["amount_sum"].cast("float64").fill_null(0.0)
    found[sums["position"].to_numpy()] = amounts.to_numpy()
    return found


def _active_days(events: _Events, days: int | None) -> Numbers:
    position, age = events.active_days
    return events.counted(position if days is None else position[age < days])


def _longest_gap(events: _Events, _days: int | None) -> Numbers:
    position, age = events.active_days
    widest = np.full(len(events.as_of), -1, dtype=np.int64)
    same = position[1:] == position[:-1]
    np.maximum.at(widest, position[1:][same], np.diff(age)[same])
    return np.where(widest < 0, np.nan, widest)


MEASURES: dict[Measure, Callable[[_Events, int | None], Numbers]] = {
    "count": _count,
    "days_since_first": lambda events, _days: events.days_since(np.minimum, np.inf),
    "days_since_latest": lambda events, _days: events.days_since(np.maximum, -np.inf),
    "decayed_count": _decayed_count,
    "distinct": _distinct,
    "trend": _trend,
    "sum": _sum,
    "active_days": _active_days,
    "longest_gap": _longest_gap,
}
