"""Columns are compared with spellings word by word, and the table's order decides nothing."""

from __future__ import annotations

from itertools import permutations

import pytest

from leadscore.features.onboarding.systems.spellings import match_columns

CREATED = {"created": ["createdate", "Create Date"]}


@pytest.mark.parametrize("column", ["CreatedDate", "created_date", "Created Date", "CREATED DATE"])
def test_spellings_of_the_same_words_are_one(column):
    assert match_columns([column], {"created": ["CreatedDate"]}) == {"created": (column,)}


def test_a_word_that_is_written_together_is_another():
    assert match_columns(["leadid"], {"lead": ["lead_id"]}) == {}


def test_accents_and_signs_do_not_count():
    spellings = {"company": ["Société/Compte"], "mql": ['Date entered "MQL (Pipeline)"']}
    found = match_columns(["societe / compte", "Date entered 'MQL (Pipeline)'"], spellings)
    assert set(found) == {"company", "mql"}


def test_the_prefix_of_a_landing_is_passed_over():
    assert match_columns(["property_createdate"], CREATED, prefixes=["property"]) == {
        "created": ("property_createdate",)
    }
    assert match_columns(["property_createdate"], CREATED) == {}


def test_an_earlier_spelling_is_meant_whatever_the_order():
    columns = ["Create Date", "property_createdate", "createdate"]
    found = {
        match_columns(each, CREATED, prefixes=["property"])["created"]
        for each in permutations(columns)
    }
    assert found == {("createdate", "property_createdate", "Create Date")}


def test_a_name_that_stands_twice_is_one_column():
    assert match_columns(["createdate", "createdate"], CREATED) == {"created": ("createdate",)}


def test_a_name_without_words_is_no_column_of_anything():
    assert match_columns(["", "—"], CREATED, prefixes=["property"]) == {}
