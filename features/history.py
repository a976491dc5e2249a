"""What marketing and sales have already done with the lead: handoffs, verdicts, touches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from features.catalogue import Feature
from features.engagement import SECONDS_A_DAY
from features.errors import DataError
from features.family import FeatureSet

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from features.catalogue import Kind
    from features.tables import Tables

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
    leads = tables.leads.select(own_id=_.lead_id, created_at=_.created_at)
    joined = snapshots.left_join(leads, snapshots.lead_id == leads.own_id)
    measured: list[tuple[Feature, ir.Value]] = []
    if tables.has_dates:
        measured += _creation(joined)
    if tables.outcomes is not None:
        age = joined.as_of.epoch_seconds() - joined.created_at.epoch_seconds()
        words = "days since the creation of the lead"
        measured.append((_number("lead_age_days", "days", words), age / float(SECONDS_A_DAY)))
    columns = {feature.name: value for feature, value in measured}
    table = joined.select("lead_id", "as_of", **columns)
    features = tuple(feature for feature, _value in measured)
    if tables.outcomes is None:
        return FeatureSet(table, features)
    verdicts = _verdicts(tables, snapshots)
    return _joined(FeatureSet(table, features), verdicts)


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


def _creation(joined: ir.Table) -> list[tuple[Feature, ir.Value]]:
    return [
        (
            _number("created_hour", "hour", "hour of the day (UTC) the lead was created"),
            joined.created_at.hour().cast("float64"),
        ),
        (
            _number("created_weekday", "", "weekday the lead was created (0 is Monday)"),
            joined.created_at.day_of_week.index().cast("float64"),
        ),
    ]


def _number(name: str, unit: str, words: str) -> Feature:
    return Feature(name, "history", "number", unit, words, name)


def _verdicts(tables: Tables, snapshots: ir.Table) -> FeatureSet:
    """See handoffs, acceptances, rejections and recycles known before the snapshot."""
    if tables.outcomes is None:
        raise DataError("the contract describes no [outcomes]")
    spine = snapshots.select(spine_id=snapshots.lead_id, as_of=snapshots.as_of)
    paired = tables.outcomes.join(spine, tables.outcomes.lead_id == spine.spine_id)
    known = paired.filter(_.occurred_at < _.as_of, _.recorded_at < _.as_of)
    seen = known.mutate(reason_group=reason_group(tables, known))
    measured = [_since(seen, stage, words) for stage, words in STEPS]
    for stage, words in SETBACKS:
        measured += _setback(seen, stage, words)
    table = seen.group_by("lead_id", "as_of").aggregate(
        **{feature.name: value for feature, value in measured}
    )
    return FeatureSet(table, tuple(feature for feature, _value in measured))


def _since(seen: ir.Table, stage: str, words: str) -> tuple[Feature, ir.Value]:
    name, fact = f"hours_since_{stage}", f"since_{stage}"
    feature = Feature(name, "history", "number", "hours", f"hours since {words}", fact)
    return feature, _seconds_since_latest(seen, stage) / float(SECONDS_AN_HOUR)


def _setback(seen: ir.Table, stage: str, words: str) -> list[tuple[Feature, ir.Value]]:
    """Count a verdict of sales, and see how long ago and why it last fell."""
    within = seen.stage == stage
    days = _seconds_since_latest(seen, stage) / float(SECONDS_A_DAY)
    # The latest verdict's reason; of two at the same moment the later in the alphabet.
    stamped = seen.occurred_at.cast("string") + BETWEEN + seen.reason_group
    reason = stamped.max(where=within & seen.reason_group.notnull()).split(BETWEEN)[1]

    def feature(name: str, kind: Kind, unit: str, said: str) -> Feature:
        return Feature(name, "history", kind, unit, said, stage)

    return [
        (
            feature(f"{stage}_times", "number", "times", f"times {words} so far"),
            seen.count(where=within).cast("float64"),
        ),
        (
            feature(f"days_since_{stage}", "number", "days", f"days since last {words}"),
            days,
        ),
        (feature(f"{stage}_reason", "text", "", f"latest reason for being {words}"), reason),
    ]


def _seconds_since_latest(seen: ir.Table, stage: str) -> ir.Value:
    as_of = seen.as_of.max()  # one moment within the group
    latest = seen.occurred_at.max(where=seen.stage == stage)
    return as_of.epoch_seconds() - latest.epoch_seconds()


def _joined(base: FeatureSet, verdicts: FeatureSet) -> FeatureSet:
    right = verdicts.table.rename(verdict_id="lead_id", verdict_as_of="as_of")
    left = base.table
    joined = left.left_join(
        right, [left.lead_id == right.verdict_id, left.as_of == right.verdict_as_of]
    ).drop("verdict_id", "verdict_as_of")
    zeroes = {name: joined[name].fill_null(0.0) for name in ("rejected_times", "recycled_times")}
    return FeatureSet(joined.mutate(**zeroes), base.features + verdicts.features)
