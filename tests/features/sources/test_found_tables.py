"""Which tables a path holds."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from leadscore.features.core.errors import DataError
from leadscore.features.sources import tables_in
from tests.features.sources.test_workbooks import book

EVENTS = "id,at,kind\n1,2024-05-01,open\n"


def listed(path, folder):
    return [
        (Path(each.path).relative_to(folder).as_posix(), each.sheet, each.columns)
        for each in tables_in(path)
    ]


def test_files_and_sheets_are_tables_and_files_of_one_header_are_one(tmp_path):
    (tmp_path / "leads.csv").write_text("id,city\n1,Ulm\n")
    (tmp_path / "events_1.csv").write_text(EVENTS)
    (tmp_path / "events_2.csv").write_text("at,id,kind\n2024-05-02,1,click\n")
    (tmp_path / "touches.jsonl").write_text('{"id":1,"a":{"b":2}}\n')
    book(tmp_path / "crm.xlsx", Deals=[["id", "stage"], [1, "won"]], Notes=[["text"], ["x"]])
    (tmp_path / "README.md").write_text("about")
    assert listed(tmp_path, tmp_path) == [
        ("crm.xlsx", "Deals", ("id", "stage")),
        ("crm.xlsx", "Notes", ("text",)),
        ("events_*.csv", None, ("id", "at", "kind")),
        ("leads.csv", None, ("id", "city")),
        ("touches.jsonl", None, ("id", "a.b")),
    ]


def test_files_that_no_glob_names_alone_are_tables_by_themselves(tmp_path):
    for name in ("a.csv", "c.csv"):
        (tmp_path / name).write_text(EVENTS)
    (tmp_path / "b.csv").write_text("id,city\n1,Ulm\n")
    assert [path for path, _, _ in listed(tmp_path, tmp_path)] == ["a.csv", "b.csv", "c.csv"]


def test_a_folder_of_one_table_is_named_itself(tmp_path):
    for day in (1, 2):
        (tmp_path / "events" / f"day={day}").mkdir(parents=True)
        frame = pd.DataFrame({"id": [1]})
        frame.to_parquet(tmp_path / "events" / f"day={day}" / "part.parquet")
    (tmp_path / "leads.csv").write_text("id,city\n1,Ulm\n")
    assert listed(tmp_path, tmp_path) == [
        ("events", None, ("id", "day")),
        ("leads.csv", None, ("id", "city")),
    ]


def test_a_report_has_the_columns_below_its_title(tmp_path):
    (tmp_path / "r.csv").write_text("Report\n\nid;Stadt\n1;Köln\n", encoding="cp1252")
    assert listed(tmp_path / "r.csv", tmp_path) == [("r.csv", None, ("id", "Stadt"))]


def test_a_folder_without_a_table_is_named(tmp_path):
    with pytest.raises(DataError, match="is a folder without a table"):
        tables_in(tmp_path)
