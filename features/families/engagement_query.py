"""What the lead did, as of a moment: how often, how lately, how it fades."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from leadscore.features.core.errors import DataError
from leadscore.features.families.active_days import (
    MONTH_DAYS,
    WITH_LISTS,
    active_days,
    with_active_days,
)
from leadscore.features.families.catalogue import Feature
from leadscore.features.families.event_groups import slots_of
from leadscore.features.families.feature_set import OF_A_SNAPSHOT, FeatureSet, Lookup

if TYPE_CHECKING:
    from datetime import datetime

    import ibis.expr.types as ir

    from leadscore.features.families.event_groups import Slot
    from leadscore.features.tables.tables import Tables

WINDOWS_DAYS = (1, 7, 30, 90)
COUNTS = {  # what is counted, and its words
    "1d": "in the last 24 hours",
    "7d": "in the last 7 days",
    "30d": "in the last 30 days",
    "90d": "in the last 90 days",
    "ever": "so far",
}
TREND_DAYS = 14
SECONDS_A_DAY = 86_400
MAX_KINDS = 24  # each kind is eight columns; past this they are noise and cost
# Sums of fading weights are taken in whole units, so that they do not depend on the order of
# the rows or the number of threads. 2^-40 is far below anything a model can tell apart.
WEIGHT_UNITS = 2.0**40


def common_kinds(tables: Tables, *, known_by: datetime | None = None) -> tuple[str, ...]:
    """Find the event kinds that deserve columns of their own, commonest first.

    Parameters
    ----------
    tables
        The cleaned tables.
    known_by
        Look only at events that had occurred and were recorded before this moment.

    Returns
    -------
    tuple of str
        Kinds with at least `features.rare_kind_share` of the events, at most 24. A model keeps
        the list it was trained with.
    """
    if tables.events is None:
        return ()
    events = tables.events
    if known_by is not None:
        moment = ibis.literal(known_by).cast("timestamp")
        events = events.filter(events.occurred_at < moment, events.recorded_at < moment)
    counts = events.group_by("kind").aggregate(n=_.count()).to_pandas()
    enough = counts[counts["n"] >= tables.contract.features.rare_kind_share * counts["n"].sum()]
    ranked = enough.sort_values(["n", "kind"], ascending=[False, True])
    return tuple(ranked["kind"].head(MAX_KINDS))


def engagement_features(
    tables: Tables, snapshots: ir.Table, *, kinds: tuple[str, ...]
) -> FeatureSet:
    """Build counts, recency, fading interest, trend and silence from the events.

    Parameters
    ----------
    tables
        The cleaned tables, with events.
    snapshots
        Columns `lead_id`, `as_of`.
    kinds
        The kinds with columns of their own; others fold together.

    Returns
    -------
    FeatureSet
        A row a snapshot. Windows are whole days back from `as_of`, half-open; a lead without
        events has counts of 0 and no recency.
    """
    seen = events_before(tables, snapshots)
    slots = engagement_slots(tables, kinds)
    has_value = "value" in tables.event_terms
    has_lists = tables.engine in WITH_LISTS
    half_life_days = tables.contract.features.half_life_days
    days = {"days": seen.age_days.collect(include_null=True)} if has_lists else {}
    per_kind = _by_kind(seen, days, half_life_days=half_life_days, has_value=has_value)
    counted = _by_slot(per_kind, slots, has_value=has_value)
    if has_lists:
        lookups = [Lookup(with_active_days(counted, "days"), OF_A_SNAPSHOT)]
    else:
        own = active_days(seen.filter(_within(seen, slots[0])))
        lookups = [Lookup(counted, OF_A_SNAPSHOT), Lookup(own, OF_A_SNAPSHOT)]
    values = [pair for slot in slots for pair in _slot_values(slot)]
    values += [*_overall_values(has_value=has_value), *_day_values()]
    values += _email_ratio({feature.name for feature, _value in values})
    return FeatureSet(snapshots, tuple(lookups), tuple(values))


def engagement_slots(tables: Tables, kinds: tuple[str, ...]) -> tuple[Slot, ...]:
    """List which event kinds are counted together, as `engagement_features` counts them."""
    groups = tables.contract.events.groups if tables.contract.events is not None else {}
    return slots_of(groups, kinds)


def events_before(tables: Tables, snapshots: ir.Table) -> ir.Table:
    """Pair each snapshot with the events that had occurred and were recorded before it.

    Returns
    -------
    ir.Table
        The events' columns, `as_of` and what else the snapshots have, and `age_days`: 0 for the
        last 24 hours, 1 before that.
    """
    if tables.events is None:
        raise DataError("the contract describes no [events]")
    spine = snapshots.rename(spine_id="lead_id")
    joined = tables.events.join(spine, tables.events.lead_id == spine.spine_id)
    known = joined.filter(_.occurred_at < _.as_of, _.recorded_at < _.as_of)
    elapsed = known.as_of.epoch_seconds() - known.occurred_at.epoch_seconds()
    age_days = ibis.greatest((elapsed - 1) // SECONDS_A_DAY, 0)
    return known.mutate(age_days=age_days.cast("int32")).drop("spine_id")


def _by_kind(
    seen: ir.Table, days: dict[str, ir.Value], *, half_life_days: float, has_value: bool
) -> ir.Table:
    """First stage: a row a snapshot and kind, with everything that adds up over kinds."""
    age = seen.age_days
    columns = {f"n_{days}d": _whole(_only(age < days, 1).count()) for days in WINDOWS_DAYS}
    fortnights = ibis.cases((age < TREND_DAYS, 1), (age < 2 * TREND_DAYS, -1), else_=0)
    if has_value:
        month, ever = exact_value(seen, days=MONTH_DAYS), exact_value(seen)
        columns |= {"event_value_30d": month.sum(), "event_value_ever": ever.sum()}
    return seen.group_by("lead_id", "as_of", "kind").aggregate(
        **columns,
        n_ever=_whole(seen.count()),
        first=seen.occurred_at.min(),
        latest=seen.occurred_at.max(),
        weight=weight_units(age, half_life_days).sum(),
        trend=_whole(fortnights.sum()),
        **days,
    )


def weight_units(age_days: ir.IntegerValue, half_life_days: float) -> ir.IntegerValue:
    """Say how much an event of some age still counts, in units of 1 / `WEIGHT_UNITS`."""
    weight = 2.0 ** (-age_days.cast("float64") / half_life_days) * WEIGHT_UNITS
    return weight.round().cast("int64")


def exact_value(seen: ir.Table, *, days: int | None = None) -> ir.DecimalValue:
    """Take the events' value as a decimal, which adds up to the same sum in any order.

    Parameters
    ----------
    seen
        As `events_before` gives it.
    days
        Null for what is older; None takes all.
    """
    exact = seen.value.try_cast("decimal(38, 4)")
    return exact if days is None else _only(seen.age_days < days, exact)


def _by_slot(per_kind: ir.Table, slots: tuple[Slot, ...], *, has_value: bool) -> ir.Table:
    """Second stage: a row a snapshot, with everything that sums, or takes the extreme, over kinds.

    What does not belong to a slot becomes null and falls out. DuckDB's FILTER would copy all
    columns for each of the sums: it takes three times as long.
    """
    flags = {f"in_{slot.name}": _within(per_kind, slot) for slot in slots}
    rows = per_kind.mutate(**flags)
    own = rows[f"in_{slots[0].name}"]
    columns = {
        "activity_trend_14d": _only(own, rows.trend).sum(),
        "distinct_kinds": _only(own, 1).count(),
    }
    if "days" in rows.columns:
        columns["days"] = rows.days.collect(where=own).flatten().unique().sort()
    if has_value:
        columns |= {name: rows[name].sum() for name in ("event_value_30d", "event_value_ever")}
    for slot in slots:
        within, name = rows[f"in_{slot.name}"], slot.name
        columns |= {f"{name}_{count}": _only(within, rows[f"n_{count}"]).sum() for count in COUNTS}
        columns[f"{name}_first"] = _only(within, rows["first"]).min()
        columns[f"{name}_latest"] = _only(within, rows.latest).max()
        columns[f"{name}_weight"] = _only(within, rows.weight).sum()
    return rows.group_by("lead_id", "as_of").aggregate(**columns)


def _within(rows: ir.Table, slot: Slot) -> ir.BooleanValue:
    """Whether a row's kind belongs to a slot."""
    return rows.kind.notin(slot.kinds) if slot.is_rest else rows.kind.isin(slot.kinds)


