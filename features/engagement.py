"""What the lead did, as of a moment: how often, how lately, how it fades."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from features.catalogue import Feature
from features.errors import DataError
from features.family import FeatureSet
from features.slots import slots_of

if TYPE_CHECKING:
    from datetime import datetime

    import ibis.expr.types as ir

    from features.slots import Slot
    from features.tables import Tables

WINDOWS_DAYS = (1, 7, 30, 90)
SPANS = ("24 hours", "7 days", "30 days", "90 days")
TREND_DAYS = 14
SECONDS_A_DAY = 86_400
MAX_KINDS = 24  # each kind is eight columns; past this they are noise and cost
# Sums of fading weights are taken in whole units, so that they do not depend on the order of
# the rows or the number of threads. 2^-40 is far below anything a model can tell apart.
WEIGHT_UNITS = 2.0**40
# How long ago is unknown where nothing happened; every other measure is then 0.
NO_COUNT = ("_days_since_first", "_days_since_latest", "longest_silence_days")


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
    per_kind = _by_kind(seen, half_life_days=tables.contract.features.half_life_days)
    slots = slots_of(_groups(tables), kinds)
    measured = _measures(tables, per_kind, slots)
    wide = per_kind.group_by("lead_id", "as_of").aggregate(
        **{feature.name: value for feature, value in measured}
    )
    days, day_features = _active_days(seen, slots[0])
    features = tuple(feature for feature, _value in measured)
    joined = _onto(_onto(snapshots, wide, features), days, day_features)
    ratio, ratio_features = _email_ratio(joined, {feature.name for feature in features})
    return FeatureSet(ratio, features + day_features + ratio_features)


def events_before(tables: Tables, snapshots: ir.Table) -> ir.Table:
    """Pair each snapshot with the events that had occurred and were recorded before it.

    Returns
    -------
    ir.Table
        The events' columns with `as_of` and `age_days`: 0 for the last 24 hours, 1 before that.
    """
    if tables.events is None:
        raise DataError("the contract describes no [events]")
    spine = snapshots.select(spine_id=snapshots.lead_id, as_of=snapshots.as_of)
    joined = tables.events.join(spine, tables.events.lead_id == spine.spine_id)
    known = joined.filter(_.occurred_at < _.as_of, _.recorded_at < _.as_of)
    elapsed = known.as_of.epoch_seconds() - known.occurred_at.epoch_seconds()
    age_days = ibis.greatest((elapsed - 1) // SECONDS_A_DAY, 0)
    return known.mutate(age_days=age_days.cast("int32")).drop("spine_id")


def _groups(tables: Tables) -> dict[str, tuple[str, ...]]:
    return tables.contract.events.groups if tables.contract.events is not None else {}


def _by_kind(seen: ir.Table, *, half_life_days: float) -> ir.Table:
    """First stage: a row a snapshot and kind, with everything that adds up over kinds."""
    weight = (2.0 ** (-seen.age_days.cast("float64") / half_life_days) * WEIGHT_UNITS).round()
    windows = {
        f"n_{days}": seen.count(where=seen.age_days < days)
        for days in (*WINDOWS_DAYS, TREND_DAYS, 2 * TREND_DAYS)
    }
    # Decimals add up to the same sum in any order.
    exact = seen.value.try_cast("decimal(38, 4)")
    return seen.group_by("lead_id", "as_of", "kind").aggregate(
        **windows,
        n_ever=seen.count(),
        first=seen.occurred_at.min(),
        latest=seen.occurred_at.max(),
        weight=weight.cast("int64").sum(),
        value_30=exact.sum(where=seen.age_days < 30),
        value_ever=exact.sum(),
    )


def _measures(
    tables: Tables, per_kind: ir.Table, slots: tuple[Slot, ...]
) -> list[tuple[Feature, ir.Value]]:
    """Second stage: every feature that sums, or takes the extreme, over kinds."""
    measured = [pair for slot in slots for pair in _slot_measures(per_kind, slot)]
    own = _within(per_kind, slots[0])
    trend = (2 * per_kind.n_14 - per_kind.n_28).sum(where=own)
    words = "activity in the last 14 days against the 14 before"
    kinds = "different kinds of activity so far"
    measured += [
        (_number("activity_trend_14d", "events", words, "activity_trend"), trend),
        (_number("distinct_kinds", "kinds", kinds, "distinct_kinds"), per_kind.count(where=own)),
    ]
    if "value" in tables.event_terms:
        total = "total value of events"
        month = _number("event_value_30d", "", f"{total} in the last 30 days", "event_value")
        ever = _number("event_value_ever", "", f"{total} so far", "event_value")
        measured += [(month, per_kind.value_30.sum()), (ever, per_kind.value_ever.sum())]
    return measured


def _within(rows: ir.Table, slot: Slot) -> ir.BooleanValue:
    """Whether a row's kind belongs to a slot."""
    return rows.kind.notin(slot.kinds) if slot.is_rest else rows.kind.isin(slot.kinds)


