from __future__ import annotations

import pytest

from leadscore.features.families.engagement_definitions import engagement_definitions
from leadscore.features.families.engagement_in_memory import MEASURES as IN_MEMORY
from leadscore.features.families.engagement_query import DAYS_IN_LISTS, DAYS_IN_ROWS, MEASURES


@pytest.fixture(scope="module")
def definitions(tables):
    return engagement_definitions(tables, ("page_view",))


def test_every_measure_is_known_to_the_query_and_in_memory(definitions):
    measured = {each.feature.measure for each in definitions if each.quotient is None}
    assert measured == MEASURES.keys() | DAYS_IN_LISTS.keys()
    assert measured == MEASURES.keys() | DAYS_IN_ROWS.keys()
    assert measured == IN_MEMORY.keys()


def test_a_share_divides_columns_that_are_defined_before_it(definitions):
    names = [each.feature.name for each in definitions]
    shares = [each for each in definitions if each.feature.measure == "share"]
    assert [each.feature.name for each in shares] == ["email_open_rate"]
    assert {*shares[0].quotient} < {*names[: names.index("email_open_rate")]}


def test_a_window_is_in_the_name_and_in_the_words(definitions):
    windows = [each.feature for each in definitions if each.feature.window_days]
    assert {each.window_days for each in windows} == {1, 7, 14, 30, 90}
    for each in windows:
        assert each.name.endswith(f"_{each.window_days}d")
        span = "24 hours" if each.window_days == 1 else f"{each.window_days} days"
        assert span in each.words


def test_a_features_group_names_its_events_as_its_words_do(definitions):
    interest = [each.feature for each in definitions if each.feature.fact == "interest"]
    assert {each.group for each in interest} == {("pricing views", "webinars")}
    assert "pricing views or webinars so far" in {each.words for each in interest}


def test_a_time_since_says_what_it_is_counted_from(definitions):
    told = [each.feature for each in definitions if each.feature.is_time_since]
    assert told
    assert all(each.words == f"days since the {each.since}" for each in told)
    assert not [each for each in definitions if each.feature.since and each.feature not in told]
