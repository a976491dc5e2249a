from __future__ import annotations

from leadscore.features.catalogue.feature import Feature
from leadscore.serving.explanations.fact_groups import columns_of_facts


def counts(fact: str, *group: str) -> list[Feature]:
    return [
        Feature(f"{fact}_{suffix}", "engagement", "number", "", suffix, fact, group=group)
        for suffix in ("7d", "ever", "days_since_latest", "faded")
    ]


def told_together(features: list[Feature]) -> list[list[str]]:
    return [
        sorted({features[position].fact for position in positions})
        for positions in columns_of_facts(features)
    ]


def test_a_kind_is_told_with_the_group_that_names_it() -> None:
    features = [
        *counts("interest", "demo requests", "pricing views"),
        *counts("pricing_view", "pricing views"),
        *counts("page_view", "page views"),
    ]
    assert told_together(features) == [["interest", "pricing_view"], ["page_view"]]


def test_a_kind_whose_group_does_not_name_it_is_a_fact_of_its_own() -> None:
    features = [
        *counts("interest", "interest events"),
        *counts("pricing_view", "pricing views"),
    ]
    assert told_together(features) == [["interest"], ["pricing_view"]]


def test_a_source_and_its_medium_are_one_fact() -> None:
    features = [
        Feature(name, "channel", "text", "", name, name)
        for name in ("source", "medium", "campaign")
    ]
    assert told_together(features) == [["medium", "source"], ["campaign"]]


def test_every_feature_is_told_once() -> None:
    features = [
        *counts("a", "web visits", "calls"),
        *counts("b", "web visits"),
        *counts("c", "calls"),
    ]
    positions = [each for columns in columns_of_facts(features) for each in columns.tolist()]
    assert sorted(positions) == list(range(len(features)))
