from __future__ import annotations

import pandas as pd
import pytest

from leadscore.features.core.errors import DataError

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
def quarantined(write_project, open_project):
    """Open a company of thirty good leads with some more lines."""

    def read(*, leads=(), events=(), outcomes=(), share=0.95):
        contract = write_project(
            CONTRACT.format(share=share),
            leads__csv="\n".join([*LEADS, *leads]) + "\n",
            events__csv="\n".join([*EVENTS, *events]) + "\n",
            outcomes__csv="\n".join([*OUTCOMES, *outcomes]) + "\n",
        )
        return open_project(contract).quarantine

    return read


def test_good_tables_have_no_faults(quarantined):
    found = quarantined()
    assert found.rows.empty
    assert found.counts["rows"].tolist() == [30, 1, 1]
    assert found.counts["share"].tolist() == [0, 0, 0]


NO_DATE, NO_NUMBER = "not a date that can be read", "not a number; the cell counts as missing"
STAGES = "mql, accepted, sql, rejected, recycled, won, lost"
WIDTH = "Expected Number of Columns: 5 Found:"
# The line, and what is said of it; lines that cannot be split count no rows, so they stand last.
FAULTS = {
    "leads": [
        (",2024-01-01,1,1,", "lead_id", None, "no lead_id"),
        ("L99,soon,1,1,", "created_at", "soon", NO_DATE),
        ("L3,2024-09-01,1,1,", "lead_id", "L3", "lead_id stands in an earlier row"),
        ("L98,2024-01-01,many,1,", "size", "many", NO_NUMBER),
        ("L97,2024-01-01", "(whole line)", "", f"{WIDTH} 2"),
        ("L96,2024-01-01,1,1,1,1", "(whole line)", "", f"{WIDTH} 6"),
    ],
    "events": [
        (",2024-03-01,,visit,", "lead_id", None, "no lead_id"),
        ("L1,2024-13-01,,visit,", "occurred_at", "2024-13-01", NO_DATE),
        ("L1,2024-03-01,soon,visit,", "recorded_at", "soon", NO_DATE),
        ("L1,2024-03-01,,,", "kind", None, "no kind"),
        ("L77,2024-03-01,,visit,", "lead_id", "L77", "no such lead"),
        ("L1,2023-12-31,,visit,", "occurred_at", "2023-12-31", "before the lead was created"),
        ("L1,2024-03-01,,visit,lots", "value", "lots", NO_NUMBER),
    ],
    "outcomes": [
        ("L1,2024-03-01,Maybe,", "stage", "Maybe", f"not one of {STAGES}"),
        ("L1,2024-03-01,sql,lots", "amount", "lots", NO_NUMBER),
        ("L77,2024-03-01,sql,", "lead_id", "L77", "no such lead"),
    ],
}


@pytest.mark.parametrize("table", FAULTS)
def test_what_cannot_be_used_is_set_aside_with_its_place_and_the_reason(quarantined, table):
    found = quarantined(**{table: tuple(fault[0] for fault in FAULTS[table])}).rows
    assert list(found.columns) == ["table", "row", "column", "value", "reason"]
    assert set(found["table"]) == {table}
    first = {"leads": 31, "events": 2, "outcomes": 2}[table]
    assert found["row"].tolist() == list(range(first, first + len(FAULTS[table])))
    told = found[["column", "value", "reason"]].astype(object)
    expected = [list(fault[1:]) for fault in FAULTS[table]]
    assert told.where(told.notna(), None).to_numpy().tolist() == expected


def test_only_rows_that_cannot_be_kept_count_as_dropped(quarantined):
    found = quarantined(leads=("L98,2024-01-01,many,1,", "L99,soon,1,1,"))
    leads = found.counts.set_index("table").loc["leads"]
    assert (leads["rows"], leads["faulty"], leads["dropped"]) == (32, 2, 1)


def test_every_bad_cell_of_a_row_is_named(quarantined):
    found = quarantined(leads=("L99,2024-01-01,many,lots,",)).rows
    assert found[["column", "value"]].to_numpy().tolist() == [["size", "many"], ["spend", "lots"]]


def test_broken_lines_of_two_files_are_told_apart(write_project, open_project):
    broken = "city,won\nUlm,1\nBern,1,0\n"
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


def test_nobodys_address_or_personal_cell_reaches_the_quarantine(quarantined):
    address = "ada.lovelace@firm.example"
    lines = (
        f"{address},soon,1,1,",
        f"{'x' * 70}{address},soon,1,1,",
        f"L97,2024-01-01,{address},1,",
        f"L98,2024-01-01,{address}",
        f"L99,{'y' * 60} {address},1,1,",
        "L96,2024-01-01,1,1,call ada.lovelace",
    )
    rows = quarantined(leads=lines).rows
    assert len(rows) == 5
    assert not rows.astype("str").apply(lambda column: column.str.contains("ada")).any().any()


def test_long_cells_are_cut(quarantined):
    rows = quarantined(leads=(f"L99,{'y' * 200},1,1,",)).rows
    assert rows["value"].tolist() == ["y" * 80]


def test_the_faults_are_written_to_a_file_and_removed_when_mended(quarantined, tmp_path):
    found = quarantined(leads=('L99,"so, ""soon""",1,1,',))
    file = found.write(tmp_path)
    assert file == tmp_path / "quarantine" / "rows.csv"
    pd.testing.assert_frame_equal(pd.read_csv(file), found.rows, check_dtype=False)
    assert quarantined().write(tmp_path) is None
    assert not file.exists()
