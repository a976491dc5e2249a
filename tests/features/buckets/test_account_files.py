from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest

from leadscore.features.buckets.open_buckets import BucketLimits, open_buckets
from leadscore.features.contract.contract import load_contract
from leadscore.features.families.feature_table import build_features
from leadscore.features.point_in_time.snapshots import nightly_snapshots
from leadscore.features.tables.open_tables import open_tables

NIGHT = datetime(2026, 6, 1)
SMALL = BucketLimits(leads=1_000, events=10**9)


@pytest.fixture(scope="module")
def contract(project):
    return load_contract(project.directory)


@pytest.mark.parametrize("workers", [1, 2])
def test_colleagues_in_other_buckets_count(contract, tmp_path, workers):
    with open_tables(contract, known_by=NIGHT) as tables:
        built = build_features(tables, nightly_snapshots(tables, as_of=NIGHT), kinds=())
        whole = built.to_pandas()
        names = [each.name for each in built.catalogue if each.family == "account"]
    frames = []
    with open_buckets(
        contract, known_by=NIGHT, folder=tmp_path, at_once=SMALL, workers=workers
    ) as buckets:
        assert buckets.count > 2
        buckets.look_at_accounts(NIGHT)
        spine = nightly_snapshots(buckets.tables, as_of=NIGHT)
        built = build_features(buckets.tables, spine, kinds=())
        for bucket in range(buckets.count):
            buckets.turn_to(bucket)
            frames.append(built.to_pandas())
    found = pd.concat(frames).sort_values("lead_id", ignore_index=True)
    assert found["colleagues_active_30d"].sum() > 100
    pd.testing.assert_frame_equal(found[names], whole[names], check_exact=True)
