from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow.parquet as pq
import pytest

from leadscore.serving.ledger import staging
from leadscore.serving.ledger import writer as ledger_writing
from leadscore.serving.ledger.night_metadata import NightNotes
from leadscore.serving.ledger.reader import (
    history,
    latest_before,
    night_batches,
    nights,
    read_night,
    read_notes,
)
from leadscore.serving.ledger.schema import SCHEMA, LedgerError
from leadscore.serving.ledger.writer import write_night
from leadscore.serving.policy.policy import Policy, TierPromise

if TYPE_CHECKING:
    from pathlib import Path

JUNE_30 = datetime(2026, 6, 30, tzinfo=UTC)


def of(night: pd.DataFrame, days_later: int) -> pd.DataFrame:
    return night.assign(as_of=night["as_of"] + timedelta(days=days_later))


def changed(night: pd.DataFrame) -> pd.DataFrame:
    return night.assign(score=night["score"] / 2, run_id="run-2")


def files(directory: Path) -> dict[str, bytes]:
    found = (path for path in directory.rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): path.read_bytes() for path in found}


def test_a_night_is_one_file_in_a_folder_named_for_it(tmp_path: Path, night: pd.DataFrame) -> None:
    written = write_night(tmp_path, night)
    assert written.outcome == "written"
    assert written.rows == 10
    assert written.as_of == JUNE_30
    assert list(files(tmp_path)) == ["ledger/night=2026-06-30/part-0.parquet"]
    assert pq.read_schema(written.path) == SCHEMA


def test_what_is_read_is_what_was_written(tmp_path: Path, night: pd.DataFrame) -> None:
    write_night(tmp_path, night)
    read = read_night(tmp_path, JUNE_30)
    assert list(read.columns) == SCHEMA.names
    assert list(read["p_sql"]) == list(night["p_sql"])
    assert list(read["reasons_for"]) == list(night["reasons_for"])
    assert write_night(tmp_path, read).outcome == "unchanged"


def test_some_columns_may_be_read_alone(tmp_path: Path, night: pd.DataFrame) -> None:
    write_night(tmp_path, night)
    assert list(read_night(tmp_path, JUNE_30, columns=["lead_id", "tier"])) == ["lead_id", "tier"]


def test_the_same_verdicts_again_change_nothing(tmp_path: Path, night: pd.DataFrame) -> None:
    write_night(tmp_path, night)
    before = files(tmp_path)
    again = night.sample(frac=1, random_state=1).assign(
        run_id="run-2", scored_at=night["scored_at"] + timedelta(hours=1)
    )
    assert write_night(tmp_path, again).outcome == "unchanged"
    assert files(tmp_path) == before


def test_other_verdicts_are_refused_and_the_ledger_stays(
    tmp_path: Path, night: pd.DataFrame
) -> None:
    write_night(tmp_path, night)
    before = files(tmp_path)
    with pytest.raises(
        LedgerError, match=r"2026-06-30 00:00 UTC, from run run-1; different now: sc"
    ):
        write_night(tmp_path, changed(night))
    with pytest.raises(LedgerError, match=r"which leads there are \(10 then, 9 now\)"):
        write_night(tmp_path, night.head(9))
    assert files(tmp_path) == before


def test_replaced_verdicts_are_kept(tmp_path: Path, night: pd.DataFrame) -> None:
    first = write_night(tmp_path, night).path.read_bytes()
    written = write_night(tmp_path, changed(night), replace=True)
    assert written.outcome == "replaced"
    kept = tmp_path / "ledger_replaced/night=2026-06-30/run-1/part-0.parquet"
    assert written.replaced == kept
    assert kept.read_bytes() == first
    assert list(read_night(tmp_path, JUNE_30)["run_id"].unique()) == ["run-2"]
    assert nights(tmp_path) == [JUNE_30]


def test_two_earlier_verdicts_of_a_run_are_both_kept(tmp_path: Path, night: pd.DataFrame) -> None:
    for divisor in (1, 2, 3):
        write_night(tmp_path, night.assign(score=night["score"] / divisor), replace=True)
    kept = {path for path in files(tmp_path) if "ledger_replaced" in path}
    assert {path.split("/")[2] for path in kept} == {"run-1", "run-1-2"}


ADDED_LATER = [
    *("model_tier", "team", "waiting", "waiting_since", "nights_below", "handoff_probability"),
    *("brief", "missing_facts", "facts_digest", "facts_changed_at"),
]


