"""Where the lead came from, and how well that channel has done so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import ibis
from ibis import _

from features.catalogue import Feature
from features.contract import Stage
from features.dated_rows import CHANNEL_TOUCH
from features.engagement import events_before
from features.family import FeatureSet, as_words
from features.outcomes import reached_at

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from features.attributes import Attribute
    from features.tables import Tables

PRIOR_LEADS = 20  # a channel speaks for itself once it has brought a few dozen matured leads
STAGES: tuple[Stage, ...] = get_args(Stage)
BETWEEN = "\x1f"  # a separator that no channel's name contains


def channel_features(tables: Tables, snapshots: ir.Table) -> FeatureSet:
    """Build first and latest channel, number of channels, and each channel's past conversion.

    Parameters
    ----------
    tables
        The cleaned tables.
    snapshots
        Columns `lead_id`, `as_of`.

    Returns
    -------
    FeatureSet
        A row a snapshot.
    """
    attributes = [each for each in tables.attributes if each.role == "channel"]
    columns = {each.name: _[each.name] for each in attributes}
    leads = tables.leads.select(own_id=_.lead_id, **columns)
    joined = snapshots.left_join(leads, snapshots.lead_id == leads.own_id).drop("own_id")
    parts = [FeatureSet(joined, tuple(_first_touch(each) for each in attributes))]
    if tables.has_dates:
        rated = [each for each in attributes if each.type == "text"]
        parts += [_past_rate(tables, joined, attribute) for attribute in rated]
    touched = [term for term in CHANNEL_TOUCH if term in tables.event_terms]
    if touched:
        parts.append(_latest_touches(tables, snapshots, touched))
    return _side_by_side(snapshots, parts)


def _first_touch(attribute: Attribute) -> Feature:
    kind = "text" if attribute.type == "text" else "number"
    words = as_words(attribute.column)
    return Feature(attribute.name, "channel", kind, "", words, attribute.name)  # type: ignore[arg-type]


def _past_rate(tables: Tables, spine: ir.Table, attribute: Attribute) -> FeatureSet:
    """Estimate how many of a channel's matured leads converted, shrunk to the overall share.

    A lead counts once its horizon has passed before the snapshot, whatever came of it. The
    estimate is the posterior mean of a beta-binomial with a prior of `PRIOR_LEADS` leads at the
    overall rate.
    """
    level, name = attribute.name, f"{attribute.name}_past_rate"
    spine = spine.mutate(stage=_stage_in_force(tables, spine.as_of))
    pairs = spine.select("as_of", "stage", own_level=level).distinct()
    matured = _matured(tables, level)
    own = _tally(pairs, matured, "own_level", "stage")
    overall = _tally(pairs.select("as_of", "stage").distinct(), matured, "stage")
    share = overall.select("as_of", share=overall.reached / overall.n.cast("float64"))
    rates = own.inner_join(share, "as_of").filter(_.own_level.notnull())
    rate = (rates.reached + PRIOR_LEADS * rates.share) / (rates.n + PRIOR_LEADS)
    known = rates.select(rate_as_of="as_of", rate_level="own_level", **{name: rate})
    joined = spine.left_join(
        known, [spine.as_of == known.rate_as_of, spine[level] == known.rate_level]
    )
    words = f"earlier leads of this {as_words(attribute.column)} that converted"
    feature = Feature(name, "channel", "number", "share", words, level)
    return FeatureSet(joined.select("lead_id", "as_of", name), (feature,))


def _stage_in_force(tables: Tables, as_of: ir.TimestampValue) -> ir.StringValue:
    """Name the stage a lead reaches first: SQL, once the outcomes have spoken of it."""
    if tables.contract.is_flat or tables.outcomes is None:
        return ibis.literal(tables.contract.leads.stage)
    rows = tables.outcomes.filter(_.stage == "sql")
    since = ibis.greatest(rows.occurred_at, rows.recorded_at).min().to_pyarrow().as_py()
    if since is None:
        return ibis.literal("won")
    return ibis.ifelse(as_of > ibis.literal(since), "sql", "won")


def _tally(moments: ir.Table, matured: ir.Table, *keys: str) -> ir.Table:
    """Count the leads that had matured by each moment, and those of them that converted."""
    daily = matured.group_by(**{f"its_{key}": key for key in keys}, on="matured_day").aggregate(
        n=_.count(), reached=_.reached.sum()
    )
    same = [moments[key] == daily[f"its_{key}"] for key in keys]
    past = moments.left_join(daily, [*same, daily.on <= moments.as_of])
    return past.group_by(moments.columns).aggregate(
        n=_.n.sum().fill_null(0), reached=_.reached.sum().fill_null(0)
    )


def _matured(tables: Tables, level: str) -> ir.Table:
    """List when each lead's horizon is over, its channel, and what came of it, for each stage."""
    leads = tables.leads.filter(_.created_at.notnull(), _[level].notnull())
    if tables.contract.is_flat:
        stage = tables.contract.leads.stage
        judged = leads.filter(_.target.notnull())
        return _over(tables, judged, level, stage, judged.target == 1.0)
    parts = []
    for stage in STAGES:
        stages = reached_at(tables, stage)
        known = leads.left_join(stages, leads.lead_id == stages.reached_id)
        in_time = known.known_at < known.created_at + _horizon(tables, stage)
        parts.append(_over(tables, known, level, stage, in_time.fill_null(False)))
    return ibis.union(*parts)


