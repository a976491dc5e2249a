"""Where the lead came from: its first and latest channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from leadscore.features.catalogue import OF_A_SNAPSHOT, Feature, FeatureSet, Lookup
from leadscore.features.core import as_words
from leadscore.features.point_in_time import events_before, latest_text, leads_as_of
from leadscore.features.tables import CHANNEL_TOUCH

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from leadscore.features.tables import Attribute, Tables


def channel_features(tables: Tables, snapshots: ir.Table) -> FeatureSet:
    """Build first and latest channel, and the number of channels."""
    attributes = [each for each in tables.attributes if each.role == "channel"]
    names = [each.name for each in attributes]
    states = leads_as_of(tables, snapshots)
    own = states.leads.select(*states.keys, *names)
    lookups = [Lookup(*states.by_snapshot(own))]
    values = [(_first_touch(each), _[each.name]) for each in attributes]
    touched = [term for term in CHANNEL_TOUCH if term in tables.event_terms]
    if touched:
        lookups.append(Lookup(_latest_touches(tables, snapshots, touched), OF_A_SNAPSHOT))
        values += [pair for term in touched for pair in _touch_values(term)]
    return FeatureSet(snapshots, tuple(lookups), tuple(values))


def _first_touch(attribute: Attribute) -> Feature:
    words = as_words(attribute.column)
    return Feature(attribute.name, "channel", attribute.type, "", words, attribute.name)


def _latest_touches(tables: Tables, snapshots: ir.Table, terms: list[str]) -> ir.Table:
    """Find the latest channel among the events, and how many different ones there were."""
    seen = events_before(tables, snapshots)
    # A lead comes from the same few places again and again: first the latest time of each.
    places = (
        seen.filter(ibis.or_(*(seen[term].notnull() for term in terms)))
        .group_by("lead_id", "as_of", *terms)
        .aggregate(latest=_.occurred_at.max())
    )
    latest = {f"touch_{term}": latest_text(places.latest, places[term]) for term in terms}
    distinct = {f"distinct_{term}s": places[term].nunique() for term in terms}
    return places.group_by("lead_id", "as_of").aggregate(**latest, **distinct)


def _touch_values(term: str) -> list[tuple[Feature, ir.Value]]:
    fact, words = f"touch_{term}", as_words(term)
    latest = Feature(fact, "channel", "text", "", f"{words} of the latest touch", fact, "latest")
    different = f"different {words}s so far"
    distinct = Feature(f"distinct_{term}s", "channel", "number", "", different, fact, "distinct")
    return [(latest, _[latest.name]), (distinct, _[distinct.name].fill_null(0))]
