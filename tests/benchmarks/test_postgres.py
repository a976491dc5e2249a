"""The benchmark of PostgreSQL runs on tiny nights, and says plainly what it found."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
pytest.importorskip("adbc_driver_postgresql", reason="it comes with the extra `postgres`")

import psycopg  # noqa: E402

from benchmarks import postgres  # noqa: E402
from benchmarks.postgres_nights import PLAIN, write_made_up_night  # noqa: E402
from benchmarks.postgres_readers import Seen  # noqa: E402
from benchmarks.postgres_ways import WAYS, Load, prepare  # noqa: E402
from leadscore.serving.ledger.reader import read_night  # noqa: E402
from leadscore.serving.ledger.schema import SCHEMA, as_night  # noqa: E402
from tests.postgres_server import postgres_server  # noqa: E402, F401

if TYPE_CHECKING:
    from benchmarks.postgres import Found

NIGHT = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def found(server: str) -> Found:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(postgres.VARIABLE, server)
        patch.setattr(postgres, "PAUSE_SECONDS", 0.01)
        return postgres.measure(server, leads=500, repeats=1, readers=2, swaps=3)


@pytest.mark.slow
def test_every_way_is_measured_with_few_columns_and_with_all(found: Found) -> None:
    assert list(found.ways) == ["12 plain", f"the ledger's {len(SCHEMA)}"]
    for rounds in found.ways.values():
        assert [list(each) for each in rounds] == [list(WAYS)]
        assert all(seconds > 0 for seconds in rounds[0].values())


@pytest.mark.slow
def test_no_reader_of_ours_sees_an_empty_or_mixed_night(found: Found) -> None:
    ours = found.watched[0]
    assert ours.way == postgres.OURS
    assert ours.seen.statements > 0
    assert (ours.seen.empty(), ours.seen.mixed(500), ours.seen.errors) == (0, 0, {})


@pytest.mark.slow
def test_the_page_gives_a_verdict_on_each_point(found: Found) -> None:
    page = postgres.report(found, "the command")
    assert page.count("reached") >= 3
    assert "`the command`" in page
    assert all(page.count(f"| {way} |") >= 2 for way in WAYS)


def test_readers_who_saw_too_little_are_said_to_have() -> None:
    seen = Seen(9, Counter({"gone": 1}), Counter({(0, None, None): 2, (500, NIGHT, NIGHT): 3}))
    seen.add(Seen(nights=Counter({(499, NIGHT, NIGHT): 1, (500, NIGHT, None): 1})))
    assert (seen.statements, seen.empty(), seen.mixed(500)) == (9, 2, 2)


@pytest.mark.slow
def test_a_point_that_is_missed_is_said_to_be_missed(found: Found) -> None:
    watched = [replace(found.watched[0], leads=501), *found.watched[1:]]
    slow = {name: [{**r[0], postgres.OURS: 99.0}] for name, r in found.ways.items()}
    page = postgres.report(replace(found, watched=watched, ways=slow), "the command")
    assert page.count("**not reached**") == 3


@pytest.mark.parametrize("columns", [PLAIN, tuple(SCHEMA.names)], ids=["plain", "all"])
def test_every_way_leaves_the_same_rows(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch, columns: tuple[str, ...]
) -> None:
    monkeypatch.setenv(postgres.VARIABLE, server)
    night = write_made_up_night(tmp_path, leads=300)
    file = tmp_path / "ledger" / "night=2026-06-01" / "part-0.parquet"
    load = Load(file, night, columns, "same_rows")
    prepare(load, server)
    rows = {}
    with psycopg.connect(server, autocommit=True) as connection:
        for turn in range(2):  # over an empty table, and over the rows of an earlier night
            for label, way in WAYS.items():
                way(load)
                table = postgres.READ_AT.get(way, "renamed" if "COPY" in label else "bare")
                query = f"SELECT * FROM same_rows.{table} ORDER BY lead_id"  # noqa: S608
                rows[label, turn] = connection.execute(query).fetchall()
    first = next(iter(rows.values()))
    assert len(first) == 300
    assert all(each == first for each in rows.values())


def test_a_made_up_night_is_fit_for_the_ledger_and_changes_a_little(tmp_path: Path) -> None:
    nights = [write_made_up_night(tmp_path, leads=4_000, day=day) for day in (0, 1)]
    first, second = (read_night(tmp_path, night) for night in nights)
    assert as_night(first).num_rows == 4_000
    moved = (first["tier"] != second["tier"]).mean()
    assert 0 < moved < 0.05
