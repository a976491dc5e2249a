from __future__ import annotations

import pandas as pd
import pytest

from leadscore.features.core.errors import DataError
from tests.features.tables.test_tables import DATED, FILES, FLAT

HEADER = "Lead No,Made on,Firm,Size\n"


@pytest.fixture
def listed(write_project, open_project, tmp_path):
    """Open a list of the given text beside the small company."""

    def read(text, contract=DATED, files=FILES):
        return open_project(write_project(contract, **files), leads_file=one_off(tmp_path, text))

    return read


def one_off(tmp_path, text):
    file = tmp_path / "list.csv"
    file.write_text(text, encoding="utf-8")
    return file


def faults_of(tables):
    columns = ["row", "column", "value", "reason"]
    return list(tables.listed.faults[columns].itertuples(index=False, name=None))


def test_a_list_takes_the_place_of_known_leads(listed):
    tables = listed(HEADER + "A,2024-01-01,new,7\nZ,2024-03-02,,\n")
    leads = tables.leads.to_pandas().set_index("lead_id")
    assert leads["listed"].to_dict() == {"A": True, "Z": True, "B": False, "C": False}
    assert leads.loc["A", ["account", "lead_size"]].tolist() == ["new", 7]
    assert tables.listed.faults.empty


@pytest.mark.parametrize(("written", "since"), [("2024-01-04", "2024-01-01"), ("", "2024-01-01"),
                                                ("2023-12-01", "2023-12-01")])  # fmt: skip
def test_a_known_lead_is_as_old_as_its_earliest_date(listed, written, since):
    tables = listed(HEADER + f"A,{written},,7\n")
    leads = tables.leads.to_pandas().set_index("lead_id")
    assert leads.loc["A", "created_at"] == pd.Timestamp(since)
    assert tables.events.count().to_pyarrow().as_py() == 3  # none is from before its lead


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (",2024-03-02,,7", ("Lead No", "", "missing")),
        (" N/A ,2024-03-02,,7", ("Lead No", "", "missing")),
        ("Y,2024-03-02,,7", ("Lead No", "", "the same lead as row 1")),
        ("Z,2024", ("(whole line)", "", "2 cells where the header has 4")),
        ("Z,2024-03-02,,7,8", ("(whole line)", "", "5 cells where the header has 4")),
        ('Z,2024-03-02,"Acme,7', ("(whole line)", "", "3 cells where the header has 4")),
    ],
)
def test_a_row_that_cannot_be_used_is_named_and_the_others_stay(listed, row, fault):
    contract = DATED + '[reading]\nmissing = ["n/a"]\n'
    tables = listed(HEADER + f"Y,2024-03-01,,1\n{row}\n\nX,2024-03-03,,3\n", contract)
    assert faults_of(tables) == [(2, *fault)]
    assert tables.listed.rows["row"].tolist() == [1, 2, 3]
    kept = tables.leads.filter(tables.leads.listed)
    assert sorted(kept.lead_size.to_pyarrow().to_pylist()) == [1, 3]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("Z,last spring,,7", ("Made on", "last spring", "not a date that can be read")),
        ("Z,2024-03-02,,lots", ("Size", "lots", "not a number")),
        ("Z,2024-03-02,,1e999", ("Size", "1e999", "not a number")),
        ("Z,2024-03-02,,jo@x.example", ("Size", "(e-mail address)", "not a number")),
    ],
)
def test_a_cell_that_cannot_be_read_costs_itself_alone(listed, row, fault):
    tables = listed(HEADER + row + "\n")
    column, value, reason = fault
    assert faults_of(tables) == [(1, column, value, f"{reason}; the cell counts as missing")]
    lead = tables.leads.filter(tables.leads.listed).to_pandas().iloc[0]
    assert pd.isna(lead["created_at"] if column == "Made on" else lead["lead_size"])


@pytest.mark.parametrize(("written", "is_named"), [("51-200", False), ("1e999", True),
                                                   ("many", True), ("", False)])  # fmt: skip
def test_a_head_count_may_be_a_band(listed, written, is_named):
    contract = DATED.replace("firmographic:number", "firmographic.company_size:text")
    assert len(faults_of(listed(HEADER + f"Z,2024-03-02,,{written}\n", contract))) == is_named


def test_a_personal_cell_is_not_repeated(listed):
    contract = DATED.replace("firmographic:number", "personal:number")
    tables = listed(HEADER + "Z,2024-03-02,,Jo Doe\n", contract)
    assert faults_of(tables) == [(1, "Size", "", "not a number; the cell counts as missing")]


def test_an_infinite_number_is_named(write_project, open_project, tmp_path):
    rows = {"Lead No": ["Y", "Z"], "Made on": "2024-03-02", "Firm": "", "Size": [1, float("inf")]}
    pd.DataFrame(rows).to_parquet(tmp_path / "list.parquet")
    contract = write_project(DATED, **FILES)
    tables = open_project(contract, leads_file=tmp_path / "list.parquet")
    reason = "not a number; the cell counts as missing"
    assert faults_of(tables) == [(2, "Size", "infinity", reason)]


def test_the_project_s_limit_does_not_stop_a_list(listed):
    tables = listed(HEADER + ",,,\n,,,\nZ,2024-03-02,,\n")
    assert len(faults_of(tables)) == 2
    assert tables.quarantine.rows.empty


def test_too_much_of_the_project_s_tables_is_said_and_does_not_stop_a_list(listed, caplog):
    files = {**FILES, "events__csv": "who,recorded_at,loaded,what\nA,soon,,visit\n"}
    tables = listed(HEADER + "A,2024-01-01,,\n", files=files)
    assert "events: 1 of 1 rows (100.0%) cannot be used" in caplog.text
    assert tables.leads.listed.any().to_pyarrow().as_py()


def test_a_list_must_have_the_contract_s_columns(listed):
    with pytest.raises(DataError, match=r"list\.csv has no column 'Size'.* mean 'Sise'"):
        listed("Lead No,Made on,Firm,Sise\nA,2024-01-01,new,7\n")


def test_a_list_of_a_flat_file_needs_no_target(listed):
    tables = listed("Size\n7\n8\n", FLAT, {"leads__csv": "Size,Result\n1,Won\n2,Lost\n"})
    assert tables.leads.order_by("lead_id").lead_size.to_pyarrow().to_pylist() == [7, 8]
