from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from features.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from features.quarantine import Quarantine

CONTRACT = """
[leads]
path = "leads.csv"
lead_id = "lead_id"
created_at = "created"
[leads.columns]
size = "firmographic:number"
spend = "firmographic:number"
phone = "personal:number"
[events]
path = "events.csv"
value = "value"
recorded_at = "seen_at"
[outcomes]
path = "outcomes.csv"
amount = "amount"
[reading]
max_quarantine_share = {share}
"""
LEADS = ["lead_id,created,size,spend,phone"]
LEADS += [f"L{number},2024-01-0{number % 9 + 1},{number},7.5,151 730" for number in range(30)]
EVENTS = ["lead_id,occurred_at,seen_at,kind,value", "L1,2024-03-01,,visit,2"]
OUTCOMES = ["lead_id,occurred_at,stage,amount", "L1,2024-03-01,Won,250"]


@pytest.fixture
def quarantined(write_project, open_project) -> Callable[..., Quarantine]:
    """Open a company of thirty good leads with some more lines."""

    def read(
        *, leads: tuple = (), events: tuple = (), outcomes: tuple = (), share: float = 0.95
    ) -> Quarantine:
        contract = write_project(
            CONTRACT.format(share=share),
            leads__csv="\n".join([*LEADS, *leads]) + "\n",
            events__csv="\n".join([*EVENTS, *events]) + "\n",
            outcomes__csv="\n".join([*OUTCOMES, *outcomes]) + "\n",
        )
        return open_project(contract).quarantine

    return read


def faults(quarantine: Quarantine) -> list[tuple]:
    assert list(quarantine.rows.columns) == ["table", "row", "column", "value", "reason"]
    return list(quarantine.rows.itertuples(index=False, name=None))


def test_good_tables_have_no_faults(quarantined):
    found = quarantined()
    assert found.rows.empty
    assert found.counts["rows"].tolist() == [30, 1, 1]
    assert found.counts["share"].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("line", "column", "value", "reason"),
    [
        (",2024-01-01,1,1,", "lead_id", None, "no lead_id"),
        ("L99,soon,1,1,", "created_at", "soon", "not a date that can be read"),
        ("L3,2024-09-01,1,1,", "lead_id", "L3", "lead_id stands in an earlier row"),
        ("L99,2024-01-01,many,1,", "size", "many", "not a number; the cell counts as missing"),
        ("L99,2024-01-01", "(whole line)", "", "Expected Number of Columns: 5 Found: 2"),
        ("L99,2024-01-01,1,1,1,1", "(whole line)", "", "Expected Number of Columns: 5 Found: 6"),
    ],
)
def test_a_lead_that_cannot_be_used_is_set_aside(quarantined, line, column, value, reason):
    found = faults(quarantined(leads=(line,)))
    assert [(row[:3], row[4]) for row in found] == [(("leads", 31, column), reason)]
    assert found[0][3] == value or (value is None and pd.isna(found[0][3]))


@pytest.mark.parametrize(
    ("line", "column", "value", "reason"),
    [
        (",2024-03-01,,visit,", "lead_id", None, "no lead_id"),
        ("L1,2024-13-01,,visit,", "occurred_at", "2024-13-01", "not a date that can be read"),
        ("L1,2024-03-01,soon,visit,", "recorded_at", "soon", "not a date that can be read"),
        ("L1,2024-03-01,,,", "kind", None, "no kind"),
        ("L77,2024-03-01,,visit,", "lead_id", "L77", "no such lead"),
        ("L1,2023-12-31,,visit,", "occurred_at", "2023-12-31", "before the lead was created"),
        ("L1,2024-03-01,,visit,lots", "value", "lots", "not a number; the cell counts as missing"),
    ],
)
def test_an_event_that_cannot_be_used_is_set_aside(quarantined, line, column, value, reason):
    found = faults(quarantined(events=(line,)))
    assert [(row[:3], row[4]) for row in found] == [(("events", 2, column), reason)]
    assert found[0][3] == value or (value is None and pd.isna(found[0][3]))


