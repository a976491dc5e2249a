from __future__ import annotations

import shutil
from datetime import datetime

import pandas as pd
import pytest
from ibis import _

from leadscore.features.buckets.open_buckets import BucketLimits, how_many, open_buckets
from leadscore.features.contract.contract import CONTRACT_FILE, load_contract
from leadscore.features.families.feature_table import build_features
from leadscore.features.point_in_time.snapshots import nightly_snapshots
from leadscore.features.tables.open_tables import open_tables

NIGHT = datetime(2026, 6, 1)
DATED = """
[reading]
max_quarantine_share = 1
[leads]
path = "leads.csv"
[events]
path = "events.csv"
recorded_at = "recorded_at"
[outcomes]
path = "outcomes.csv"
"""
SMALL = BucketLimits(leads=1_000, events=10**9)


@pytest.fixture(scope="module")
def contract(project):
    return load_contract(project.directory)


@pytest.fixture(scope="module")
def buckets(contract, tmp_path_factory):
    folder = tmp_path_factory.mktemp("buckets")
    with open_buckets(contract, known_by=NIGHT, folder=folder, at_once=SMALL) as opened:
        yield opened


def ids_of_all(buckets, name):
    found: list[str] = []
    for bucket in range(buckets.count):
        buckets.turn_to(bucket)
        table = getattr(buckets.tables, name)
        found += table.lead_id.as_table().to_pyarrow().column(0).to_pylist()
    return found


@pytest.mark.parametrize("name", ["leads", "events", "outcomes"])
def test_every_row_is_in_one_bucket(contract, buckets, name):
    assert buckets.count > 2
    with open_tables(contract, known_by=NIGHT) as tables:
        whole = getattr(tables, name).lead_id.as_table().to_pyarrow().column(0).to_pylist()
    assert sorted(ids_of_all(buckets, name)) == sorted(whole)


def test_all_rows_of_a_lead_are_in_the_same_bucket(buckets):
    buckets.turn_to(1)
    tables = buckets.tables
    assert tables.events is not None
    strangers = tables.events.anti_join(tables.leads, "lead_id")
    assert strangers.count().to_pyarrow().as_py() == 0


def test_events_may_be_those_of_some_leads_alone(buckets):
    buckets.turn_to(1)
    events = buckets.tables.events
    assert events is not None
    counts = events.group_by("lead_id").aggregate(n=_.count()).order_by("lead_id").to_pandas()
    wanted = counts.head(3)
    buckets.turn_to(1, only=wanted["lead_id"].tolist())
    again = events.group_by("lead_id").aggregate(n=_.count()).order_by("lead_id").to_pandas()
    pd.testing.assert_frame_equal(again, wanted)


def test_the_end_and_the_faults_are_those_of_the_whole(contract, buckets):
    for bucket in range(buckets.count):
        buckets.turn_to(bucket)
    with open_tables(contract, known_by=NIGHT) as tables:
        assert buckets.tables.data_end == tables.data_end
        whole = tables.quarantine.counts
    counts = buckets.quarantine().counts
    pd.testing.assert_frame_equal(counts, whole, check_dtype=False)


LATEST = {
    "of a stranger": "nobody,2024-05-01,visit,",
    "without a kind": "A7,2024-05-01,,",
    "before the lead": "A7,2023-05-01,visit,2024-05-01",
    "recorded on no day": "A7,2024-02-01,visit,soon",
    "that is planned": "A7,2999-05-01,visit,",
    "after all others": "A7,2024-04-30,visit,2024-05-01",
    "recorded with the day it came": "A7,2024-05-01,visit,",
    "recorded before it came": "A7,2024-07-01,visit,2024-05-01",
    "that is planned, of a lead without others": "A20,2999-05-01,visit,",
}


@pytest.mark.parametrize("row", LATEST.values(), ids=LATEST.keys())
@pytest.mark.parametrize("known_by", [None, datetime(2024, 5, 1, 12)])
def test_a_latest_event_ends_the_data_in_buckets_if_and_only_if_it_does_in_the_whole(
    write_project, tmp_path, row, known_by
):
    leads = "".join(f"A{number},2024-01-{1 + number:02}\n" for number in range(21))
    visits = "".join(f"A{number},2024-02-{1 + number:02},visit,\n" for number in range(20))
    contract = write_project(
        DATED,
        leads__csv="lead_id,created_at\n" + leads,
        events__csv=f"lead_id,occurred_at,kind,recorded_at\n{visits}{row}\n",
        outcomes__csv="lead_id,occurred_at,stage\nA1,2024-01-20,won\n",
    )
    with open_tables(contract, known_by=known_by) as tables:
        whole = tables.data_end
    few = BucketLimits(leads=5, events=10**9)
    folder = tmp_path / "buckets"
    folder.mkdir()
    with open_buckets(contract, known_by=known_by, folder=folder, at_once=few, workers=1) as many:
        assert many.count > 2
        assert many.tables.data_end == whole


