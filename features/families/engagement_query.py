"""What the lead did, as one query: where data stay in a database or on Spark."""

from __future__ import annotations

from operator import methodcaller
from typing import TYPE_CHECKING, NamedTuple

import ibis
from ibis import _

from leadscore.features.catalogue import OF_A_SNAPSHOT, TIME_SINCE, FeatureSet, Lookup
from leadscore.features.core import SECONDS_A_DAY
from leadscore.features.families.engagement_definitions import (
    WEIGHT_UNITS,
    engagement_definitions,
    exact_value,
    weight_units,
)
from leadscore.features.point_in_time import events_before
from leadscore.features.tables import known_before

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    import ibis.expr.types as ir

    from leadscore.features.catalogue import EventGroup, Feature, Measure
    from leadscore.features.families.engagement_definitions import Definition
    from leadscore.features.tables import Tables

KEYS = ("lead_id", "as_of")
MAX_KINDS = 24  # each is eight columns; more are noise and cost time
# Engines that concatenate lists, and fast.
WITH_LISTS = ("duckdb", "pyspark")
MAY_BE_MISSING = TIME_SINCE | {"longest_gap"}  # other measures of no events are 0


def common_kinds(tables: Tables, *, known_by: datetime | None = None) -> tuple[str, ...]:
    """Find the event kinds that get columns of their own, commonest first.

    They have at least `features.rare_kind_share` of the events, known before `known_by` if that
    is given, and are at most `MAX_KINDS`. A model keeps the list it was trained with.
    """
    if tables.events is None:
        return ()
    events = tables.events if known_by is None else known_before(tables.events, known_by)
    counts = events.group_by("kind").aggregate(n=_.count()).to_pandas()
    enough = counts[counts["n"] >= tables.contract.features.rare_kind_share * counts["n"].sum()]
    ranked = enough.sort_values(["n", "kind"], ascending=[False, True])
    return tuple(ranked["kind"].head(MAX_KINDS))


def engagement_features(
    tables: Tables, snapshots: ir.Table, *, kinds: tuple[str, ...]
) -> FeatureSet:
    """Build what `engagement_definitions` lists; `kinds` have columns of their own."""
    seen = events_before(tables, snapshots)
    seen = seen.mutate(weight=weight_units(seen.age_days, tables.contract.features.half_life_days))
    definitions = engagement_definitions(tables, kinds)
    steps = MEASURES | (DAYS_IN_LISTS if tables.engine in WITH_LISTS else {})
    summed = [each for each in definitions if each.feature.measure in steps]
    of_days = [each for each in definitions if each.feature.measure in DAYS_IN_ROWS.keys() - steps]
    found = [_by_snapshot(_by_kind(seen, summed, steps), summed, steps)]
    if of_days:
        found.append(_by_active_day(seen.filter(_within(seen, of_days[0].events)), of_days))
    lookups = tuple(Lookup(rows, OF_A_SNAPSHOT) for rows in found)
    values = tuple((each.feature, _value(each)) for each in definitions)
    return FeatureSet(snapshots, lookups, values)


class Steps(NamedTuple):
    """How a measure is computed: of a kind's rows, of the kinds together, and as a feature."""

    of_rows: Callable[[ir.Table, int | None], ir.Value]
    together: Callable[[ir.Value], ir.Value]
    as_feature: Callable[[ir.Table, Feature], ir.Value] = lambda rows, feature: rows[feature.name]


def _by_kind(
    seen: ir.Table, definitions: Iterable[Definition], steps: Mapping[Measure, Steps]
) -> ir.Table:
    """First stage: a row a snapshot and kind, with everything that adds up over kinds."""
    features = [each.feature for each in definitions]
    parts = {_part(each): steps[each.measure].of_rows(seen, each.window_days) for each in features}
    return seen.group_by(*KEYS, "kind").aggregate(**parts)


def _part(feature: Feature) -> str:
    if feature.measure in DAYS_IN_LISTS:
        return "ages"  # one list for all of them
    return f"{feature.measure}_{feature.window_days or 'ever'}"


def _by_snapshot(
    rows: ir.Table, definitions: Iterable[Definition], steps: Mapping[Measure, Steps]
) -> ir.Table:
    """Second stage: a row a snapshot. Values of other groups become null, which sums ignore.

    DuckDB's FILTER would copy all columns for each of the sums: it takes three times as long.
    """
    groups = {events.name: events for _feature, events, _quotient in definitions}
    rows = rows.mutate(**{f"in_{name}": _within(rows, group) for name, group in groups.items()})
    columns = {
        feature.name: steps[feature.measure].together(
            _only(rows[f"in_{events.name}"], rows[_part(feature)])
        )
        for feature, events, _quotient in definitions
    }
    found = rows.group_by(*KEYS).aggregate(**columns)
    features = [each.feature for each in definitions]
    values = {each.name: steps[each.measure].as_feature(found, each) for each in features}
    return found.select(*KEYS, **values)


