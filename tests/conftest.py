"""One made-up company, trained once, that every test of the whole walk reads or copies."""

from __future__ import annotations

import gc
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from leadscore.cli import app
from leadscore.serving.jobs.init_project import start_project
from leadscore.simulation.simulate import simulate
from leadscore.training.workflow.train import TrainingResult, train

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyspark.sql import SparkSession

# Ibis makes small objects by the hundred thousand. By default the collector looks through all that
# was ever imported so often that it takes a third of the time of building features.
gc.set_threshold(50_000, 20, 20)

ROOT = Path(__file__).parents[1]
LEADS = 4_000


@dataclass(frozen=True)
class Project:
    """A project folder with its champion; tests that write copy it first."""

    directory: Path
    trained: TrainingResult


@dataclass(frozen=True)
class Ran:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Train the company once. Read only."""
    directory = tmp_path_factory.mktemp("walk") / "company"
    raw = directory / "raw"
    simulate(raw, leads=LEADS)
    start_project(
        directory,
        str(raw / "leads.csv"),
        events=str(raw / "events" / "*.parquet"),
        outcomes=str(raw / "outcomes.csv"),
    )
    trained = train(directory, budget_seconds=0)  # one recipe will do; the search has its own tests
    assert isinstance(trained, TrainingResult)
    assert trained.promoted, trained.verdict.refusals
    return Project(directory, trained)


@pytest.fixture
def own_project(project: Project, tmp_path: Path) -> Path:
    """The company's folder, copied, to write in; the models' files stay with the original."""
    target = tmp_path / "company"
    shutil.copytree(
        project.directory, target, ignore=shutil.ignore_patterns("truth", "ledger", "mlartifacts")
    )
    return target


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    """A Spark session on this machine, where PySpark and Java are."""
    pytest.importorskip("pyspark", reason="Spark comes with the extra `spark`")
    if "JAVA_HOME" not in os.environ and shutil.which("java") is None:
        pytest.skip("Spark needs Java 17 or later, and there is none")
    from pyspark.sql import SparkSession

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "2")
        # What runs a minute is not worth a second compilation.
        .config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of third-party data, where there is one."""
    folder = Path(os.environ.get("LEADSCORE_DATA", ROOT / "../shared/data")).resolve()
    if not folder.is_dir():
        pytest.skip(f"no third-party data in {folder}; LEADSCORE_DATA names its folder")
    return folder


@pytest.fixture(scope="session")
def run_cli() -> Callable[..., Ran]:
    """Run `leadscore` in this process, and give its exit code and what it said where."""

    def run(*arguments: object) -> Ran:
        result = CliRunner().invoke(app, [str(each) for each in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ran(result.exit_code, result.stdout, result.stderr)

    return run
