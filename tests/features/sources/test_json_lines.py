"""Objects become rows of text, as they are written."""

from __future__ import annotations

import gzip

import ibis
import pytest

from leadscore.features.core.errors import DataError
from leadscore.features.sources.json_lines import scanned_json

LINES = '{"city":"Ulm","won":1}\n{"won":0,"city":"Bern"}\n'
BOTH = [(1, "Ulm", 1), (2, "Bern", 0)]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("leads.jsonl", LINES.encode()),
        ("LEADS.NDJSON", LINES.encode()),
        ("leads.json", b'[{"city":"Ulm","won":1},\n {"won":0,"city":"Bern"}]'),
        ("leads.jsonl.gz", gzip.compress(LINES.encode(), mtime=0)),
    ],
)
def test_a_file_is_read(tmp_path, rows_of, name, content):
    (tmp_path / name).write_bytes(content)
    assert rows_of(name) == (BOTH, [])


def scanned(tmp_path, text):
    file = tmp_path / "a.jsonl"
    file.write_text(text)
    return ibis.duckdb.connect(), file


def cells(tmp_path, text):
    connection, file = scanned(tmp_path, text)
    return connection.to_pyarrow(scanned_json(connection, [file], name="t")).to_pylist()


def test_cells_stay_as_they_are_written(tmp_path):
    text = '{"id":"007","at":"2024-01-04T11:04:13Z","n":5.0,"big":12345678901234567890,"ok":true}\n'
    assert cells(tmp_path, text) == [
        {
            "id": "007",
            "at": "2024-01-04T11:04:13Z",
            "n": "5.0",
            "big": "12345678901234567890",
            "ok": "true",
        }
    ]


def test_objects_within_become_columns_and_lists_one_cell(tmp_path):
    text = '{"id":1,"a":{"b":{"c":"x"},"d":null},"tags":["u","v"],"deals":[{"n":1}]}\n{"id":2}\n'
    first, second = cells(tmp_path, text)
    assert first == {"id": "1", "a.b.c": "x", "a.d": None, "tags": "u;v", "deals": '[{"n":1}]'}
    assert second == {"id": "2", "a.b.c": None, "a.d": None, "tags": None, "deals": None}


def test_a_field_that_begins_far_down_is_a_column(tmp_path):
    text = '{"id":1}\n' * 30_000 + '{"id":2,"late":"x"}\n'
    assert cells(tmp_path, text)[-1] == {"id": "2", "late": "x"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"id":1}\n{"id":broken\n', "cannot be read as JSON: .*an object a line"),
        ("1\n2\n", "holds no objects"),
        ('{"size":2,"records":[{"id":1},{"id":2}]}', "is one object, with rows in 'records'"),
    ],
)
def test_a_file_that_cannot_be_used_says_what_to_do(tmp_path, text, message):
    connection, file = scanned(tmp_path, text)
    with pytest.raises(DataError, match=message):
        scanned_json(connection, [file], name="t")
