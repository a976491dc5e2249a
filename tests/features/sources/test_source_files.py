"""Files are found by path, folder or glob, and unpacked."""

from __future__ import annotations

import zipfile

import pandas as pd
import pytest

from leadscore.features.core.errors import DataError
from leadscore.features.sources.source_files import files_at, is_csv

ROWS = "city,won\nUlm,1\nBern,0\n"
BOTH = [(1, "Ulm", 1), (2, "Bern", 0)]


def packed(file, **members):
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in members.items():
            archive.writestr(name.replace("__", "."), text)


@pytest.mark.parametrize("name", ["leads.zip", "LEADS.CSV.ZIP"])
def test_a_zip_file_with_one_table_is_read(tmp_path, rows_of, name):
    packed(tmp_path / name, **{"__MACOSX/._a__csv": "x", "export/a__csv": ROWS, "read__me": "?"})
    assert is_csv(tmp_path / name)
    assert rows_of(name) == (BOTH, [])


def test_a_zip_file_of_several_files_is_one_table(tmp_path, rows_of):
    packed(tmp_path / "l.zip", a__csv=ROWS, b__csv="won,city\n1,Graz\n")
    assert rows_of("l.zip")[0] == [*BOTH, (3, "Graz", 1)]


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"leads__pdf": "%PDF"}, "holds 'leads.pdf', and no table"),
        ({}, "is an empty zip file"),
        ({"a__csv": ROWS, "b__json": "[]"}, "have different formats"),
    ],
)
def test_a_zip_file_without_one_table_says_what_to_do(tmp_path, rows_of, members, message):
    packed(tmp_path / "l.zip", **members)
    with pytest.raises(DataError, match=message):
        rows_of("l.zip")


def test_a_broken_zip_file_is_named(tmp_path, rows_of):
    (tmp_path / "l.zip").write_bytes(b"PK\x03\x04rest")
    with pytest.raises(DataError, match=r"l\.zip cannot be unpacked"):
        rows_of("l.zip")


def test_a_folder_of_daily_extracts_is_one_table(tmp_path, rows_of):
    (tmp_path / "days").mkdir()
    (tmp_path / "days" / "1.csv").write_text(ROWS)
    (tmp_path / "days" / "2.CSV").write_text("Won,extra,CITY\n1,x,Graz\n")
    (tmp_path / "days" / "3.csv").write_text("won\n0\n")
    (tmp_path / "days" / "4.csv").write_text("city,won\nLinz,1\n")
    (tmp_path / "days" / ".hidden.csv").write_text("no\n1\n")
    (tmp_path / "days" / "_SUCCESS").touch()
    rows, broken = rows_of("days")
    assert rows == [*BOTH, (3, "Graz", 1), (4, None, 0), (5, "Linz", 1)]
    assert broken == []


def test_a_glob_of_folders_reads_their_files(tmp_path, rows_of):
    for day in ("2024-05-01", "2024-05-02"):
        (tmp_path / day).mkdir()
        (tmp_path / day / "leads.csv").write_text(ROWS)
    assert len(rows_of("2024-*")[0]) == 4


def test_a_folder_of_parquet_files_in_parts_keeps_their_names_as_a_column(tmp_path, rows_of):
    for city in ("Bern", "Ulm"):
        (tmp_path / "leads" / f"city={city}").mkdir(parents=True)
        frame = pd.DataFrame({"won": [1]})
        frame.to_parquet(tmp_path / "leads" / f"city={city}" / "part-0.parquet")
    assert [city for _, city, _ in rows_of("leads")[0]] == ["Bern", "Ulm"]


def test_a_folder_of_several_formats_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text(ROWS)
    (tmp_path / "b.json").write_text("[]")
    with pytest.raises(DataError, match=r"files of different formats \(csv, json\)"):
        files_at(str(tmp_path), directory=tmp_path, remedy="")