def test_a_night_from_before_a_column_existed_is_still_read(
    tmp_path: Path, night: pd.DataFrame
) -> None:
    file = write_night(tmp_path, night).path
    earlier = pq.ParquetFile(file).read().drop_columns(ADDED_LATER)
    pq.write_table(earlier, file)
    read = read_night(tmp_path, JUNE_30)
    assert list(read.columns) == SCHEMA.names
    assert list(read["tier"]) == list(night["tier"])
    assert list(read["brief"]) == [[]] * 10
    assert read[["model_tier", "team", "waiting", "facts_digest"]].isna().all(axis=None)
    assert list(read_night(tmp_path, JUNE_30, columns=["team", "tier"]).columns) == ["team", "tier"]
    assert list(history(tmp_path, "L7")["tier"]) == ["SQL"]
    assert write_night(tmp_path, of(night, 1)).outcome == "written"
    assert list(history(tmp_path, "L6")["waiting"].fillna(0)) == [0, 1]


def test_a_nights_notes_are_kept_beside_its_rows(tmp_path: Path, night: pd.DataFrame) -> None:
    notes = NightNotes(Policy(sql=TierPromise(share=0.05)), {"SQL": 0.31, "MQL": None})
    write_night(tmp_path, night, notes=notes)
    assert read_notes(tmp_path, JUNE_30) == notes
    assert list(read_night(tmp_path, JUNE_30)["tier"]) == list(night["tier"])
    assert write_night(tmp_path, night).outcome == "unchanged"


def test_a_night_or_its_notes_may_not_exist(tmp_path: Path, night: pd.DataFrame) -> None:
    assert read_notes(tmp_path, JUNE_30) is None
    write_night(tmp_path, night)
    assert read_notes(tmp_path, JUNE_30) is None


def test_notes_go_with_the_verdicts_that_are_kept(tmp_path: Path, night: pd.DataFrame) -> None:
    first, second = (NightNotes(Policy(), {"SQL": begins, "MQL": 0.1}) for begins in (0.3, 0.4))
    write_night(tmp_path, night, notes=first)
    replaced = write_night(tmp_path, changed(night), notes=second, replace=True).replaced
    assert read_notes(tmp_path, JUNE_30) == second
    assert replaced is not None
    assert NightNotes.from_metadata(pq.read_schema(replaced).metadata) == first