def _slot_measures(per_kind: ir.Table, slot: Slot) -> list[tuple[Feature, ir.Value]]:
    """Count a slot's events in each window, and see how lately and how fadingly they came."""
    name, words, within = slot.name, slot.words, _within(per_kind, slot)
    as_of = per_kind.as_of.max()  # one moment within the group

    def measure(suffix: str, unit: str, said: str, value: ir.Value) -> tuple[Feature, ir.Value]:
        return _number(f"{name}_{suffix}", unit, said, name), value

    counts = [
        measure(f"{days}d", "events", f"{words} in the last {span}", per_kind[f"n_{days}"])
        for days, span in zip(WINDOWS_DAYS, SPANS, strict=True)
    ]
    counts.append(measure("ever", "events", f"{words} so far", per_kind.n_ever))
    first = _days(as_of, per_kind["first"].min(where=within))
    latest = _days(as_of, per_kind.latest.max(where=within))
    faded = per_kind.weight.sum(where=within).cast("float64") / WEIGHT_UNITS
    return [
        *((feature, count.sum(where=within)) for feature, count in counts),
        measure("days_since_first", "days", f"days since the first {slot.one}", first),
        measure("days_since_latest", "days", f"days since the latest {slot.one}", latest),
        measure("faded", "events", f"{words}, older ones counting less", faded),
    ]


def _number(name: str, unit: str, words: str, fact: str) -> Feature:
    return Feature(name, "engagement", "number", unit, words, fact)


def _days(later: ir.Value, earlier: ir.Value) -> ir.Value:
    """Count the days between two moments, to the second."""
    return (later.epoch_seconds() - earlier.epoch_seconds()) / float(SECONDS_A_DAY)


def _active_days(seen: ir.Table, everything: Slot) -> tuple[ir.Table, tuple[Feature, ...]]:
    """Count distinct days with activity, and the longest silence between two of them."""
    own = seen.filter(_within(seen, everything))
    days = own.select("lead_id", "as_of", "age_days").distinct()
    backwards = ibis.window(group_by=["lead_id", "as_of"], order_by="age_days")
    gaps = days.mutate(silence=days.age_days.lead().over(backwards) - days.age_days)
    counted = gaps.group_by("lead_id", "as_of").aggregate(
        active_days_30d=gaps.count(where=gaps.age_days < 30),
        active_days_ever=gaps.count(),
        longest_silence_days=gaps.silence.max(),
    )
    month, silence = "days with activity in the last 30 days", "longest silence between active days"
    features = (
        _number("active_days_30d", "days", month, "active_days"),
        _number("active_days_ever", "days", "days with activity so far", "active_days"),
        _number("longest_silence_days", "days", silence, "longest_silence"),
    )
    return counted, features


def _onto(spine: ir.Table, counted: ir.Table, features: tuple[Feature, ...]) -> ir.Table:
    """Join measures onto the snapshots as float64; where nothing happened a count is 0."""
    right = counted.rename(counted_id="lead_id", counted_as_of="as_of")
    joined = spine.left_join(
        right, [spine.lead_id == right.counted_id, spine.as_of == right.counted_as_of]
    )
    columns = {}
    for feature in features:
        value = joined[feature.name].cast("float64")
        columns[feature.name] = value if feature.name.endswith(NO_COUNT) else value.fill_null(0.0)
    return joined.drop("counted_id", "counted_as_of").mutate(**columns)


def _email_ratio(table: ir.Table, names: set[str]) -> tuple[ir.Table, tuple[Feature, ...]]:
    """Divide the e-mails opened by those sent, where the contract groups both."""
    if not {"email_sent_ever", "email_opened_ever"} <= names:
        return table, ()
    opened = table.email_opened_ever / table.email_sent_ever.nullif(0.0)
    feature = _number("email_open_rate", "share", "share of e-mails opened", "email_opened")
    return table.mutate(email_open_rate=opened), (feature,)