def _only(wanted: ir.BooleanValue, value: ir.Value | int) -> ir.Value:
    return ibis.ifelse(wanted, value, None)


def _whole(count: ir.Value) -> ir.Value:
    """Take a count as float64, which adds whole numbers below 2^53 without error."""
    return count.cast("float64")


def _slot_values(slot: Slot) -> list[tuple[Feature, ir.Value]]:
    """Say how often, how lately and how fadingly a slot's events came."""
    name, words = slot.name, slot.words

    def value(suffix: str, unit: str, said: str, found: ir.Value) -> tuple[Feature, ir.Value]:
        return _number(f"{name}_{suffix}", unit, said, name), found

    counts = [
        value(count, "events", f"{words} {span}", _[f"{name}_{count}"].fill_null(0.0))
        for count, span in COUNTS.items()
    ]
    faded = (_[f"{name}_weight"].cast("float64") / WEIGHT_UNITS).fill_null(0.0)
    return [
        *counts,
        value(
            "days_since_first", "days", f"days since the first {slot.one}", _days(f"{name}_first")
        ),
        value(
            "days_since_latest",
            "days",
            f"days since the latest {slot.one}",
            _days(f"{name}_latest"),
        ),
        value("faded", "events", f"{words}, older ones counting less", faded),
    ]


