from __future__ import annotations

import ibis
import pandas as pd
import pytest
from ibis import _

from leadscore.features.catalogue.feature import Feature
from leadscore.features.catalogue.feature_set import (
    OF_A_LEAD,
    OF_A_SNAPSHOT,
    FeatureSet,
    Lookup,
    joined_features,
)

SNAPSHOTS = pd.DataFrame(
    {
        "lead_id": ["A", "A", "B"],
        "as_of": pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-02"]),
    }
)
BY_LEAD = ibis.memtable({"lead_id": ["A", "C"], "town": ["Delft", "Bonn"]})
BY_NIGHT = ibis.memtable(SNAPSHOTS.iloc[[1, 2]].assign(visits=[4, 2]))
BY_TOWN = ibis.memtable({"place": ["Delft"], "people": [100_000]})


def feature(name, kind="number"):
    return Feature(name, "firmographic", kind, "", name, name)


@pytest.fixture
def visits():
    value = (feature("visits"), _.visits.fill_null(0))
    return FeatureSet(ibis.memtable(SNAPSHOTS), (Lookup(BY_NIGHT, OF_A_SNAPSHOT),), (value,))


@pytest.fixture
def towns():
    lookups = (Lookup(BY_LEAD, OF_A_LEAD), Lookup(BY_TOWN, {"place": "town"}))
    values = ((feature("town", "text"), _.town), (feature("people"), _.people))
    return FeatureSet(ibis.memtable(SNAPSHOTS), lookups, values)


def rows(features):
    return features.table.order_by("lead_id", "as_of").to_pandas()


def test_each_snapshot_finds_its_own_rows_and_what_is_not_found_is_missing(visits):
    assert rows(visits)["visits"].tolist() == [0.0, 4.0, 2.0]
    assert visits.table.schema()["visits"].is_float64()


def test_a_lookup_may_go_by_what_an_earlier_one_found(towns):
    found = rows(towns)
    assert found["town"].fillna("-").tolist() == ["Delft", "Delft", "-"]
    assert found["people"].fillna(0).tolist() == [100_000, 100_000, 0]


def test_joined_families_have_the_columns_of_each(visits, towns):
    both = joined_features([towns, visits])
    assert [each.name for each in both.features] == ["town", "people", "visits"]
    expected = rows(towns).assign(visits=rows(visits)["visits"])
    pd.testing.assert_frame_equal(rows(both), expected)


def test_without_features_the_snapshots_are_left():
    nothing = FeatureSet(ibis.memtable(SNAPSHOTS), (), ())
    pd.testing.assert_frame_equal(rows(nothing), SNAPSHOTS, check_dtype=False)