def test_features_of_a_bucket_are_those_of_the_whole(contract, buckets):
    with open_tables(contract, known_by=NIGHT) as tables:
        built = build_features(tables, nightly_snapshots(tables, as_of=NIGHT))
        whole = built.to_pandas()
    snapshots = nightly_snapshots(buckets.tables, as_of=NIGHT)
    with pytest.raises(ValueError, match="look_at_accounts"):
        build_features(buckets.tables, snapshots, kinds=built.kinds)
    buckets.look_at_accounts(NIGHT)
    buckets.turn_to(2)
    part = build_features(buckets.tables, snapshots, kinds=built.kinds).to_pandas()
    same = whole[whole["lead_id"].isin(part["lead_id"])].reset_index(drop=True)
    assert len(part) > 100
    pd.testing.assert_frame_equal(part, same, check_exact=True)


def count_leads(tables):
    return tables.leads.aggregate(n=_.count())


def test_a_question_to_all_is_answered_by_each_bucket(buckets):
    buckets.ask_all("leads", count_leads)
    assert buckets.tables.totals is not None
    answer = buckets.tables.totals.answers["leads"]
    assert answer.num_rows == buckets.count
    assert sum(answer["n"].to_pylist()) == len(ids_of_all(buckets, "leads"))


def test_kinds_and_reasons_are_those_that_ever_came(contract, buckets):
    assert buckets.tables.totals is not None
    with open_tables(contract) as tables:
        assert tables.events is not None
        kinds = set(tables.events.kind.as_table().distinct().to_pyarrow().column(0).to_pylist())
    assert buckets.tables.totals.kinds == kinds
    assert "no budget" in buckets.tables.totals.reasons


@pytest.mark.parametrize(
    ("at_once", "count"),
    [
        (BucketLimits(10**9, 10**9), 1),
        (BucketLimits(10**9, 10_000), None),
        (BucketLimits(1_000, 10**9), None),
    ],
)
def test_what_fits_at_once_is_one_bucket(contract, at_once, count):
    found = how_many(contract, at_once)
    assert found == count if count else found > 1


def test_a_night_that_is_gone_on_with_keeps_its_buckets(contract, tmp_path):
    """Sorted events may be removed at any time, and with them the number of their buckets."""
    kept, folder = tmp_path / "kept", tmp_path / "night"
    smaller = BucketLimits(leads=700, events=10**9)
    with open_buckets(
        contract, known_by=NIGHT, folder=tmp_path / "smaller", at_once=smaller, kept=kept, workers=1
    ):
        pass

    def counted():
        with open_buckets(
            contract, known_by=NIGHT, folder=folder, at_once=SMALL, kept=kept, workers=1
        ) as buckets:
            return buckets.count, len(ids_of_all(buckets, "events"))

    begun = counted()
    shutil.rmtree(kept)
    assert counted() == begun


FEW = """
[leads]
path = "leads.csv"
lead_id = "id"
created_at = "since"
target = "won"
[events]
path = "events.csv"
[reading]
max_quarantine_share = 1.0
"""
FEW_LEADS = "id,since,won\n" + "\n".join(f"L{number},2026-01-01,yes" for number in range(20))
FEW_EVENTS = "lead_id,occurred_at,recorded_at,kind\n" + "\n".join(
    f"L{number},2026-02-01,2026-02-02,view" for number in range(20)
)


def test_a_flat_file_with_events_ends_in_buckets_where_it_does_in_the_whole(
    write_project, tmp_path
):
    latest = "L3,2026-05-01,soon,view"
    contract = write_project(FEW, leads__csv=FEW_LEADS, events__csv=f"{FEW_EVENTS}\n{latest}\n")
    with open_tables(contract) as tables:
        expected = tables.data_end
    few = BucketLimits(leads=7, events=10**9)
    folder = tmp_path / "night"
    with open_buckets(contract, known_by=None, folder=folder, at_once=few, workers=1) as buckets:
        assert buckets.count == 3
        assert buckets.tables.data_end == expected