def _days(since: str) -> ir.Value:
    """Count the days from a moment to the snapshot's, to the second."""
    return (_.as_of.epoch_seconds() - _[since].epoch_seconds()) / float(SECONDS_A_DAY)


def _overall_values(*, has_value: bool) -> list[tuple[Feature, ir.Value]]:
    words = "activity in the last 14 days against the 14 before"
    kinds = "different kinds of activity so far"
    values = [
        (
            _number("activity_trend_14d", "events", words, "activity_trend"),
            _zero(_.activity_trend_14d),
        ),
        (_number("distinct_kinds", "kinds", kinds, "distinct_kinds"), _zero(_.distinct_kinds)),
    ]
    if has_value:
        total = "total value of events"
        month = _number("event_value_30d", "", f"{total} in the last 30 days", "event_value")
        ever = _number("event_value_ever", "", f"{total} so far", "event_value")
        values += [(month, _zero(_.event_value_30d)), (ever, _zero(_.event_value_ever))]
    return values


def _zero(counted: ir.Value) -> ir.Value:
    """Take what nothing was counted for as 0."""
    return counted.cast("float64").fill_null(0.0)


def _number(name: str, unit: str, words: str, fact: str) -> Feature:
    return Feature(name, "engagement", "number", unit, words, fact)


def _day_values() -> list[tuple[Feature, ir.Value]]:
    month, silence = "days with activity in the last 30 days", "longest silence between active days"
    ever = "days with activity so far"
    return [
        (_number("active_days_30d", "days", month, "active_days"), _zero(_.active_days_30d)),
        (_number("active_days_ever", "days", ever, "active_days"), _zero(_.active_days_ever)),
        (
            _number("longest_silence_days", "days", silence, "longest_silence"),
            _.longest_silence_days,
        ),
    ]


def _email_ratio(names: set[str]) -> list[tuple[Feature, ir.Value]]:
    """Divide the e-mails opened by those sent, where the contract groups both."""
    if not {"email_sent_ever", "email_opened_ever"} <= names:
        return []
    # A count of none is 0, and of 0 e-mails there is no share.
    opened = _.email_opened_ever.fill_null(0.0) / _.email_sent_ever.nullif(0.0)
    return [
        (_number("email_open_rate", "share", "share of e-mails opened", "email_opened"), opened)
    ]
