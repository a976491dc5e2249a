"""The benchmarks run on a tiny company, and say plainly what they found."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import pipeline, truth  # noqa: E402

LEADS = 2_000  # enough matured leads to learn the first stage from, and no more


@pytest.fixture(scope="module")
def costs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pipeline.Cost]:
    folder = tmp_path_factory.mktemp("benchmark") / "company"
    return {stage: pipeline.measure_stage(stage, folder, leads=LEADS) for stage in pipeline.STAGES}


@pytest.fixture(scope="module")
def found() -> list[truth.Nearness]:
    return truth.nearness(LEADS)


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
