from __future__ import annotations

import json
from collections import Counter

import pytest

from leadscore.features.catalogue.feature import from_records, to_records
from leadscore.features.families.feature_table import build_features


@pytest.fixture(scope="module")
def catalogue(tables, snapshots):
    return build_features(tables, snapshots, kinds=("page_view", "Reactive ü")).catalogue


def test_names_are_unique_and_plain(catalogue):
    assert max(Counter(each.name for each in catalogue).values()) == 1
    assert all(each.name.isidentifier() and each.name.islower() for each in catalogue)


def test_every_feature_has_words_of_its_own_and_a_fact(catalogue):
    words = Counter((each.words, each.kind) for each in catalogue)
    assert max(words.values()) == 1
    assert all(each.words.strip() and each.fact for each in catalogue)


def test_words_are_a_persons_not_a_programs(catalogue):
    assert not [each.words for each in catalogue if "_" in each.words]


def test_the_windows_of_a_kind_tell_one_fact(catalogue):
    facts = {each.fact for each in catalogue if each.name.startswith("page_view_")}
    assert facts == {"page_view"}


def test_records_come_back_as_they_were(catalogue):
    assert from_records(json.loads(json.dumps(to_records(catalogue)))) == catalogue
