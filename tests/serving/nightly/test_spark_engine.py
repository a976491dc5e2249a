from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from leadscore.serving.ledger.reader import read_night
from leadscore.serving.nightly.checkpoint_store import WORK
from leadscore.serving.nightly.run_night import score_night
from tests.conftest import QUICK_JAVA, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Ran

pytestmark = pytest.mark.slow
NIGHT = datetime(2026, 6, 1, tzinfo=UTC)
TWO_WORKERS = "local-cluster[2,1,1024]"  # of a core and 1024 MB: what goes to them is serialised
SUBMITTED = f"""--conf spark.ui.enabled=false
    --conf 'spark.driver.extraJavaOptions={QUICK_JAVA}'
    --conf 'spark.executor.extraJavaOptions={QUICK_JAVA}' pyspark-shell"""


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
def spark_home(java: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """PySpark's own Spark, under a folder in which its workers may write."""
    import pyspark

    home = tmp_path_factory.mktemp("spark")
    for name in ("bin", "jars", "python"):
        (home / name).symlink_to(Path(pyspark.__file__).parent / name)
    return home


@pytest.fixture(scope="module")
def nights(
    spark_home: Path, company: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """The same night from Spark, and from DuckDB."""
    other = tmp_path_factory.mktemp("on duckdb") / "company"
    shutil.copytree(company, other)
    score_night(other, as_of=NIGHT)
    night = ("--as-of", "2026-06-01", "--engine", "spark", "--master", TWO_WORKERS)
    # A process has one Java at a time, and this one may have another test's session.
    ran = subprocess.run(
        [sys.executable, "-m", "leadscore", "score", "-C", company, *night],
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PYSPARK_SUBMIT_ARGS": SUBMITTED,
            "SPARK_HOME": str(spark_home),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return company, other


def test_the_tasks_run_in_two_processes_other_than_the_driver(
    nights: tuple[Path, Path], spark_home: Path
) -> None:
    assert {each.name for each in spark_home.glob("work/app-*/*")} == {"0", "1"}


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
