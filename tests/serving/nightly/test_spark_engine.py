from __future__ import annotations

import json
import shutil
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from leadscore.serving.ledger.reader import read_night
from leadscore.serving.nightly.checkpoint_store import WORK
from leadscore.serving.nightly.run_night import score_night

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pyspark.sql import SparkSession

    from tests.conftest import Ran

NIGHT = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def company(scored_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The company with a night in its ledger and some events that cannot be used."""
    directory = tmp_path_factory.mktemp("on spark") / "company"
    shutil.copytree(scored_project, directory, ignore=shutil.ignore_patterns("truth"))
    shutil.rmtree(directory / "ledger" / f"night={NIGHT:%Y-%m-%d}")
    part = max((directory / "raw/events").glob("*.parquet"))
    events = pd.read_parquet(part)
    strangers = events.head(40).assign(lead_id=[f"nobody-{number}" for number in range(40)])
    pd.concat([events, strangers]).to_parquet(part)
    return directory


@pytest.fixture(scope="module")
def nights(
    spark: SparkSession,
    company: Path,
    tmp_path_factory: pytest.TempPathFactory,
    run_cli: Callable[..., Ran],
) -> tuple[Path, Path]:
    """The same night from Spark, and from DuckDB."""
    other = tmp_path_factory.mktemp("on duckdb") / "company"
    shutil.copytree(company, other)
    score_night(other, as_of=NIGHT)
    where = ("--engine", "spark", "--master", "local[2]")
    ran = run_cli("score", "-C", company, "--as-of", "2026-06-01", *where)
    assert ran.code == 0, ran.err
    return company, other


def test_the_ledger_is_that_of_duckdb(nights: tuple[Path, Path]) -> None:
    found, expected = (
        read_night(each, NIGHT).drop(columns=["run_id", "scored_at"]) for each in nights
    )
    pd.testing.assert_frame_equal(found, expected, rtol=1e-8, atol=1e-8)
    assert {"SQL", "MQL", "Nurture"} <= set(found["tier"])
    assert found["brief"].str.len().max() > 0
    assert len(list((nights[0] / "ledger" / f"night={NIGHT:%Y-%m-%d}").iterdir())) == 1


def test_the_quarantine_tells_the_same_faults(nights: tuple[Path, Path]) -> None:
    told = (pd.read_csv(each / "quarantine/rows.csv") for each in nights)
    found, expected = (rows.sort_values(["table", "row"], ignore_index=True) for rows in told)
    pd.testing.assert_frame_equal(found, expected)
    assert (found["table"] == "events").sum() == 40


def test_the_manifest_tells_the_same_counts(nights: tuple[Path, Path]) -> None:
    files = (max((each / "runs").glob("*.json")) for each in nights)
    found, expected = (json.loads(file.read_text(encoding="utf-8")) for file in files)
    assert found["counts"] == {**expected["counts"], "buckets": found["counts"]["buckets"]}
    assert found["policy_version"] == expected["policy_version"]
    assert not (nights[0] / WORK).exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--engine", "flink"), "--engine flink: use duckdb or spark"),
        (("--master", "local[2]"), "is Spark's: say --engine spark, too"),
    ],
)
def test_an_engine_that_there_is_not_is_refused(
    options: tuple[str, ...], message: str, company: Path, run_cli: Callable[..., Ran]
) -> None:
    ran = run_cli("score", "-C", company, *options)
    assert ran.code == 2
    assert message in ran.err


def test_without_pyspark_the_extra_is_named(
    company: Path, run_cli: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    ran = run_cli("score", "-C", company, "--as-of", "2026-06-01", "--engine", "spark")
    assert ran.code == 2
    assert "pip install 'leadscore[spark]'" in ran.err
