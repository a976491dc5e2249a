"""A workbook is read as its export to CSV would be."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest
import xlsxwriter

from leadscore.features.core.errors import DataError
from leadscore.features.sources.workbooks import sheet_rows, sheets_of, text_of

HEADER = ["city", "won"]


def book(file, **sheets):
    with xlsxwriter.Workbook(file, {"default_date_format": "yyyy-mm-dd hh:mm:ss"}) as written:
        for name, rows in sheets.items():
            sheet = written.add_worksheet(name)
            for at, row in enumerate(rows):
                sheet.write_row(at, 0, row)
    return file


@pytest.mark.parametrize("name", ["leads.xlsx", "LEADS.XLSX"])
def test_the_first_sheet_with_rows_is_the_table(tmp_path, rows_of, name):
    book(tmp_path / name, Cover=[], Data=[HEADER, ["Ulm", 1], ["Bern", 0.0]], Other=[HEADER])
    assert rows_of(name) == ([(1, "Ulm", 1), (2, "Bern", 0)], [])


def test_another_sheet_is_read_where_the_contract_names_it(tmp_path, rows_of):
    book(tmp_path / "leads.xlsx", A=[HEADER, ["Ulm", 1]], B=[HEADER, ["Graz", 0]])
    assert rows_of("leads.xlsx", sheet="B")[0] == [(1, "Graz", 0)]
    with pytest.raises(DataError, match=r"leads\.xlsx has no sheet 'BB'.*'B'"):
        rows_of("leads.xlsx", sheet="BB")


def test_rows_are_numbered_as_they_stand_below_the_header(tmp_path, rows_of):
    report = [["Leads of May"], [], HEADER, ["Ulm", 1], [], ["Bern", 0], [], ["Total"], ["Notice"]]
    book(tmp_path / "leads.xlsx", Report=report)
    assert rows_of("leads.xlsx")[0] == [(1, "Ulm", 1), (3, "Bern", 0)]


def test_a_last_row_with_its_first_cell_alone_stays_where_no_blank_row_is_above(tmp_path):
    file = book(tmp_path / "leads.xlsx", A=[HEADER, ["Ulm", 1], ["Bern"]])
    assert sheet_rows(file, None)["city"].to_pylist() == ["Ulm", "Bern"]


def test_several_workbooks_are_one_table(tmp_path, rows_of):
    book(tmp_path / "a.xlsx", A=[HEADER, ["Ulm", 1], ["Bern", 0]])
    book(tmp_path / "b.xlsx", B=[["won", "city"], [1, "Graz"]])
    assert rows_of("*.xlsx")[0] == [(1, "Ulm", 1), (2, "Bern", 0), (3, "Graz", 1)]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (5.0, "5"),
        (0.1 + 0.2, "0.3"),
        (-0.25, "-0.25"),
        (20240531180500.0, "20240531180500"),
        (True, "TRUE"),
        ("00123", "00123"),
        (date(2024, 5, 31), "2024-05-31"),
        (datetime(2024, 5, 31, 18, 5), "2024-05-31 18:05:00"),
        (datetime(2024, 5, 31, 18, 4, 59, 999_990), "2024-05-31 18:05:00"),
        (time(10, 5), "10:05:00"),
    ],
)
def test_cells_become_text(cell, text):
    assert text_of(cell) == text


def test_dates_in_a_file_are_iso(tmp_path):
    rows = [["at", "n"], [datetime(2024, 5, 31, 18, 5), 1], [datetime(2024, 6, 1), 2]]
    found = sheet_rows(book(tmp_path / "b.xlsx", A=rows), None)
    assert found["at"].to_pylist() == ["2024-05-31 18:05:00", "2024-06-01"]


def test_sheets_are_listed_with_their_columns(tmp_path):
    file = book(tmp_path / "b.xlsx", Empty=[], A=[HEADER, ["Ulm", 1]], B=[["id", "id"], [1, 2]])
    assert sheets_of(file) == {"A": HEADER, "B": ["id", "id_2"]}


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"PK\x03\x04rest", "cannot be read as a workbook: .*save it again"), (None, "no sheet with")],
)
def test_a_workbook_that_cannot_be_used_says_what_to_do(tmp_path, rows_of, content, message):
    if content is None:
        book(tmp_path / "leads.xlsx", A=[])
    else:
        (tmp_path / "leads.xlsx").write_bytes(content)
    with pytest.raises(DataError, match=message):
        rows_of("leads.xlsx")


def test_a_header_alone_is_no_table(tmp_path, rows_of):
    book(tmp_path / "leads.xlsx", A=[["Title"], [], HEADER])
    with pytest.raises(DataError, match="a header and no rows"):
        rows_of("leads.xlsx")
