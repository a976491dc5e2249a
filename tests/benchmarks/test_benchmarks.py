"""The benchmarks run on a tiny company, and say plainly what they found."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks import intervals, pipeline, sample_size, truth  # noqa: E402
from benchmarks.sample_size_plot import draw  # noqa: E402
from benchmarks.simulated import expected_metrics, fresh_leads  # noqa: E402
from leadscore.training.model.hyperparameter_search import Search  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from benchmarks.simulated import FreshStage
    from tests.conftest import Project

LEADS = 2_000  # enough matured leads to learn the first stage from, and no more


@pytest.fixture(scope="module", autouse=True)
def one_recipe() -> Iterator[None]:
    """Whoever trains with the usual search tries one recipe: the search has its own tests."""
    with pytest.MonkeyPatch.context() as patch:
        for place in ("workflow.train", "model.funnel_model", "model.stage_model"):
            module = importlib.import_module(f"leadscore.training.{place}")
            patch.setattr(module, "Search", partial(Search, seconds=0.0))
        yield


@pytest.fixture(scope="module")
def costs(
    tmp_path_factory: pytest.TempPathFactory, no_report_page: None
) -> dict[str, pipeline.Cost]:
    folder = tmp_path_factory.mktemp("benchmark") / "company"
    return {stage: pipeline.measure_stage(stage, folder, leads=LEADS) for stage in pipeline.STAGES}


@pytest.fixture(scope="module")
def found(project: Project) -> list[truth.Nearness]:
    """The company of all tests beside its truth, without simulating and training another."""
    known = SimpleNamespace(truth_glob=project.directory / "raw/truth/*.parquet")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(truth, "simulated_project", lambda *_, **__: known)
        patch.setattr(truth, "train", lambda _: project.trained)
        return truth.nearness(len(pd.read_csv(project.directory / "raw/leads.csv")))


@pytest.mark.slow
def test_every_stage_of_the_pipeline_is_measured(costs: dict[str, pipeline.Cost]) -> None:
    assert all(cost.rows > 0 and cost.seconds > 0 and cost.peak_mb > 0 for cost in costs.values())
    assert costs["simulate"].rows == LEADS


@pytest.mark.slow
def test_the_table_of_costs_has_a_row_a_stage(costs: dict[str, pipeline.Cost]) -> None:
    report = pipeline.report({LEADS: costs}, "the command")
    assert all(f"| {LEADS:,} | {stage} |" in report for stage in pipeline.STAGES)
    assert "`the command`" in report


@pytest.mark.slow
def test_a_stage_in_its_own_process_says_its_cost_as_json(tmp_path: Path) -> None:
    command = [sys.executable, "benchmarks/pipeline.py", "--stage", "simulate"]
    command += ["--folder", str(tmp_path / "company"), "--leads", "200"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["rows"] == 200


@pytest.mark.slow
def test_model_and_truth_are_judged_on_the_same_snapshots(found: list[truth.Nearness]) -> None:
    assert found[0].stage == "sql"
    for each in found:
        assert each.snapshots > each.positives > 0
        assert each.truth.loc["auc", "value"] > 0.6


@pytest.mark.slow
def test_the_report_gives_a_verdict_on_each_point(found: list[truth.Nearness]) -> None:
    report = truth.report(found, "the command")
    assert report.count("reached") >= 2 * len(found)


def test_a_snapshot_without_truth_is_an_error() -> None:
    as_of = pd.to_datetime(["2026-01-01", "2026-01-01"])
    held_out = pd.DataFrame(
        {"lead_id": ["a", "b"], "as_of": as_of, "outcome": [0.0, 1.0], "propensity": [0.1, 0.2]}
    )
    known = pd.DataFrame({"lead_id": ["a"], "as_of": as_of[:1], "p_sql": [0.1], "p_won": [0.0]})
    with pytest.raises(ValueError, match="truth of 1 held-out snapshots"):
        truth.beside_truth(2, {"sql": held_out}, known)


def test_a_point_that_is_missed_is_said_to_be_missed() -> None:
    as_of = pd.Timestamp("2026-01-01")
    ids = [f"L{number}" for number in range(40)]
    outcome = [1.0] * 10 + [0.0] * 30
    held_out = pd.DataFrame({"lead_id": ids, "as_of": as_of, "outcome": outcome, "propensity": 0.9})
    known = pd.DataFrame({"lead_id": ids, "as_of": as_of, "p_sql": [0.9] * 10 + [0.1] * 30})
    found = truth.beside_truth(40, {"sql": held_out}, known)
    assert truth.report(found, "the command").count("**not reached**") == 2


# ---- the truth: sample size and intervals


@pytest.fixture(scope="module")
def fresh() -> Mapping[str, FreshStage]:
    return fresh_leads(3_000)


def test_expected_metrics_are_those_of_outcomes_in_the_mean() -> None:
    draw = np.random.default_rng(0)
    true = pd.Series(draw.beta(1, 6, 4_000))
    said = (true + draw.normal(0, 0.05, 4_000)).clip(0.01, 0.99)
    drawn = [draw.random(4_000) < true for _ in range(200)]
    expected = expected_metrics(true, said)
    assert np.mean([roc_auc_score(y, said) for y in drawn]) == pytest.approx(
        expected["auc"], abs=0.003
    )
    assert np.mean([log_loss(y, said) for y in drawn]) == pytest.approx(
        expected["log_loss"], abs=0.003
    )
    assert np.mean([brier_score_loss(y, said) for y in drawn]) == pytest.approx(
        expected["brier"], abs=0.002
    )


@pytest.mark.slow
def test_nobody_is_ahead_of_the_truth(fresh: Mapping[str, FreshStage]) -> None:
    found = sample_size.losses(LEADS, seed=1, fresh=fresh)
    assert {each.model for each in found} == {sample_size.MODEL, sample_size.REGRESSION}
    assert all(each.auc_behind > 0 and each.log_loss_behind > 0 for each in found)


@pytest.mark.slow
def test_a_company_with_too_little_is_refused_and_shown_so(
    fresh: Mapping[str, FreshStage], tmp_path: Path
) -> None:
    assert sample_size.losses(200, seed=1, fresh=fresh) == []
    page = sample_size.report(
        [], fresh, "the command", companies={200: 3}, picture=tmp_path / "a.svg"
    )
    assert "| 200 | sql | 0 of 3 | – |" in page


def test_the_drawing_names_both_models_and_is_the_same_each_time() -> None:
    found = [
        sample_size.Loss(leads, 1, "sql", model, 10, 5, 0.1, 0.01, 1.0, 1.0)
        for leads in (1_000, 10_000)
        for model in (sample_size.MODEL, sample_size.REGRESSION)
    ]
    drawn = draw(found)
    assert drawn == draw(found)
    assert drawn.startswith("<?xml")


@pytest.mark.slow
def test_intervals_are_set_beside_the_true_value(fresh: Mapping[str, FreshStage]) -> None:
    found = intervals.reported(2, leads=LEADS, fresh=fresh, model="regression", jobs=1)
    assert {each.seed for each in found if each.stage == "sql"} == {1_001, 1_002}
    assert all(each.low <= each.value <= each.high for each in found)
    page = intervals.report(found, introduction="what was done", below="the command")
    assert "| sql | auc | 2 |" in page


def test_too_few_intervals_that_hold_are_called_so() -> None:
    found = [
        intervals.Reported(seed, "sql", "auc", 0.8, 0.7, 0.9, 0.85 if seed < 80 else 0.95, 30)
        for seed in range(100)
    ]
    page = intervals.report(found, introduction="what was done", below="the command")
    assert "| 80 (80%) |" in page
    assert "**not reached**" in page
