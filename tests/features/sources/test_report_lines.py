"""Titles and notices of a report are no rows and no faults."""

from __future__ import annotations

import csv

import pytest

from leadscore.features.sources.report_lines import header_at, notices_below

ROWS = "city,size,won\nUlm,3,1\nBern,4,0\n"
SALESFORCE = (
    '\n\n"Grand Totals (2 records)"\n"Confidential Information - Do Not Distribute"\n'
    '"Copyright (c) 2000-2026 salesforce.com, inc. All rights reserved."\n'
)
BOTH = [(1, "Ulm", 1), (2, "Bern", 0)]


@pytest.mark.parametrize(
    ("above", "below"),
    [
        ("", ""),
        ("\n\n", ""),
        ("Leads of this year\n", ""),
        ("Leads of this year\n\nAs of 2024-05-01\n\n", SALESFORCE),
        ("Leads of this year,,\n", "Total\n"),
        ("Report:,Leads\nFilter:,All\n\n", ""),
        ("", SALESFORCE),
        ("", "合計\n"),
    ],
)
def test_lines_of_a_report_around_the_table_are_no_rows_and_no_faults(
    tmp_path, rows_of, above, below
):
    (tmp_path / "leads.csv").write_text(above + ROWS + below, newline="")
    assert rows_of("leads.csv") == (BOTH, [])


def test_windows_line_ends_make_no_difference(tmp_path, rows_of):
    text = ("Leads\n\n" + ROWS + SALESFORCE).replace("\n", "\r\n")
    (tmp_path / "leads.csv").write_text(text, newline="")
    assert rows_of("leads.csv") == (BOTH, [])


def test_semicolons_and_another_encoding_make_no_difference(tmp_path, rows_of):
    text = ("Übersicht\n\n" + ROWS + "Summe für Köln\n").replace(",", ";")
    (tmp_path / "leads.csv").write_bytes(text.encode("cp1252"))
    assert rows_of("leads.csv", delimiter=";", encoding="cp1252") == (BOTH, [])


def test_a_last_row_with_its_first_cell_alone_stays_where_its_commas_are_there(tmp_path, rows_of):
    (tmp_path / "leads.csv").write_text(ROWS + "Graz,,\n")
    assert rows_of("leads.csv")[0] == [*BOTH, (3, "Graz", None)]


def test_faults_above_the_notices_keep_their_place_below_the_header(tmp_path, rows_of):
    torn = "Leads\n\n" + ROWS + "torn,line\nGraz,5,1\n" + "wide,1,1,1\n" + SALESFORCE
    (tmp_path / "leads.csv").write_text(torn)
    assert rows_of("leads.csv") == ([*BOTH, (3, "Graz", 1)], [3, 5])


def test_the_end_of_a_cell_of_several_lines_is_no_notice():
    lines = ["city,won", '"a long', 'text",1', '1,"it says', 'so"']
    assert notices_below(lines, 2, ",") == 0


def test_a_column_of_sentences_is_no_title_above_a_table():
    lines = ["note", "call back", "please, call back", "thanks", "no"]
    assert header_at(list(csv.reader(lines))) == 0


def test_a_header_with_fewer_names_than_cells_stays_the_header():
    assert header_at(list(csv.reader(["city,won", "1,Ulm,1", "2,Bern,0"]))) == 0
