"""One made-up company, trained once, that every test of the whole walk reads or copies."""

from __future__ import annotations

import gc
import os
import pickle
import shutil
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from leadscore.cli import app
from leadscore.features.core.locks import locked
from leadscore.serving.jobs.init_project import start_project
from leadscore.serving.nightly.run_night import score_night
from leadscore.serving.policy.policy import Policy
from leadscore.serving.tiers.cutoffs import CutOffs, cut_offs
from leadscore.simulation.simulate import simulate
from leadscore.training.workflow import training_record
from leadscore.training.workflow.train import TrainingResult, train

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyspark.sql import SparkSession

# Ibis makes small objects by the hundred thousand. By default the collector looks through all that
# was ever imported so often that it takes a third of the time of building features.
gc.set_threshold(50_000, 20, 20)

ROOT = Path(__file__).parents[1]
LEADS = 4_000
NIGHT = datetime(2026, 6, 1, tzinfo=UTC)
# What runs a minute is not worth a second compilation.
QUICK_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
NOT_COPIED = shutil.ignore_patterns("truth", "ledger", "mlartifacts")
BUILD_SECONDS = 900  # a process that waits longer for another's build will not see it

Built = TypeVar("Built")


class BuildOnce(Protocol):
    """What the fixture `build_once` is."""

    def __call__(self, name: str, build: Callable[[Path], Built]) -> tuple[Path, Built]: ...


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


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with files that have slow tests, whole walks first: begun last, one runs alone."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path in slow, reverse=True)
    walks = ROOT / "tests/walks"
    items.sort(key=lambda item: item.path in slow and item.path.is_relative_to(walks), reverse=True)


@pytest.fixture(scope="session")
def build_once(tmp_path_factory: pytest.TempPathFactory) -> BuildOnce:
    """Build something in a folder, once for all processes that share a run of the tests.

    Each process gets its own copy of what `build` returns, and of the folder as it was then. The
    folder itself stays where it is: a model registry knows its files by absolute paths.
    """
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "once"

    def built(name: str, build: Callable[[Path], Built]) -> tuple[Path, Built]:
        folder, kept, result, lock = (
            shared / f"{name}{end}" for end in ("", ".kept", ".pickle", ".lock")
        )
        with locked(lock, busy=lambda: f"{name} is still being built", wait_seconds=BUILD_SECONDS):
            if not result.exists():
                for left in (folder, kept):  # by a build that failed
                    shutil.rmtree(left, ignore_errors=True)
                folder.mkdir()
                made = build(folder)
                shutil.copytree(folder, kept)
                result.write_bytes(pickle.dumps(made))
        copy = tmp_path_factory.mktemp(name) / "company"
        shutil.copytree(kept, copy)
        return copy, pickle.loads(result.read_bytes())  # noqa: S301 - written above

    return built


@pytest.fixture(scope="session")
def project(build_once: BuildOnce) -> Project:
    """Train the company once. Read only."""
    return Project(*build_once("walk", trained_company))


def trained_company(directory: Path) -> TrainingResult:
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
    return trained


@pytest.fixture(scope="session")
def scored_project(project: Project, build_once: BuildOnce) -> Path:
    """A copy of the company with two nights in its ledger. Read only."""

    def score_two_nights(directory: Path) -> None:
        shutil.copytree(project.directory, directory, ignore=NOT_COPIED, dirs_exist_ok=True)
        for days in (1, 0):
            score_night(directory, as_of=NIGHT - timedelta(days=days))

    directory, _ = build_once("nights", score_two_nights)
    return directory


@pytest.fixture
def own_project(project: Project, tmp_path: Path) -> Path:
    """The company's folder, copied, to write in; the models' files stay with the original."""
    target = tmp_path / "company"
    shutil.copytree(project.directory, target, ignore=NOT_COPIED)
    return target


@pytest.fixture(scope="module")
def no_report_page() -> Iterator[None]:
    """Train without drawing the page of charts, a fifth of the work of training a small company."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training_record, "html_report", lambda _facts: "<!doctype html>")
        yield


@pytest.fixture(scope="session")
def java() -> None:
    """Skip the test where PySpark or Java is missing."""
    pytest.importorskip("pyspark", reason="Spark comes with the extra `spark`")
    if "JAVA_HOME" not in os.environ and shutil.which("java") is None:
        pytest.skip("Spark needs Java 17 or later, and there is none")


@pytest.fixture(scope="session")
def spark(java: None) -> Iterator[SparkSession]:
    """A Spark session on this machine."""
    from pyspark.sql import SparkSession

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.driver.extraJavaOptions", QUICK_JAVA)
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


@pytest.fixture
def night() -> pd.DataFrame:
    """Ten leads in every tier, moved in every way, one of them already SQL."""
    p_sql = np.linspace(0.05, 0.95, 10)
    tier = ["Nurture"] * 4 + ["MQL"] * 3 + ["SQL"] * 3
    return pd.DataFrame(
        {
            "lead_id": [f"L{number}" for number in range(10)],
            "as_of": pd.Timestamp("2026-06-30", tz="UTC"),
            "p_sql": p_sql,
            "p_won": p_sql / 4,
            "score": 100 * p_sql,
            "tier": tier,
            "model_tier": [*tier[:8], None, tier[9]],
            "previous_tier": [None, "MQL", *tier[2:7], "MQL", "SQL", None],
            "moved": ["new", "down", *["same"] * 5, "up", "same", "new"],
            "rule": [None] * 8 + ["already_sql", None],
            "team": "sales",
            "waiting": pd.array([pd.NA] * 6 + [1] + [pd.NA] * 3, dtype="Int32"),
            "waiting_since": pd.to_datetime([None] * 6 + ["2026-06-29"] + [None] * 3, utc=True),
            "nights_below": 0,
            "handoff_probability": [0.0] * 7 + [1.0] * 3,
            "reasons_for": [["Pricing page views: 4 (typical lead: 0)", "Trial: yes"]] * 10,
            "reasons_against": [["Free-mail address: yes"]] * 9 + [[]],
            "brief": [["Last: pricing view on 28 Jun."]] * 10,
            "missing_facts": [["Head count unknown: knowing it could move the score to 22-41"]]
            * 10,
            "expected_value": np.nan,
            "coverage": 0.8,
            "facts_digest": "0f3a9c21",
            "facts_changed_at": pd.Series(pd.NaT, range(10)).dt.tz_localize("UTC"),
            "model_version": "3",
            "policy_version": "de7e9c51cc3f",
            "run_id": "run-1",
            "scored_at": pd.Timestamp("2026-06-30 02:15", tz="UTC"),
        }
    )


@pytest.fixture
def draw_evidence() -> Callable[..., pd.DataFrame]:
    """Draw held-out leads whose propensities are true."""

    def draw(seed: int = 0, leads: int = 3000, mean: float = -2.0) -> pd.DataFrame:
        random = np.random.default_rng(seed)
        p_sql = 1 / (1 + np.exp(-random.normal(mean, 1.2, leads)))
        p_won = p_sql / 4
        return pd.DataFrame(
            {
                "p_sql": p_sql,
                "y_sql": (random.random(leads) < p_sql).astype(float),
                "p_won": p_won,
                "y_won": (random.random(leads) < p_won).astype(float),
                "lead": np.arange(leads),
                "as_of": pd.Timestamp("2026-03-01"),
            }
        )

    return draw


@pytest.fixture
def cuts(draw_evidence: Callable[..., pd.DataFrame]) -> CutOffs:
    """The cuts of the default policy on 3,000 leads."""
    return cut_offs(Policy(), draw_evidence())