def test_another_file_is_sorted_by_the_same_leads(buckets, tmp_path):
    leads = sorted(ids_of_all(buckets, "leads"))
    said = pd.DataFrame({"lead_id": leads, "tier": "MQL", "brief": "long"})
    said.to_parquet(tmp_path / "said.parquet")
    buckets.sort_beside("said", tmp_path / "said.parquet", ["lead_id", "tier", "not yet"])
    buckets.turn_to(0)
    beside = buckets.beside("said", 0).to_pandas()
    assert beside.columns.to_list() == ["lead_id", "tier"]
    own = buckets.tables.leads.lead_id.as_table().to_pyarrow().column(0).to_pylist()
    assert sorted(beside["lead_id"]) == sorted(own)


HELD = """
[leads]
path = "leads.{}"
lead_id = "id"
{}
[leads.columns]
status = "firmographic"
size = "firmographic:number"
{}
[outcomes]
path = "outcomes.csv"
"""
CHANGED = '[leads.history]\npath = "history.csv"\nold = "old"'
HELD_NIGHT = datetime(2024, 2, 10, 12)


def held_files():
    """Return leads of thirty by each way of keeping their history."""
    days = [f"2024-02-{day:02}" for day in range(1, 21, 2)]
    rows = [
        (f"L{lead}", "2024-01-01", day, f"word {(lead + step) % 7}", lead * 100 + step)
        for lead in range(30)
        for step, day in enumerate(days)
    ]
    versions = pd.DataFrame(rows, columns=["id", "created_at", "since", "status", "size"])
    rows = versions.sort_values(["id", "since"])
    changes = pd.DataFrame(
        {
            "lead_id": rows["id"],
            "changed_at": rows["since"],
            "field": "status",
            "old": rows.groupby("id")["status"].shift().fillna("first"),
            "new": rows["status"],
        }
    )
    today = rows.groupby("id").tail(1).drop(columns="since")
    return versions, today, changes


@pytest.fixture(params=["versions", "changes"])
def held(request, tmp_path):
    """A contract whose leads have former values, kept either way."""
    versions, today, changes = held_files()
    if request.param == "versions":
        text, leads = HELD.format("parquet", 'valid_from = "since"', ""), versions
    else:
        text, leads = HELD.format("parquet", "", CHANGED), today
    leads.to_parquet(tmp_path / "leads.parquet")
    changes.to_csv(tmp_path / "history.csv", index=False)
    outcomes = "lead_id,occurred_at,stage\nL1,2024-02-28,won\n"
    (tmp_path / "outcomes.csv").write_text(outcomes, encoding="utf-8")
    (tmp_path / CONTRACT_FILE).write_text(text, encoding="utf-8")
    return load_contract(tmp_path)


def held_frames(tables, as_of):
    """Return the features of a night, and the leads as they were known."""
    snapshots = nightly_snapshots(tables, as_of=as_of)
    features = build_features(tables, snapshots, kinds=()).to_pandas()
    return features, tables.leads.to_pandas()


def assert_same_rows(parts, whole):
    found = pd.concat(parts).sort_values("lead_id", ignore_index=True)
    expected = whole.sort_values("lead_id", ignore_index=True)
    pd.testing.assert_frame_equal(found, expected, check_exact=True)


@pytest.mark.parametrize("as_of", [HELD_NIGHT, datetime(2024, 2, 1), datetime(2024, 2, 5)])
def test_former_values_are_the_same_in_buckets_as_in_the_whole(held, tmp_path, as_of):
    few = BucketLimits(leads=7, events=10**9)
    with open_tables(held, known_by=HELD_NIGHT) as tables:
        features, leads = held_frames(tables, as_of)
        quarantine = tables.quarantine.counts
    is_first = as_of == datetime(2024, 2, 1)
    assert len(features["lead_status"].unique()) > 1 or is_first
    with open_buckets(
        held, known_by=HELD_NIGHT, folder=tmp_path / "night", at_once=few, workers=1
    ) as buckets:
        assert buckets.count == 5
        found = []
        for bucket in range(buckets.count):
            buckets.turn_to(bucket)
            found.append(held_frames(buckets.tables, as_of))
        counts = buckets.quarantine().counts
    assert_same_rows([part for part, _leads in found], features)
    assert_same_rows([part for _features, part in found], leads)
    pd.testing.assert_frame_equal(
        counts.sort_values("table", ignore_index=True),
        quarantine.sort_values("table", ignore_index=True),
        check_dtype=False,
    )


def test_versions_are_no_leads_when_buckets_are_counted(held):
    assert how_many(held, BucketLimits(leads=40, events=10**9)) == 1
    assert how_many(held, BucketLimits(leads=30, events=10**9, versions=100)) > 2
