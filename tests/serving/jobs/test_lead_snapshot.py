"""A column that people overwrite is, on each night, what it was that night."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import ibis
import pandas as pd
import pyarrow.parquet as pq
import pytest

from leadscore.features.contract import load_contract
from leadscore.features.core import ContractError, DataError, RunLocked
from leadscore.features.core.locks import project_lock
from leadscore.features.families import feature_frame
from leadscore.features.tables import open_tables
from leadscore.serving.jobs.lead_snapshot import take_snapshot

if TYPE_CHECKING:
    from pathlib import Path

HOUR = timedelta(hours=1)
CONTRACT = """
name = "acme"

[leads]
path = "leads.csv"
lead_id = "Lead"
created_at = "Created"

[leads.columns]
"Industry" = "firmographic.industry"
"Seats" = "firmographic:number"
"Status" = "ignored"
"E-mail" = "personal.email"

[outcomes]
path = "outcomes.csv"
"""
NIGHTS = [datetime(2026, 6, day, 2) for day in (1, 2, 3)]
COLUMNS = ["Lead", "Created", "Industry", "Seats", "Status", "E-mail"]
OLD = ["A", "2026-05-01", "retail", "10", "New", "a@x.com"]
YOUNG = ["B", "2026-06-01 12:00:00", "banks", "20", "Working", "b@x.com"]


def cell(row: list[str], **changes: str) -> list[str]:
    return [changes.get(name, value) for name, value in zip(COLUMNS, row, strict=True)]


def lead_rows(directory: Path, *rows: list[str]) -> None:
    pd.DataFrame(list(rows), columns=COLUMNS).to_csv(directory / "leads.csv", index=False)


@pytest.fixture
def acme(tmp_path: Path) -> Path:
    """A company whose lead A became an SQL between the second and the third night."""
    (tmp_path / "leadscore.toml").write_text(CONTRACT, encoding="utf-8")
    lead_rows(tmp_path, OLD)
    sql = "lead_id,occurred_at,stage\nA,2026-06-02 15:00:00,sql\n"
    (tmp_path / "outcomes.csv").write_text(sql, encoding="utf-8")
    return tmp_path


def three_nights(directory: Path) -> None:
    """Status of A: New, Working, Converted; B comes with the second night."""
    take_snapshot(directory, at=NIGHTS[0])
    lead_rows(directory, cell(OLD, Status="Working"), YOUNG)
    take_snapshot(directory, at=NIGHTS[1])
    lead_rows(directory, cell(OLD, Status="Converted", Seats="11"), YOUNG)
    take_snapshot(directory, at=NIGHTS[2])


def changes_of(directory: Path, night: int) -> list[tuple[str, str, str, str]]:
    file = directory / "history" / f"{NIGHTS[night]:%Y-%m-%d}.parquet"
    rows = pd.read_parquet(file)
    assert set(rows["changed_at"]) <= {pd.Timestamp(NIGHTS[night], tz="UTC")}
    return list(rows[["lead_id", "field", "old", "new"]].itertuples(index=False, name=None))


def use_history(directory: Path, lines: str) -> None:
    told = CONTRACT.replace('"Status" = "ignored"', '"Status" = "firmographic:text"')
    (directory / "leadscore.toml").write_text(f"{told}\n{lines}\n", encoding="utf-8")


def known(directory: Path, lead_id: str, column: str, *moments: datetime) -> list[object]:
    """What a feature of a lead's column is as of some moments, by the user's name of the column."""
    with open_tables(load_contract(directory)) as tables:
        name = next(each.name for each in tables.attributes if each.column == column)
        rows = pd.DataFrame({"lead_id": lead_id, "as_of": list(moments)})
        frame, _ = feature_frame(tables, ibis.memtable(rows))
    by_moment = frame.set_index("as_of")[name]
    values = [by_moment.loc[pd.Timestamp(moment)] for moment in moments]
    return [None if pd.isna(value) else value for value in values]


def test_each_night_has_the_cells_that_changed_and_nothing_personal(acme: Path) -> None:
    three_nights(acme)
    assert changes_of(acme, 0) == [
        ("A", "Industry", "", "retail"),
        ("A", "Seats", "", "10"),
        ("A", "Status", "", "New"),
    ]
    assert changes_of(acme, 2) == [
        ("A", "Seats", "10", "11"),
        ("A", "Status", "Working", "Converted"),
    ]
    every = b"".join(file.read_bytes() for file in (acme / "history").iterdir())
    assert b"@x.com" not in every


def test_a_feature_is_what_the_column_was_that_night(acme: Path) -> None:
    taken = take_snapshot(acme, at=NIGHTS[0])
    three_nights(acme)
    use_history(acme, str(taken.to_add))
    after = [night + HOUR for night in NIGHTS]
    assert known(acme, "A", "Status", *after) == ["New", "Working", "Converted"]
    # An hour before a snapshot nobody had read it.
    before = [night - HOUR for night in NIGHTS]
    assert known(acme, "A", "Status", *before) == [None, "New", "Working"]
    # Columns that are not named are as today.
    assert known(acme, "A", "Industry", NIGHTS[0] - HOUR) == ["retail"]


def test_what_was_written_after_the_last_snapshot_is_known_to_no_night(acme: Path) -> None:
    lead_rows(acme, cell(OLD, Status=""))
    taken = take_snapshot(acme, at=NIGHTS[0])
    lead_rows(acme, cell(OLD, Status="Converted"))
    use_history(acme, str(taken.to_add))
    assert known(acme, "A", "Status", NIGHTS[0] + HOUR) == [None]


def test_a_young_lead_is_described_since_it_was_created_but_not_by_what_is_overwritten(
    acme: Path,
) -> None:
    three_nights(acme)
    assert changes_of(acme, 1) == [
        ("A", "Status", "New", "Working"),
        ("B", "Industry", "banks", "banks"),
        ("B", "Seats", "20", "20"),
        ("B", "Status", "", "Working"),
    ]
    use_history(acme, '[leads.history]\npath = "history/*.parquet"\nold = "old"')
    first_hour = datetime(2026, 6, 1, 13)
    assert known(acme, "B", "Industry", first_hour) == ["banks"]
    assert known(acme, "B", "Status", first_hour, NIGHTS[1] + HOUR) == [None, "Working"]


def test_a_column_that_was_ever_ignored_stays_one_that_is_overwritten(acme: Path) -> None:
    taken = take_snapshot(acme, at=NIGHTS[0])
    use_history(acme, str(taken.to_add))
    lead_rows(acme, OLD, YOUNG)
    take_snapshot(acme, at=NIGHTS[1])
    assert ("B", "Status", "", "Working") in changes_of(acme, 1)


def test_an_old_lead_that_comes_late_is_not_taken_for_a_young_one(acme: Path) -> None:
    take_snapshot(acme, at=NIGHTS[0])
    lead_rows(acme, OLD, cell(YOUNG, Created="2026-05-20"))
    take_snapshot(acme, at=NIGHTS[1])
    assert ("B", "Industry", "", "banks") in changes_of(acme, 1)


def test_a_night_is_read_once_and_a_quiet_one_leaves_an_empty_file(acme: Path) -> None:
    assert take_snapshot(acme, at=NIGHTS[0]).outcome == "first"
    before = (acme / "history" / "2026-06-01.parquet").read_bytes()
    lead_rows(acme, cell(OLD, Status="Working"))
    again = take_snapshot(acme, at=NIGHTS[0] + timedelta(hours=3))
    assert (again.outcome, again.rows) == ("there", 3)
    assert again.file.read_bytes() == before
    lead_rows(acme, OLD)
    quiet = take_snapshot(acme, at=NIGHTS[1])
    assert (quiet.outcome, quiet.rows) == ("changes", 0)
    assert pq.ParquetFile(quiet.file).metadata.num_rows == 0
    assert [file.name for file in sorted((acme / "history").iterdir())] == [
        "2026-06-01.parquet",
        "2026-06-02.parquet",
    ]


def test_numbers_are_written_as_the_contract_reads_them(acme: Path) -> None:
    rows = pd.DataFrame([cell(OLD)], columns=COLUMNS).assign(Seats=1234.5)
    rows.to_parquet(acme / "leads.parquet")
    text = CONTRACT.replace("leads.csv", "leads.parquet").replace(
        "[leads]", '[reading]\ndecimal = ","\n\n[leads]'
    )
    lines = '[leads.history]\npath = "history/*.parquet"\nold = "old"\n'
    (acme / "leadscore.toml").write_text(f"{text}\n{lines}", encoding="utf-8")
    take_snapshot(acme, at=NIGHTS[0])
    assert known(acme, "A", "Seats", NIGHTS[1]) == [1234.5]


def test_the_lines_to_add_name_what_is_overwritten_until_the_contract_has_them(acme: Path) -> None:
    taken = take_snapshot(acme, at=NIGHTS[0])
    assert str(taken.to_add).endswith('\n"Status" = "Status"')
    use_history(acme, str(taken.to_add))
    assert take_snapshot(acme, at=NIGHTS[1]).to_add is None


def test_where_no_column_is_ignored_there_are_no_lines_to_add(acme: Path) -> None:
    use_history(acme, "")
    assert take_snapshot(acme, at=NIGHTS[0]).to_add is None


@pytest.mark.parametrize(
    ("change", "error", "told"),
    [
        (('lead_id = "Lead"\n', ""), ContractError, "`leads.lead_id` is not set"),
        (
            (
                "[leads.columns]",
                '[leads.history]\npath = "changes.csv"\nold = "old"\n\n[leads.columns]',
            ),
            ContractError,
            "`leads.history` says that the system keeps a history",
        ),
        (('"Seats" =', '"Seat" ='), DataError, "no column 'Seat'.*Did you mean 'Seats'"),
    ],
)
def test_what_cannot_be_followed_is_told_and_nothing_written(
    acme: Path, change: tuple[str, str], error: type[Exception], told: str
) -> None:
    (acme / "leadscore.toml").write_text(CONTRACT.replace(*change), encoding="utf-8")
    with pytest.raises(error, match=told):
        take_snapshot(acme, at=NIGHTS[0])
    assert not (acme / "history").exists()


def test_a_clock_that_went_back_is_told(acme: Path) -> None:
    take_snapshot(acme, at=NIGHTS[1])
    with pytest.raises(DataError, match="Is the clock right"):
        take_snapshot(acme, at=NIGHTS[0])


def test_a_run_that_holds_the_project_is_not_disturbed(acme: Path) -> None:
    with project_lock(acme, command="score"), pytest.raises(RunLocked):
        take_snapshot(acme, at=NIGHTS[0])
