from __future__ import annotations

from leadscore.features.families.catalogue import Feature
from leadscore.serving.explanations.fact_groups import columns_of_facts


def counts(fact: str, one: str, many: str) -> list[Feature]:
    words = {
        "7d": f"{many} in the last 7 days",
        "ever": f"{many} so far",
        "days_since_latest": f"days since the latest {one}",
        "faded": f"{many}, older ones counting less",
    }
    return [
        Feature(f"{fact}_{suffix}", "engagement", "number", "", said, fact)
        for suffix, said in words.items()
    ]


def told_together(features: list[Feature]) -> list[list[str]]:
    return [
        sorted({features[position].fact for position in positions})
        for positions in columns_of_facts(features)
    ]


def test_a_kind_is_told_with_the_group_that_names_it() -> None:
    features = [
        *counts("interest", "demo request or pricing view", "demo requests or pricing views"),
        *counts("pricing_view", "pricing view", "pricing views"),
        *counts("page_view", "page view", "page views"),
    ]
    assert told_together(features) == [["interest", "pricing_view"], ["page_view"]]


def test_a_kind_whose_group_does_not_name_it_is_a_fact_of_its_own() -> None:
    features = [
        *counts("interest", "interest event", "interest events"),
        *counts("pricing_view", "pricing view", "pricing views"),
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
        *counts("a", "web visit or call", "web visits or calls"),
        *counts("b", "web visit", "web visits"),
        *counts("c", "call", "calls"),
    ]
    positions = [each for columns in columns_of_facts(features) for each in columns.tolist()]
    assert sorted(positions) == list(range(len(features)))
