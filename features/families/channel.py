"""Where the lead came from, and how well that channel has done so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from leadscore.features.families.catalogue import Feature
from leadscore.features.families.engagement_query import events_before
from leadscore.features.families.feature_set import (
    OF_A_LEAD,
    OF_A_SNAPSHOT,
    FeatureSet,
    Lookup,
    as_words,
)
from leadscore.features.point_in_time.channel_conversion import past_rates
from leadscore.features.tables.clean_events_outcomes import CHANNEL_TOUCH

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from leadscore.features.tables.attributes import Attribute
    from leadscore.features.tables.tables import Tables

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
    names = [each.name for each in attributes]
    lookups = [Lookup(tables.leads.select("lead_id", *names), OF_A_LEAD)]
    values = [(_first_touch(each), _[each.name]) for each in attributes]
    rated = [each for each in attributes if each.type == "text"] if tables.has_dates else []
    for attribute in rated:
        rates = past_rates(tables, snapshots, attribute.name)
        lookups.append(Lookup(rates, {"rated_at": "as_of", "rated": attribute.name}))
        values.append(_past_rate(attribute))
    touched = [term for term in CHANNEL_TOUCH if term in tables.event_terms]
    if touched:
        lookups.append(Lookup(_latest_touches(tables, snapshots, touched), OF_A_SNAPSHOT))
        values += [pair for term in touched for pair in _touch_values(term)]
    return FeatureSet(snapshots, tuple(lookups), tuple(values))


def _first_touch(attribute: Attribute) -> Feature:
    kind = "text" if attribute.type == "text" else "number"
    words = as_words(attribute.column)
    return Feature(attribute.name, "channel", kind, "", words, attribute.name)  # type: ignore[arg-type]


def _past_rate(attribute: Attribute) -> tuple[Feature, ir.Value]:
    level, name = attribute.name, f"{attribute.name}_past_rate"
    words = f"earlier leads of this {as_words(attribute.column)} that converted"
    return Feature(name, "channel", "number", "share", words, level), _[name]


def _latest_touches(tables: Tables, snapshots: ir.Table, terms: list[str]) -> ir.Table:
    """Find the latest channel among the events, and how many different ones there were."""
    seen = events_before(tables, snapshots)
    # A lead comes again and again from the same few places: first their latest time each.
    places = (
        seen.filter(ibis.or_(*(seen[term].notnull() for term in terms)))
        .group_by("lead_id", "as_of", *terms)
        .aggregate(latest=_.occurred_at.max())
    )
    columns = {}
    for term in terms:
        # The latest by time; of two at the same moment the later in the alphabet.
        stamped = places.latest.cast("string") + BETWEEN + places[term]
        columns[f"touch_{term}"] = stamped.max().split(BETWEEN)[1]
        columns[f"distinct_{term}s"] = places[term].nunique()
    return places.group_by("lead_id", "as_of").aggregate(**columns)


def _touch_values(term: str) -> list[tuple[Feature, ir.Value]]:
    words, latest, different = as_words(term), f"touch_{term}", f"distinct_{term}s"
    said = f"different {words}s so far"
    return [
        (Feature(latest, "channel", "text", "", f"{words} of the latest touch", latest), _[latest]),
        (Feature(different, "channel", "number", "", said, latest), _[different].fill_null(0)),
    ]
