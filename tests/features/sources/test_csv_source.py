from __future__ import annotations

import gzip

import pytest

from leadscore.features.contract.contract import Reading
from leadscore.features.sources.csv_source import split_lines
from leadscore.features.sources.row_numbers import ROW

HEADER = "a,b\n"


def split(tmp_path, text, **reading):
    file = tmp_path / "list.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    rows, broken = split_lines(file, ["a", "b"], Reading(**reading))
    whole = [tuple(row.values()) for row in rows.to_pylist()]
    return whole, list(broken.itertuples(index=False, name=None))


def test_a_line_with_too_many_or_too_few_cells_keeps_its_place(tmp_path):
    whole, broken = split(tmp_path, HEADER + "1,2\n3\n\n4,5,6\n7,8\n")
    assert whole == [("1", "2", 1), ("7", "8", 4)]
    assert [row for row, _ in broken] == [2, 3]
    assert broken[0][1] == "1 cells where the header has 2"


def test_a_cell_of_several_lines_is_one_row(tmp_path):
    whole, broken = split(tmp_path, HEADER + '1,"two\r\nlines, ""quoted"""\r\n3,4\r\n')
    assert whole == [("1", 'two\r\nlines, "quoted"', 1), ("3", "4", 2)]
    assert broken == []


@pytest.mark.parametrize("later", ["", '5,"six"\n', '5,"six, or more"\n'])
def test_a_quote_mark_that_is_not_closed_costs_its_own_line_alone(tmp_path, later):
    whole, broken = split(tmp_path, HEADER + '"1,2\n3,4\n' + later)
    assert [row for row, _ in broken] == [1]
    assert [row[-1] for row in whole] == [2, 3][: len(whole)]
    assert len(whole) == 1 + bool(later)


def test_a_stray_quote_mark_is_read_as_it_can_be(tmp_path):
    assert split(tmp_path, HEADER + '"Acme" Ltd,2\n') == ([("Acme Ltd", "2", 1)], [])


def test_a_line_in_another_encoding_is_named(tmp_path):
    whole, broken = split(tmp_path, b"a,b\nZo\xeb,2\n3,4\n")
    assert (whole, broken) == ([("3", "4", 2)], [(1, "not utf-8 text")])
    assert split(tmp_path, b"a,b\nZo\xeb,2\n", encoding="cp1252")[0] == [("Zoë", "2", 1)]


def test_no_line_may_be_whole(tmp_path):
    whole, broken = split(tmp_path, HEADER + "1,2,3\n")
    assert whole == []
    assert len(broken) == 1


def test_a_packed_file_is_split(tmp_path):
    file = tmp_path / "list.csv.gz"
    file.write_bytes(gzip.compress(b"a;b\n1;2\n"))
    rows, _ = split_lines(file, ["a", "b"], Reading(delimiter=";"))
    assert rows[ROW].to_pylist() == [1]
