"""What marketing and sales have already done with the lead: handoffs, verdicts, touches."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import ibis
from ibis import _

from leadscore.features.catalogue import OF_A_LEAD, OF_A_SNAPSHOT, Feature, FeatureSet, Lookup
from leadscore.features.core import SECONDS_A_DAY, SECONDS_AN_HOUR
from leadscore.features.point_in_time import latest_text, paired_before

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from leadscore.features.tables import Tables

STEPS = (
    ("mql", "handoff to sales"),
    ("accepted", "acceptance by sales"),
    ("sql", "qualification by sales"),
)
SETBACKS = (("rejected", "rejected by sales"), ("recycled", "sent back to marketing"))


def history_features(tables: Tables, snapshots: ir.Table) -> FeatureSet:
    """Build the lead's age and what is recorded of earlier handoffs and verdicts.

    Without outcomes there are only the hour and weekday of creation.
    """
    lookups = [Lookup(tables.leads.select("lead_id", "created_at"), OF_A_LEAD)]
    values = _creation() if tables.has_dates else []
    if tables.outcomes is not None:
        lookups.append(Lookup(_verdicts(tables, tables.outcomes, snapshots), OF_A_SNAPSHOT))
        values.append(_lead_age())
        values += [_hours_since(*step) for step in STEPS]
        values += [pair for setback in SETBACKS for pair in _setback(*setback)]
    return FeatureSet(snapshots, tuple(lookups), tuple(values))


def reason_group(tables: Tables, seen: ir.Table) -> ir.Value:
    """Map each `reason` (text or null) to its group in the contract; others stay."""
    source = tables.contract.outcomes
    groups = source.reason_groups if source is not None else {}
    branches = [
        (seen.reason.isin([word.strip().lower() for word in words]), group)
        for group, words in groups.items()
    ]
    return ibis.cases(*branches, else_=seen.reason) if branches else seen.reason


def _creation() -> list[tuple[Feature, ir.Value]]:
    hour = _feature("created_hour", "hour", "hour of the day (UTC) the lead was created")
    weekday = _feature("created_weekday", "", "weekday the lead was created (0 is Monday)")
    return [(hour, _.created_at.hour()), (weekday, _.created_at.day_of_week.index())]


def _feature(name: str, unit: str, words: str) -> Feature:
    return Feature(name, "history", "number", unit, words, name)


def _verdicts(tables: Tables, outcomes: ir.Table, snapshots: ir.Table) -> ir.Table:
    """Find the latest handoffs, acceptances, rejections and recycles known before the snapshot."""
    seen = paired_before(outcomes, snapshots.select("lead_id", "as_of"))
    seen = seen.mutate(reason_group=reason_group(tables, seen))
    columns = {}
    for stage, _words in (*STEPS, *SETBACKS):
        columns[f"latest_{stage}"] = seen.occurred_at.max(where=seen.stage == stage)
    for stage, _words in SETBACKS:
        within = seen.stage == stage
        columns[f"{stage}_times"] = seen.count(where=within)
        columns[f"{stage}_reason"] = latest_text(seen.occurred_at, seen.reason_group, where=within)
    return seen.group_by("lead_id", "as_of").aggregate(**columns)


def _lead_age() -> tuple[Feature, ir.Value]:
    since = "creation of the lead"
    feature = _feature("lead_age_days", "days", f"days since the {since}")
    feature = replace(feature, measure="days_since_first", since=since)
    return feature, _seconds_since(_.created_at) / float(SECONDS_A_DAY)


def _hours_since(stage: str, event: str) -> tuple[Feature, ir.Value]:
    feature = _feature(f"hours_since_{stage}", "hours", f"hours since {event}")
    hours = _seconds_since(_[f"latest_{stage}"]) / float(SECONDS_AN_HOUR)
    fact = f"since_{stage}"
    return replace(feature, measure="hours_since_latest", fact=fact, since=event), hours


def _setback(stage: str, verdict: str) -> list[tuple[Feature, ir.Value]]:
    """Count a verdict of sales; time since the last one, and its reason."""
    since = f"last {verdict}"
    times = _feature(f"{stage}_times", "times", f"times {verdict} so far")
    days = replace(_feature(f"days_since_{stage}", "days", f"days since {since}"), since=since)
    reason = _feature(f"{stage}_reason", "", f"latest reason for being {verdict}")
    ago = _seconds_since(_[f"latest_{stage}"]) / float(SECONDS_A_DAY)
    return [
        (replace(times, fact=stage, measure="count"), _[times.name].fill_null(0)),
        (replace(days, fact=stage, measure="days_since_latest"), ago),
        (replace(reason, fact=stage, measure="latest", kind="text"), _[reason.name]),
    ]


def _seconds_since(moment: ir.Value) -> ir.Value:
    return _.as_of.epoch_seconds() - moment.epoch_seconds()