def _over(
    tables: Tables, leads: ir.Table, level: str, stage: Stage, reached: ir.BooleanValue
) -> ir.Table:
    over = leads.created_at + _horizon(tables, stage)
    # The first midnight at or after the horizon's end: never earlier than it was known.
    midnight = (over - ibis.interval(microseconds=1)).truncate("D") + ibis.interval(days=1)
    return leads.select(
        own_level=leads[level],
        stage=ibis.literal(stage),
        matured_day=midnight,
        reached=reached.cast("int64"),
    )


def _horizon(tables: Tables, stage: Stage) -> ir.IntervalScalar:
    return ibis.interval(days=getattr(tables.contract.horizon_days, stage))


def _latest_touches(tables: Tables, snapshots: ir.Table, terms: list[str]) -> FeatureSet:
    """Find the latest channel among the events, and how many different ones there were."""
    seen = events_before(tables, snapshots)
    columns, features = {}, []
    for term in terms:
        value = seen[term]
        # The latest by time; of two at the same moment the later in the alphabet.
        stamped = seen.occurred_at.cast("string") + BETWEEN + value
        columns[f"touch_{term}"] = stamped.max(where=value.notnull()).split(BETWEEN)[1]
        columns[f"distinct_{term}s"] = value.nunique().cast("float64")
        words, fact = as_words(term), f"touch_{term}"
        features += [
            Feature(fact, "channel", "text", "", f"{words} of the latest touch", fact),
            Feature(
                f"distinct_{term}s", "channel", "number", "", f"different {words}s so far", fact
            ),
        ]
    touched = seen.group_by(touch_id="lead_id", touch_as_of="as_of").aggregate(**columns)
    joined = snapshots.left_join(
        touched, [snapshots.lead_id == touched.touch_id, snapshots.as_of == touched.touch_as_of]
    )
    counts = {f"distinct_{term}s": joined[f"distinct_{term}s"].fill_null(0.0) for term in terms}
    return FeatureSet(joined.mutate(**counts), tuple(features))


def _side_by_side(snapshots: ir.Table, parts: list[FeatureSet]) -> FeatureSet:
    table = snapshots
    for part in parts:
        right = part.table.select(
            part_id="lead_id", part_as_of="as_of", **{f.name: f.name for f in part.features}
        )
        table = table.left_join(
            right, [table.lead_id == right.part_id, table.as_of == right.part_as_of]
        ).drop("part_id", "part_as_of")
    return FeatureSet(table, tuple(feature for part in parts for feature in part.features))
