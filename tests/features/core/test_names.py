from __future__ import annotations

import pytest

from leadscore.features.core.names import as_words, slug, unique


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Annual revenue (€)", "annual_revenue"), ("Größe", "groe"), ("__a--b__", "a_b"), ("年", "x")],
)
def test_a_slug_has_letters_digits_and_underscores_alone(text, expected):
    assert slug(text, default="x") == expected


def test_a_name_in_use_is_numbered_whatever_its_case():
    assert unique("City", {"city", "city_2"}) == "City_3"
    assert unique("City", set()) == "City"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("pricing_view", "pricing view"),
        ("TotalVisits", "total visits"),
        ("Lead Source", "lead source"),
        ("UTM source", "UTM source"),
        ("  A__b ", "a b"),
        ("Größe", "größe"),
    ],
)
def test_a_name_becomes_words(name, words):
    assert as_words(name) == words
