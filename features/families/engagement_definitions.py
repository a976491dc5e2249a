"""What is measured of a lead's events: one list, from which every engine computes the features."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from leadscore.features.catalogue import EventGroup, Feature, event_groups

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from leadscore.features.catalogue import Measure
    from leadscore.features.tables import Tables

WINDOWS_DAYS = {1: "24 hours", 7: "7 days", 30: "30 days", 90: "90 days"}
TREND_DAYS = 14
SINCE: dict[Measure, str] = {"days_since_first": "first {one}", "days_since_latest": "latest {one}"}
TREND = "activity in the last 14 days against the 14 before"
SILENCE = "longest silence between active days"
TOTAL, DAYS = "total value of events", "days with activity"
MONTH, KINDS = "in the last 30 days", "different kinds of activity so far"
# Sums of decayed weights are taken in whole units, so that they depend neither on the order of
# the rows nor on the number of threads. 2^-40 is far below what matters to a model.
WEIGHT_UNITS = 2.0**40
EVERY_EVENT = EventGroup("every_event", (), (), is_rest=True)  # done by the lead or not


def _feature(  # noqa: PLR0917 - the lines below are a table
    name: str, fact: str, measure: Measure, unit: str, words: str, days: int | None = None
) -> Feature:
    return Feature(name, "engagement", "number", unit, words, fact, measure, days)


# `{one}` and `{several}` stand for a group's events; its name goes before theirs: "demo_7d".
OF_A_GROUP = (
    *(
        _feature(f"{days}d", "", "count", "events", f"{{several}} in the last {span}", days)
        for days, span in WINDOWS_DAYS.items()
    ),
    _feature("ever", "", "count", "events", "{several} so far"),
    *(
        replace(_feature(name, "", name, "days", f"days since the {since}"), since=since)
        for name, since in SINCE.items()
    ),
    _feature("faded", "", "decayed_count", "events", "{several}, older ones counting less"),
)
OF_ACTIVITY = (
    _feature("activity_trend_14d", "activity_trend", "trend", "events", TREND, TREND_DAYS),
    _feature("distinct_kinds", "distinct_kinds", "distinct", "kinds", KINDS),
)
OF_VALUES = (
    _feature("event_value_30d", "event_value", "sum", "", f"{TOTAL} {MONTH}", 30),
    _feature("event_value_ever", "event_value", "sum", "", f"{TOTAL} so far"),
)
OF_DAYS = (
    _feature("active_days_30d", "active_days", "active_days", "days", f"{DAYS} {MONTH}", 30),
    _feature("active_days_ever", "active_days", "active_days", "days", f"{DAYS} so far"),
    _feature("longest_silence_days", "longest_silence", "longest_gap", "days", SILENCE),
)
OPEN_RATE = _feature("email_open_rate", "email_opened", "share", "share", "share of e-mails opened")
OPENED_OF_SENT = ("email_opened_ever", "email_sent_ever")


class Definition(NamedTuple):
    """A feature, the events whose measure it is, and the columns that a share divides.

    A lead without such events has 0; a time, a gap or a share is then missing.
    """

    feature: Feature
    events: EventGroup
    quotient: tuple[str, str] | None = None


def engagement_definitions(tables: Tables, kinds: tuple[str, ...]) -> tuple[Definition, ...]:
    """List the engagement features of a company, in the order of the columns.

    `kinds` of events have columns of their own; the rest, but for the contract's groups, are
    counted together.
    """
    groups = event_groups(tables.contract.events.groups if tables.contract.events else {}, kinds)
    found = [Definition(_named(each, group), group) for group in groups for each in OF_A_GROUP]
    found += [Definition(each, groups[0]) for each in OF_ACTIVITY]
    if "value" in tables.event_terms:
        found += [Definition(each, EVERY_EVENT) for each in OF_VALUES]
    found += [Definition(each, groups[0]) for each in OF_DAYS]
    if {*OPENED_OF_SENT} <= {each.feature.name for each in found}:
        found.append(Definition(OPEN_RATE, EVERY_EVENT, OPENED_OF_SENT))
    return tuple(found)


def _named(feature: Feature, group: EventGroup) -> Feature:
    one, several = group.one, group.several
    return replace(
        feature,
        name=f"{group.name}_{feature.name}",
        words=feature.words.format(one=one, several=several),
        fact=group.name,
        group=tuple(several for _one, several in group.names),
        since=feature.since.format(one=one),
    )


def weight_units(age_days: ir.IntegerValue, half_life_days: float) -> ir.IntegerValue:
    """Weigh events by their age, in units of 1 / `WEIGHT_UNITS`."""
    weight = 2.0 ** (-age_days.cast("float64") / half_life_days) * WEIGHT_UNITS
    return weight.round().cast("int64")


def exact_value(seen: ir.Table) -> ir.DecimalValue:
    """Return the events' value as a decimal, whose sum does not depend on the order."""
    return seen.value.try_cast("decimal(38, 4)")
