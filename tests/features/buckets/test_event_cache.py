from __future__ import annotations

import os

import pandas as pd
import pytest

from leadscore.features.buckets import bucket_files
from leadscore.features.buckets.bucket_files import BUCKET, BucketFiles
from leadscore.features.buckets.event_cache import KeptEvents, with_spare_buckets
from leadscore.features.tables.open_tables import connected
from leadscore.features.tables.quarantine import COLUMNS

CONTRACT = """
name = "kept"
[leads]
path = "leads.csv"
lead_id = "id"
created_at = "since"
target = "won"
positive = ["yes"]
[events]
path = "events/*.csv"
"""
LEADS = "id,since,won\n" + "\n".join(f"L{number},2026-01-01,yes" for number in range(20))
COUNT = 3


@pytest.fixture
def contract(write_project):
    return write_project(CONTRACT, leads__csv=LEADS)


def add_day(contract, name, *, events, broken=False):
    file = contract.directory / "events" / f"{name}.csv"
    file.parent.mkdir(exist_ok=True)
    lines = [f"L{number % 20},2026-02-01,view" for number in range(events)]
    lines += ["L1,2026-02-02,view,one cell too many"] if broken else []
    file.write_text("\n".join(["lead_id,occurred_at,kind", *lines]) + "\n", encoding="utf-8")
    return file


def sorted_rows(contract, night, kept):
    """Sort, and give all rows of all buckets with the bucket that they are in."""
    with connected() as connection:
        folder = contract.directory / night
        files = BucketFiles(connection, contract, folder, count=COUNT, kept=kept)
        files.sort()
        parts = [
            files.show("events", bucket).to_pandas().assign(bucket=bucket)
            for bucket in range(COUNT)
        ]
        rows = pd.concat(parts).sort_values("(row)", ignore_index=True)
        return rows.assign(broken=len(files.broken("events")))


def batches(kept):
    found = KeptEvents.read(kept)
    assert found is not None
    return found.batches


def test_new_files_are_sorted_beside_those_of_earlier_nights(contract):
    kept = contract.directory / "kept"
    add_day(contract, "2026-02-01", events=30, broken=True)
    first = sorted_rows(contract, "night 1", kept)
    add_day(contract, "2026-02-02", events=10)
    add_day(contract, "2026-02-03", events=5, broken=True)
    before = {file: file.stat().st_mtime_ns for file in kept.glob(f"{BUCKET}=*/*.parquet")}
    second = sorted_rows(contract, "night 2", kept)
    pd.testing.assert_frame_equal(second, sorted_rows(contract, "anew", None))
    assert (len(first), len(second), batches(kept)) == (30, 45, 2)
    assert all(file.stat().st_mtime_ns == at for file, at in before.items())
    third = sorted_rows(contract, "night 3", kept)
    pd.testing.assert_frame_equal(third, second)
    assert batches(kept) == 2


@pytest.mark.parametrize("doubt", ["changed", "touched", "gone", "in front", "other reading"])
def test_where_anything_is_in_doubt_all_is_sorted_anew(contract, doubt):
    kept = contract.directory / "kept"
    old = add_day(contract, "2026-02-01", events=30)
    add_day(contract, "2026-02-02", events=10)
    sorted_rows(contract, "night 1", kept)
    add_day(contract, "2026-02-03", events=5)
    if doubt == "changed":
        add_day(contract, "2026-02-01", events=31)
    elif doubt == "touched":
        os.utime(old)
    elif doubt == "gone":
        old.unlink()
    elif doubt == "in front":
        add_day(contract, "2026-01-01", events=3)
    else:
        reading = contract.reading.model_copy(update={"timezone": "Europe/Paris"})
        directory = contract.directory
        contract = contract.model_copy(update={"reading": reading})
        assert contract.directory == directory
    rows = sorted_rows(contract, "night 2", kept)
    pd.testing.assert_frame_equal(rows, sorted_rows(contract, "anew", None))
    assert batches(kept) == 1


def test_broken_lines_have_the_columns_of_the_quarantine_in_their_order(contract):
    add_day(contract, "2026-02-01", events=5, broken=True)
    with connected() as connection:
        files = BucketFiles(connection, contract, contract.directory / "night", count=COUNT)
        files.sort()
        assert tuple(files.broken("events")) == COLUMNS


def test_rows_and_broken_lines_of_a_run_that_died_do_not_count(contract, monkeypatch):
    kept = contract.directory / "kept"
    add_day(contract, "2026-02-01", events=30)
    sorted_rows(contract, "night 1", kept)
    late = add_day(contract, "2026-02-02", events=10, broken=True)

    def dying(*_args, **_options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(bucket_files.KeptEvents, "write", dying)
        with pytest.raises(KeyboardInterrupt):
            sorted_rows(contract, "night 2", kept)
    assert list(kept.glob(f"{BUCKET}=*/1-*.parquet"))
    late.unlink()
    rows = sorted_rows(contract, "night 2 again", kept)
    pd.testing.assert_frame_equal(rows, sorted_rows(contract, "anew", None))


def test_what_a_run_that_died_half_removed_does_not_count(contract, monkeypatch):
    kept, moved = contract.directory / "kept", contract.directory / "moved.csv"
    early = add_day(contract, "2026-02-01", events=30)
    add_day(contract, "2026-02-02", events=10)
    sorted_rows(contract, "night 1", kept)
    early.rename(moved)

    def dying(folder, **_options):
        for file in kept.glob(f"{BUCKET}=*/*.parquet") if folder == kept else ():
            file.unlink()
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("shutil.rmtree", dying)
        with pytest.raises(KeyboardInterrupt):
            sorted_rows(contract, "night 2", kept)
    moved.rename(early)
    rows = sorted_rows(contract, "night 2 again", kept)
    assert len(rows) == 40


@pytest.mark.parametrize("record", ["", '{"key": "of a later version"}', "[]"])
def test_a_record_that_nobody_can_read_counts_for_nothing(contract, record):
    kept = contract.directory / "kept"
    add_day(contract, "2026-02-01", events=30)
    sorted_rows(contract, "night 1", kept)
    (kept / "kept.json").write_text(record, encoding="utf-8")
    assert with_spare_buckets(8, kept) == 11
    assert len(sorted_rows(contract, "night 2", kept)) == 30


def test_other_columns_in_a_new_file_are_those_of_all(contract):
    kept = contract.directory / "kept"
    folder = contract.directory / "events"
    folder.mkdir()
    own = contract.events
    assert own is not None
    contract = contract.model_copy(
        update={"events": own.model_copy(update={"path": "events/*.parquet"})}
    )
    day = pd.DataFrame({"lead_id": ["L1"], "occurred_at": ["2026-02-01"], "kind": ["view"]})
    day.to_parquet(folder / "1.parquet")
    sorted_rows(contract, "night 1", kept)
    day.assign(value=3.5).to_parquet(folder / "2.parquet")
    rows = sorted_rows(contract, "night 2", kept)
    pd.testing.assert_frame_equal(rows, sorted_rows(contract, "anew", None))
    assert (batches(kept), rows["value"].notna().sum()) == (1, 1)


def test_a_growing_company_keeps_its_buckets_for_a_while(contract):
    kept = contract.directory / "kept"
    assert with_spare_buckets(1, kept) == 1
    assert with_spare_buckets(8, None) == 8
    assert with_spare_buckets(8, kept) == 11
    add_day(contract, "2026-02-01", events=3)
    sorted_rows(contract, "night 1", kept)
    assert [with_spare_buckets(count, kept) for count in (1, 2, 3, 4)] == [1, 3, 3, 6]
