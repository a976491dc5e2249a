from __future__ import annotations

import pytest

from leadscore.features.core.text import as_words


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