@pytest.mark.parametrize(
    ("line", "column", "value", "reason"),
    [
        ("L1,2024-03-01,Maybe,", "stage", "Maybe", "not one of mql, accepted, sql, rejected, .*lost"),
        ("L1,2024-03-01,sql,lots", "amount", "lots", "not a number; the cell counts as missing"),
        ("L77,2024-03-01,sql,", "lead_id", "L77", "no such lead"),
    ],
)
def test_an_outcome_that_cannot_be_used_is_set_aside(quarantined, line, column, value, reason):
    found = quarantined(outcomes=(line,)).rows
    assert found[["table", "row", "column", "value"]].to_numpy().tolist() == [
        ["outcomes", 2, column, value]
    ]
    assert found["reason"].str.fullmatch(reason).all()


def test_only_rows_that_cannot_be_kept_count_as_dropped(quarantined):
    found = quarantined(leads=("L98,2024-01-01,many,1,", "L99,soon,1,1,"))
    leads = found.counts.set_index("table").loc["leads"]
    assert (leads["rows"], leads["faulty"], leads["dropped"]) == (32, 2, 1)


def test_every_bad_cell_of_a_row_is_named(quarantined):
    found = quarantined(leads=("L99,2024-01-01,many,lots,",)).rows
    assert found[["column", "value"]].to_numpy().tolist() == [["size", "many"], ["spend", "lots"]]


def test_broken_lines_of_two_files_are_told_apart(write_project, open_project):
    broken = "city,won\nUlm,1\nBern\n"
    contract = write_project(
        '[leads]\npath = "part_*.csv"\ntarget = "won"\n[reading]\nmax_quarantine_share = 1\n'
        '[leads.columns]\ncity = "firmographic"\n',
        part_1__csv=broken,
        part_2__csv=broken,
    )
    assert len(open_project(contract).quarantine.rows) == 2


def test_too_many_faults_stop_the_run_with_the_commonest_reasons(quarantined):
    lines = ("L97,soon,1,1,", "L98,soon,1,1,", ",2024-01-01,1,1,")
    message = (
        r"leads: 3 of 33 rows \(9\.1%\) cannot be used .* more than the 5% of "
        r"`reading\.max_quarantine_share`\. 2 × created_at: not a date that can be read; "
        r"1 × lead_id: no lead_id\. Mend the export"
    )
    with pytest.raises(DataError, match=message):
        quarantined(leads=lines, share=0.05)


def test_few_faults_do_not_stop_the_run(quarantined):
    assert len(quarantined(leads=("L97,soon,1,1,",), share=0.05).rows) == 1


@pytest.mark.parametrize(
    "line",
    [
        "ada.lovelace@firm.example,soon,1,1,",
        f"{'x' * 70}ada.lovelace@firm.example,soon,1,1,",
        "L99,2024-01-01,ada.lovelace@firm.example,1,",
        "L99,2024-01-01,ada.lovelace@firm.example",
        f"L99,{'y' * 60} ada.lovelace@firm.example,1,1,",
        "L99,2024-01-01,1,1,call ada.lovelace",
    ],
)
def test_nobodys_address_or_personal_cell_reaches_the_quarantine(quarantined, line):
    rows = quarantined(leads=(line,)).rows
    assert not rows.astype("str").apply(lambda column: column.str.contains("lovelace")).any().any()


def test_long_cells_are_cut(quarantined):
    rows = quarantined(leads=(f"L99,{'y' * 200},1,1,",)).rows
    assert rows["value"].tolist() == ["y" * 80]


def test_the_faults_are_written_to_a_file_and_removed_when_mended(quarantined, tmp_path: Path):
    found = quarantined(leads=('L99,"so, ""soon""",1,1,',))
    file = found.write(tmp_path)
    assert file == tmp_path / "quarantine" / "rows.csv"
    pd.testing.assert_frame_equal(pd.read_csv(file), found.rows, check_dtype=False)
    assert quarantined().write(tmp_path) is None
    assert not file.exists()