def _by_active_day(own: ir.Table, definitions: Iterable[Definition]) -> ir.Table:
    """Measure the days with activity from a row a day: a second pass over the events."""
    days = own.select(*KEYS, "age_days").distinct()
    in_order = ibis.window(group_by=list(KEYS), order_by="age_days")
    gaps = days.mutate(gap=_.age_days - _.age_days.lag().over(in_order))
    features = [each.feature for each in definitions]
    columns = {each.name: DAYS_IN_ROWS[each.measure](gaps, each.window_days) for each in features}
    return gaps.group_by(*KEYS).aggregate(**columns)


def _within(rows: ir.Table, group: EventGroup) -> ir.BooleanValue:
    if not group.kinds:
        return ibis.literal(group.is_rest)
    return rows.kind.notin(group.kinds) if group.is_rest else rows.kind.isin(group.kinds)


def _only(wanted: ir.BooleanValue, value: ir.Value) -> ir.Value:
    return ibis.ifelse(wanted, value, None)


def _value(definition: Definition) -> ir.Value:
    feature, _events, quotient = definition
    if quotient is not None:
        part, whole = quotient
        return _[part].fill_null(0.0) / _[whole].nullif(0.0)
    found = _[feature.name].cast("float64")
    return found if feature.measure in MAY_BE_MISSING else found.fill_null(0.0)


def _recent(seen: ir.Table, value: ir.Value, days: int | None) -> ir.Value:
    return value if days is None else _only(seen.age_days < days, value)


def _count(seen: ir.Table, days: int | None) -> ir.Value:
    # float64 adds whole numbers below 2^53 without error.
    return _recent(seen, seen.age_days, days).count().cast("float64")


def _trend(seen: ir.Table, days: int | None) -> ir.Value:
    age, span = seen.age_days, days or 0
    return ibis.cases((age < span, 1), (age < 2 * span, -1), else_=0).sum().cast("float64")


def _decayed(seen: ir.Table, _days: int | None) -> ir.Value:
    return seen.weight.sum()


def _in_weights(rows: ir.Table, feature: Feature) -> ir.Value:
    return rows[feature.name].cast("float64") / WEIGHT_UNITS


def _sum(seen: ir.Table, days: int | None) -> ir.Value:
    return _recent(seen, exact_value(seen), days).sum()


def _days_since(rows: ir.Table, feature: Feature) -> ir.Value:
    """Count the days to the snapshot's moment, to the second."""
    seconds = rows.as_of.epoch_seconds() - rows[feature.name].epoch_seconds()
    return seconds / float(SECONDS_A_DAY)


def _ages(seen: ir.Table, _days: int | None) -> ir.Value:
    return seen.age_days.collect(include_null=True)


def _sorted_days(lists: ir.Value) -> ir.Value:
    return lists.collect().flatten().unique().sort()


def _active_days(rows: ir.Table, feature: Feature) -> ir.Value:
    ages, days = rows[feature.name], feature.window_days
    return (ages if days is None else ages.filter(lambda age: age < days)).length()


def _longest_gap(rows: ir.Table, feature: Feature) -> ir.Value:
    ages = rows[feature.name]
    return ages[1:].map(lambda age, place: age - ages[place]).maxs()


MIN, MAX, SUM, COUNT = (methodcaller(name) for name in ("min", "max", "sum", "count"))
MEASURES: dict[Measure, Steps] = {
    "count": Steps(_count, SUM),
    "decayed_count": Steps(_decayed, SUM, _in_weights),
    "days_since_first": Steps(lambda seen, _days: seen.occurred_at.min(), MIN, _days_since),
    "days_since_latest": Steps(lambda seen, _days: seen.occurred_at.max(), MAX, _days_since),
    "distinct": Steps(_count, COUNT),
    "trend": Steps(_trend, SUM),
    "sum": Steps(_sum, SUM),
}
# Sorting the list of each snapshot takes half as long as a row a day.
DAYS_IN_LISTS: dict[Measure, Steps] = {
    "active_days": Steps(_ages, _sorted_days, _active_days),
    "longest_gap": Steps(_ages, _sorted_days, _longest_gap),
}
DAYS_IN_ROWS: dict[Measure, Callable[[ir.Table, int | None], ir.Value]] = {
    "active_days": _count,
    "longest_gap": lambda gaps, _days: gaps.gap.max(),
}
