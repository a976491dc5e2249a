"""What the lead did, as of a moment: how often, how lately, how it fades."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis
from ibis import _

from features.catalogue import Feature
from features.errors import DataError
from features.family import FeatureSet, as_words

if TYPE_CHECKING:
    from datetime import datetime

    import ibis.expr.types as ir

    from features.tables import Tables

WINDOWS_DAYS = (1, 7, 30, 90)
TREND_DAYS = 14
SECONDS_A_DAY = 86_400
MAX_KINDS = 24  # each kind is eight columns; past this they are noise and cost
# Sums of fading weights are taken in whole units, so that they do not depend on the order of
# the rows or the number of threads. 2^-40 is far below anything a model can tell apart.
WEIGHT_UNITS = 2.0**40
# Not something the lead did, so no engagement; counted all the same, as kinds of their own.
NOT_BY_THE_LEAD = ("email_sent", "sales_touch")
OTHER_KINDS = "other_kinds"


@dataclass(frozen=True)
class Slot:
    """Event kinds that are counted together.

    Parameters
    ----------
    name
        The prefix of its columns.
    words
        What a person calls them.
    kinds
        The kinds in it; None for all that the lead did, empty for the rare rest.
    """

    name: str
    words: str
    kinds: tuple[str, ...] | None


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
    measured = _measures(tables, per_kind, slots_of(tables, kinds))
    wide = per_kind.group_by("lead_id", "as_of").aggregate(
        **{feature.name: value for feature, value in measured}
    )
    days, day_features = _active_days(tables, seen)
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


def slots_of(tables: Tables, kinds: tuple[str, ...]) -> tuple[Slot, ...]:
    """List what is counted together: each common kind, the rest, the contract's groups, all."""
    source = tables.contract.events
    groups = source.groups if source is not None else {}
    used: set[str] = set()
    slots = [Slot("activity", "activity of any kind", None)]
    slots += [Slot(_slug(group, used), f"{as_words(group)} events", of) for group, of in groups.items()]
    alone = {of[0] for of in groups.values() if len(of) == 1}
    slots += [
        Slot(_slug(kind, used), f"{as_words(kind)} events", (kind,))
        for kind in kinds
        if kind not in alone
    ]
    return (*slots, Slot(OTHER_KINDS, "events of rarer kinds", ()))


def _slug(name: str, used: set[str]) -> str:
    ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    base = re.sub(r"[^a-z0-9]+", "_", ascii_only.lower()).strip("_") or "kind"
    slug, count = base, 1
    while slug in used or slug in {OTHER_KINDS, "activity"}:
        count += 1
        slug = f"{base}_{count}"
    used.add(slug)
    return slug


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
    named = {kind for slot in slots for kind in slot.kinds or ()}
    measured: list[tuple[Feature, ir.Value]] = []
    for slot in slots:
        if slot.kinds is None:
            within = ~per_kind.kind.isin(_not_by_the_lead(tables))
        elif slot.kinds:
            within = per_kind.kind.isin(slot.kinds)
        else:
            within = ~per_kind.kind.isin(sorted(named))
        measured += _slot_measures(per_kind, slot, within)
    own = ~per_kind.kind.isin(_not_by_the_lead(tables))
    trend = (2 * per_kind.n_14 - per_kind.n_28).sum(where=own)
    measured += [
        (_number("activity_trend_14d", "events", "change in activity, last 14 days against the 14 before", "activity_trend"), trend),
        (_number("distinct_kinds", "kinds", "different kinds of activity so far", "distinct_kinds"), per_kind.count(where=own)),
    ]
    if "value" in tables.event_terms:
        measured += [
            (_number("event_value_30d", "", "total value of events in the last 30 days", "event_value"), per_kind.value_30.sum()),
            (_number("event_value_ever", "", "total value of events so far", "event_value"), per_kind.value_ever.sum()),
        ]
    return measured


def _not_by_the_lead(tables: Tables) -> list[str]:
    source = tables.contract.events
    groups = source.groups if source is not None else {}
    return sorted({kind for name in NOT_BY_THE_LEAD for kind in groups.get(name, ())})


def _slot_measures(
    per_kind: ir.Table, slot: Slot, within: ir.BooleanValue
) -> list[tuple[Feature, ir.Value]]:
    name, words = slot.name, slot.words
    measured: list[tuple[Feature, ir.Value]] = [
        (
            _number(f"{name}_{days}d", "events", f"{words} in the last {_span(days)}", name),
            per_kind[f"n_{days}"].sum(where=within),
        )
        for days in WINDOWS_DAYS
    ]
    as_of = per_kind.as_of.max()  # one moment within the group
    since_first = _days(as_of, per_kind["first"].min(where=within))
    since_latest = _days(as_of, per_kind.latest.max(where=within))
    faded = per_kind.weight.sum(where=within).cast("float64") / WEIGHT_UNITS
    return [
        *measured,
        (_number(f"{name}_ever", "events", f"{words} so far", name), per_kind.n_ever.sum(where=within)),
        (_number(f"{name}_days_since_first", "days", f"days since the first of the {words}", name), since_first),
        (_number(f"{name}_days_since_latest", "days", f"days since the latest of the {words}", name), since_latest),
        (_number(f"{name}_faded", "events", f"{words}, older ones counting less", name), faded),
    ]


def _span(days: int) -> str:
    return "24 hours" if days == 1 else f"{days} days"


def _number(name: str, unit: str, words: str, fact: str) -> Feature:
    return Feature(name, "engagement", "number", unit, words, fact)


def _days(later: ir.Value, earlier: ir.Value) -> ir.Value:
    """Days between two moments, to the second."""
    return (later.epoch_seconds() - earlier.epoch_seconds()) / float(SECONDS_A_DAY)


def _active_days(tables: Tables, seen: ir.Table) -> tuple[ir.Table, tuple[Feature, ...]]:
    """Distinct days with activity, and the longest silence between two of them."""
    own = seen.filter(~seen.kind.isin(_not_by_the_lead(tables)))
    days = own.select("lead_id", "as_of", "age_days").distinct()
    backwards = ibis.window(group_by=["lead_id", "as_of"], order_by="age_days")
    gaps = days.mutate(silence=days.age_days.lead().over(backwards) - days.age_days)
    counted = gaps.group_by("lead_id", "as_of").aggregate(
        active_days_30d=gaps.count(where=gaps.age_days < 30),
        active_days_ever=gaps.count(),
        longest_silence_days=gaps.silence.max(),
    )
    features = (
        _number("active_days_30d", "days", "days with activity in the last 30 days", "active_days"),
        _number("active_days_ever", "days", "days with activity so far", "active_days"),
        _number("longest_silence_days", "days", "longest silence between two active days", "longest_silence"),
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
        columns[feature.name] = value if feature.unit == "days" and "active" not in feature.name else value.fill_null(0.0)
    return joined.drop("counted_id", "counted_as_of").mutate(**columns)


def _email_ratio(table: ir.Table, names: set[str]) -> tuple[ir.Table, tuple[Feature, ...]]:
    """E-mails opened for each one sent, where the contract groups both."""
    if not {"email_sent_ever", "email_opened_ever"} <= names:
        return table, ()
    opened = table.email_opened_ever / table.email_sent_ever.nullif(0.0)
    feature = _number("email_open_rate", "share", "share of e-mails opened", "email_opened")
    return table.mutate(email_open_rate=opened), (feature,)
