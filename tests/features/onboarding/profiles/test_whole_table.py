"""Counts over every row of a long table, and an even sample of it."""

from __future__ import annotations

import ibis
import pandas as pd
import pytest

from leadscore.features.onboarding.profiles import whole_table as module
from leadscore.features.onboarding.profiles.whole_table import even_sample, rows_with, whole_table

ROWS = 30_000


@pytest.fixture
def connection():
    connection = ibis.duckdb.connect()
    yield connection
    connection.disconnect()


@pytest.fixture
def table(connection):
    """Kinds one after the other; an id that repeats once in ten; cells with blanks and without."""
    frame = pd.DataFrame(
        {
            "id": [f"L-{row - row % 10 // 9:06}" for row in range(ROWS)],
            "kind": [f" kind {row // 1_000} " for row in range(ROWS)],
            'say "no"': [
                ["Select", "", " n/a", None, f"text {row}"][row % 5] for row in range(ROWS)
            ],
            "number": range(ROWS),
        }
    )
    return connection.create_table("long", frame)


def test_words_of_every_row_are_counted(connection, table):
    found = whole_table(connection, table)
    assert found.rows == ROWS
    assert found.words["kind"].to_dict() == {f"kind {each}": 1_000 for each in range(30)}
    assert set(found.words) == {"kind"}


def test_words_for_missing_are_found_among_many(connection, table):
    missing = whole_table(connection, table).missing['say "no"']
    assert missing.to_dict() == {"Select": 6_000, "": 12_000, "n/a": 6_000}


@pytest.mark.parametrize("compared", [1_000_000, 3_000])
def test_repeats_of_an_id_are_seen(connection, table, monkeypatch, compared):
    monkeypatch.setattr(module, "COMPARED_CELLS", compared)
    distinct = whole_table(connection, table).distinct
    tolerance = 0 if compared > ROWS else 0.02
    assert distinct["id"] == pytest.approx(0.9 * ROWS, rel=tolerance)
    assert distinct['say "no"'] == pytest.approx(6_000, rel=tolerance)
    assert distinct["number"] == pytest.approx(ROWS, rel=tolerance)


def test_a_sample_is_drawn_from_beginning_to_end(table, monkeypatch):
    monkeypatch.setattr(module, "SAMPLE_ROWS", 3_000)
    drawn = even_sample(table, ROWS)
    assert drawn["number"].tolist()[:1_000] == [str(row) for row in range(1_000)]
    assert len(drawn) == 1_000 + 2_900
    assert drawn["kind"].nunique() == 30
    assert drawn['say "no"'].tolist()[:4] == ["Select", "", "n/a", ""]


def test_rows_are_found_by_their_ids_wherever_they_stand(table):
    found = rows_with(table, ["kind", "number"], ["kind 29", "kind 0"])
    assert list(found.columns) == ["kind", "number"]
    assert len(found) == 2_000