def test_a_write_that_fails_leaves_everything_as_it_was(
    tmp_path: Path, night: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_night(tmp_path, night)
    before = files(tmp_path)

    def full_disk(*arguments: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(staging.pq.ParquetWriter, "write_table", full_disk)
    with pytest.raises(OSError, match="No space left"):
        write_night(tmp_path, of(night, 1))
    with pytest.raises(OSError, match="No space left"):
        write_night(tmp_path, changed(night), replace=True)
    assert files(tmp_path) == before
    assert nights(tmp_path) == [JUNE_30]


def test_a_run_killed_just_before_the_swap_loses_nothing(
    tmp_path: Path, night: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_night(tmp_path, night)

    def killed(source: Path, target: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(ledger_writing, "move", killed)
        with pytest.raises(KeyboardInterrupt):
            write_night(tmp_path, changed(night), replace=True)
    assert list(read_night(tmp_path, JUNE_30)["run_id"].unique()) == ["run-1"]
    assert write_night(tmp_path, changed(night), replace=True).outcome == "replaced"
    assert len([path for path in files(tmp_path) if "ledger_replaced" in path]) == 1


def test_what_a_dead_run_left_is_ignored_and_cleared(tmp_path: Path, night: pd.DataFrame) -> None:
    write_night(tmp_path, night)
    leftover = tmp_path / "ledger/.staging-run-0"
    leftover.mkdir()
    (leftover / "part-0.parquet").write_bytes(b"half")
    assert nights(tmp_path) == [JUNE_30]
    write_night(tmp_path, of(night, 1))
    assert not leftover.exists()


def test_parts_of_a_night_are_one_night(tmp_path: Path, night: pd.DataFrame) -> None:
    odd = night["lead_id"].isin(night["lead_id"][1::2])
    parts = [night[odd], night[~odd]]
    assert write_night(tmp_path, iter([*parts, night[:0]])).rows == len(night)
    read = read_night(tmp_path, JUNE_30)
    assert read["lead_id"].tolist() == sorted(night["lead_id"])
    assert write_night(tmp_path, night).outcome == "unchanged"
    whole = pd.concat([batch.to_pandas() for batch in night_batches(tmp_path, JUNE_30)])
    assert whole["lead_id"].tolist() == [*sorted(parts[0].lead_id), *sorted(parts[1].lead_id)]


def test_parts_of_two_nights_are_refused(tmp_path: Path, night: pd.DataFrame) -> None:
    other = night.assign(model_version="8", lead_id=night["lead_id"] + "b")
    with pytest.raises(LedgerError, match="different values of model_version: 3 and 8"):
        write_night(tmp_path, iter([night, other]))
    assert files(tmp_path) == {}


def test_a_file_that_does_not_read_back_is_not_swapped_in(
    tmp_path: Path, night: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    closing = staging.pq.ParquetWriter.close

    def bad_disk(writer: staging.pq.ParquetWriter) -> None:
        closing(writer)
        file = next((tmp_path / "ledger").glob(".staging*/*"))
        content = bytearray(file.read_bytes())
        first = staging.pq.ParquetFile(file).metadata.row_group(0).column(0)
        content[first.dictionary_page_offset + first.total_compressed_size - 3] ^= 0xFF
        file.write_bytes(content)

    monkeypatch.setattr(staging.pq.ParquetWriter, "close", bad_disk)
    with pytest.raises(LedgerError, match="does not read back; is the disk in order"):
        write_night(tmp_path, night)
    assert files(tmp_path) == {}


def test_a_faulty_night_is_never_staged(tmp_path: Path, night: pd.DataFrame) -> None:
    with pytest.raises(LedgerError, match="The night is not fit for the ledger"):
        write_night(tmp_path, night.assign(p_won=2.0))
    assert files(tmp_path) == {}


def test_nights_are_listed_earliest_first_with_their_time(
    tmp_path: Path, night: pd.DataFrame
) -> None:
    noon = night.assign(as_of=pd.Timestamp("2026-07-01 12:30:00.5", tz="UTC"))
    for each in (noon, night, of(night, -40)):
        write_night(tmp_path, each)
    expected = [
        datetime(2026, 5, 21, tzinfo=UTC),
        JUNE_30,
        datetime(2026, 7, 1, 12, 30, 0, 500_000, tzinfo=UTC),
    ]
    assert nights(tmp_path) == expected
    assert latest_before(tmp_path, expected[2]) == JUNE_30
    assert latest_before(tmp_path, expected[0]) is None
    assert nights(tmp_path / "elsewhere") == []


def test_a_night_that_is_not_there_is_said_to_be_missing(
    tmp_path: Path, night: pd.DataFrame
) -> None:
    with pytest.raises(LedgerError, match=r"no night 2026-06-30 00:00 UTC\. It is empty"):
        read_night(tmp_path, JUNE_30)
    write_night(tmp_path, night)
    with pytest.raises(LedgerError, match=r"It goes from 2026-06-30 to 2026-06-30"):
        read_night(tmp_path, JUNE_30 + timedelta(days=1))


def test_a_damaged_file_is_named_with_a_remedy(tmp_path: Path, night: pd.DataFrame) -> None:
    file = write_night(tmp_path, night).path
    file.write_bytes(file.read_bytes()[:200])
    for read in (read_night, read_notes):
        with pytest.raises(LedgerError, match=r"part-0\.parquet cannot be read.*score the night"):
            read(tmp_path, JUNE_30)
    with pytest.raises(LedgerError, match="cannot be read"):
        history(tmp_path, "L1")


def test_a_moment_without_a_zone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        read_night(tmp_path, datetime(2026, 6, 30))


def test_a_leads_history_is_every_night_it_was_scored(tmp_path: Path, night: pd.DataFrame) -> None:
    write_night(tmp_path, of(night, 1))
    write_night(tmp_path, night)
    write_night(tmp_path, of(night, 2).head(3))
    told = history(tmp_path, "L7")
    assert list(told["as_of"].dt.day) == [30, 1]
    assert list(told["lead_id"]) == ["L7", "L7"]
    assert told["reasons_against"][0] == ["Free-mail address: yes"]
    assert list(history(tmp_path, "nobody").columns) == SCHEMA.names
    assert history(tmp_path, "nobody").empty
