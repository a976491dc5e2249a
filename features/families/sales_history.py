"""What marketing and sales have already done with the lead: handoffs, verdicts, touches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from leadscore.features.core.errors import DataError
from leadscore.features.families.catalogue import Feature
from leadscore.features.families.engagement_query import SECONDS_A_DAY
from leadscore.features.families.feature_set import OF_A_LEAD, OF_A_SNAPSHOT, FeatureSet, Lookup

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from leadscore.features.families.catalogue import Kind
    from leadscore.features.tables.tables import Tables

SECONDS_AN_HOUR = 3600
BETWEEN = "\x1f"  # a separator that no reason contains
STEPS = (
    ("mql", "handoff to sales"),
    ("accepted", "acceptance by sales"),
    ("sql", "qualification by sales"),
)
SETBACKS = (("rejected", "rejected by sales"), ("recycled", "sent back to marketing"))


def history_features(tables: Tables, snapshots: ir.Table) -> FeatureSet:
    """Build the lead's age and what is recorded of earlier handoffs and verdicts.

    Parameters
    ----------
    tables
        The cleaned tables.
    snapshots
        Columns `lead_id`, `as_of`.

    Returns
    -------
    FeatureSet
        A row a snapshot. A flat file has only the hour and weekday of creation.
    """
    lookups = [Lookup(tables.leads.select("lead_id", "created_at"), OF_A_LEAD)]
    values = _creation() if tables.has_dates else []
    if tables.outcomes is not None:
        words = "days since the creation of the lead"
        age = _.as_of.epoch_seconds() - _.created_at.epoch_seconds()
        values.append((_number("lead_age_days", "days", words), age / float(SECONDS_A_DAY)))
        lookups.append(Lookup(_verdicts(tables, snapshots), OF_A_SNAPSHOT))
        values += [*(_since(*step) for step in STEPS)]
        values += [pair for setback in SETBACKS for pair in _setback(*setback)]
    return FeatureSet(snapshots, tuple(lookups), tuple(values))


def reason_group(tables: Tables, seen: ir.Table) -> ir.Value:
    """Find the contract's group of a reason; a reason in no group is its own.

    Parameters
    ----------
    tables
        Whose contract groups the reasons.
    seen
        Outcomes, with the column `reason`.

    Returns
    -------
    ir.Value
        A text, null where there is no reason.
    """
    source = tables.contract.outcomes
    groups = source.reason_groups if source is not None else {}
    branches = [
        (seen.reason.isin([word.strip().lower() for word in words]), group)
        for group, words in groups.items()
    ]
    return ibis.cases(*branches, else_=seen.reason) if branches else seen.reason


def _creation() -> list[tuple[Feature, ir.Value]]:
    return [
        (
            _number("created_hour", "hour", "hour of the day (UTC) the lead was created"),
            _.created_at.hour(),
        ),
        (
            _number("created_weekday", "", "weekday the lead was created (0 is Monday)"),
            _.created_at.day_of_week.index(),
        ),
    ]


def _number(name: str, unit: str, words: str) -> Feature:
    return Feature(name, "history", "number", unit, words, name)


def _verdicts(tables: Tables, snapshots: ir.Table) -> ir.Table:
    """See handoffs, acceptances, rejections and recycles known before the snapshot."""
    if tables.outcomes is None:
        raise DataError("the contract describes no [outcomes]")
    spine = snapshots.select(spine_id=snapshots.lead_id, as_of=snapshots.as_of)
    paired = tables.outcomes.join(spine, tables.outcomes.lead_id == spine.spine_id)
    known = paired.filter(_.occurred_at < _.as_of, _.recorded_at < _.as_of)
    seen = known.mutate(reason_group=reason_group(tables, known))
    columns = {}
    for stage, _words in (*STEPS, *SETBACKS):
        columns[f"latest_{stage}"] = seen.occurred_at.max(where=seen.stage == stage)
    for stage, _words in SETBACKS:
        within = seen.stage == stage
        columns[f"{stage}_times"] = seen.count(where=within)
        # The latest verdict's reason; of two at the same moment the later in the alphabet.
        stamped = seen.occurred_at.cast("string") + BETWEEN + seen.reason_group
        latest = stamped.max(where=within & seen.reason_group.notnull())
        columns[f"{stage}_reason"] = latest.split(BETWEEN)[1]
    return seen.group_by("lead_id", "as_of").aggregate(**columns)


def _since(stage: str, words: str) -> tuple[Feature, ir.Value]:
    name, fact = f"hours_since_{stage}", f"since_{stage}"
    feature = Feature(name, "history", "number", "hours", f"hours since {words}", fact)
    return feature, _seconds_since_latest(stage) / float(SECONDS_AN_HOUR)


def _setback(stage: str, words: str) -> list[tuple[Feature, ir.Value]]:
    """Count a verdict of sales, and see how long ago and why it last fell."""
    days = _seconds_since_latest(stage) / float(SECONDS_A_DAY)

    def feature(name: str, kind: Kind, unit: str, said: str) -> Feature:
        return Feature(name, "history", kind, unit, said, stage)

    times, since = f"times {words} so far", f"days since last {words}"
    reason = feature(f"{stage}_reason", "text", "", f"latest reason for being {words}")
    return [
        (feature(f"{stage}_times", "number", "times", times), _[f"{stage}_times"].fill_null(0)),
        (feature(f"days_since_{stage}", "number", "days", since), days),
        (reason, _[reason.name]),
    ]


def _seconds_since_latest(stage: str) -> ir.Value:
    return _.as_of.epoch_seconds() - _[f"latest_{stage}"].epoch_seconds()
