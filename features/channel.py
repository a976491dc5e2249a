"""Where the lead came from, and how well that channel has done so far."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import ibis
from ibis import _

from features.catalogue import Feature
from features.engagement import events_before
from features.family import FeatureSet, as_words
from features.outcomes import reached_at

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from features.attributes import Attribute
    from features.contract import Stage
    from features.tables import Tables

PRIOR_LEADS = 20  # a channel speaks for itself once it has brought a few dozen matured leads
TOUCH_TERMS = ("source", "medium", "campaign", "landing_page")
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
    leads = tables.leads.select(own_id=_.lead_id, **{each.name: _[each.name] for each in attributes})
    joined = snapshots.left_join(leads, snapshots.lead_id == leads.own_id).drop("own_id")
    parts = [FeatureSet(joined, tuple(_first_touch(each) for each in attributes))]
    if tables.has_dates:
        rated = [each for each in attributes if each.type == "text"]
        parts += [_past_rate(tables, joined, attribute) for attribute in rated]
    touched = [term for term in TOUCH_TERMS if term in tables.event_terms]
    if touched:
        parts.append(_latest_touches(tables, snapshots, touched))
    return _side_by_side(snapshots, parts)


def _first_touch(attribute: Attribute) -> Feature:
    kind = "text" if attribute.type == "text" else "number"
    words = as_words(attribute.column)
    return Feature(attribute.name, "channel", kind, "", words, attribute.name)  # type: ignore[arg-type]


def _past_rate(tables: Tables, spine: ir.Table, attribute: Attribute) -> FeatureSet:
    """The share of a channel's matured leads that converted, shrunk to the overall share.

    A lead counts once its horizon has passed before the snapshot, whatever came of it. The
    estimate is the posterior mean of a beta-binomial with a prior of `PRIOR_LEADS` leads at the
    overall rate.
    """
    level = attribute.name
    matured = _matured(tables, level)
    pairs = spine.select("as_of", level).distinct()
    by_level = matured.group_by(own_level="level", on="matured_day").aggregate(
        n=_.count(), reached=_.reached.sum()
    )
    found = pairs.left_join(
        by_level, [pairs[level] == by_level.own_level, by_level.on <= pairs.as_of]
    )
    own = found.group_by("as_of", level).aggregate(
        n=_.n.sum().fill_null(0), reached=_.reached.sum().fill_null(0)
    )
    by_day = matured.group_by(on="matured_day").aggregate(n=_.count(), reached=_.reached.sum())
    moments = spine.select("as_of").distinct()
    everyone = moments.join(by_day, by_day.on <= moments.as_of)
    overall = everyone.group_by(all_as_of="as_of").aggregate(
        overall=_.reached.sum() / _.n.sum().cast("float64")
    )
    rates = own.left_join(overall, own.as_of == overall.all_as_of)
    name = f"{level}_past_rate"
    rate = (rates.reached + PRIOR_LEADS * rates.overall) / (rates.n + PRIOR_LEADS)
    known = rates.select(rate_as_of="as_of", rate_level=level, **{name: rate})
    joined = spine.left_join(
        known, [spine.as_of == known.rate_as_of, spine[level] == known.rate_level]
    )
    words = f"past conversion of this {as_words(attribute.column)}"
    feature = Feature(name, "channel", "number", "share", words, level)
    return FeatureSet(joined.select("lead_id", "as_of", name), (feature,))


def _matured(tables: Tables, level: str) -> ir.Table:
    """Leads whose horizon is over: their channel, the day it was over, and what came of them."""
    stage: Stage = first_stage(tables)
    horizon = timedelta(days=getattr(tables.contract.horizon_days, stage))
    leads = tables.leads.filter(_.created_at.notnull(), _[level].notnull())
    matured_at = leads.created_at + ibis.interval(seconds=int(horizon.total_seconds()))
    if tables.contract.is_flat:
        known = leads.filter(leads.target.notnull())
        reached = known.target.cast("int64")
    else:
        stages = reached_at(tables, stage)
        known = leads.left_join(stages, leads.lead_id == stages.reached_id)
        reached = (known.known_at.notnull() & (known.known_at < matured_at)).cast("int64")
    over = known.created_at + ibis.interval(seconds=int(horizon.total_seconds()))
    # The first midnight at or after the horizon's end: never earlier than it was known.
    midnight = (over - ibis.interval(microseconds=1)).truncate("D") + ibis.interval(days=1)
    return known.select(level=known[level], matured_day=midnight, reached=reached)


def first_stage(tables: Tables) -> Stage:
    """Return the stage a lead reaches first: SQL, where the tables speak of it."""
    if tables.contract.is_flat or tables.outcomes is None:
        return tables.contract.leads.stage
    is_sql = tables.outcomes.stage == "sql"
    found = tables.outcomes.aggregate(found=is_sql.any()).to_pyarrow()["found"][0].as_py()
    return "sql" if found else "won"


def _latest_touches(tables: Tables, snapshots: ir.Table, terms: list[str]) -> FeatureSet:
    """The latest channel among the events, and how many different ones there were."""
    seen = events_before(tables, snapshots)
    columns, features = {}, []
    for term in terms:
        value = seen[term]
        # The latest by time; of two at the same moment the later in the alphabet.
        stamped = seen.occurred_at.cast("string") + BETWEEN + value
        columns[f"touch_{term}"] = stamped.max(where=value.notnull()).split(BETWEEN)[1]
        columns[f"distinct_{term}s"] = value.nunique().cast("float64")
        words = as_words(term)
        features += [
            Feature(f"touch_{term}", "channel", "text", "", f"latest {words}", f"touch_{term}"),
            Feature(
                f"distinct_{term}s", "channel", "number", "", f"different {words}s", f"touch_{term}"
            ),
        ]
    table = seen.group_by("lead_id", "as_of").aggregate(**columns)
    return FeatureSet(table, tuple(features))


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
