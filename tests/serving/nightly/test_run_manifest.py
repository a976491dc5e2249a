from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from leadscore.serving.nightly.run_night import score_night
from leadscore.training.registry.mlflow_store import quiet_mlflow
from leadscore.training.registry.registry import Registry

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

NIGHT = datetime(2026, 6, 2, tzinfo=UTC)


def test_a_run_tells_what_it_read_counted_and_took(own_project: Path) -> None:
    result = score_night(own_project, as_of=NIGHT)
    assert result.written is not None
    [file] = (own_project / "runs").glob("*.json")
    told = json.loads(file.read_text(encoding="utf-8"))
    assert told["as_of"] == NIGHT.isoformat()
    assert told["outcome"] == "written"
    assert told["counts"]["leads"] == result.written.rows
    tiers = [count for name, count in told["counts"].items() if name.startswith("tier ")]
    assert sum(tiers) == result.written.rows
    assert any(path.endswith("leads.csv") for path, _size, _changed in told["tables"])
    assert set(told["seconds"]) >= {"features", "propensities", "tiers", "words and ledger"}
    assert told["versions"]["duckdb"]
    score_night(own_project, as_of=NIGHT)
    outcomes = [json.loads(each.read_text())["outcome"] for each in sorted(file.parent.iterdir())]
    assert outcomes == ["written", "unchanged"]


def test_mlflow_shows_the_night(own_project: Path) -> None:
    score_night(own_project, as_of=NIGHT + timedelta(days=1))
    with quiet_mlflow(f"sqlite:///{own_project / 'mlflow.db'}") as mlflow:
        experiments = mlflow.search_experiments(filter_string="name LIKE '% nights'")
        [run] = mlflow.MlflowClient().search_runs([experiments[0].experiment_id])
    assert run.data.params["outcome"] == "written"
    assert run.data.metrics["leads"] > 100
    assert run.data.metrics["seconds.features"] > 0


def test_a_night_that_mlflow_takes_no_figures_of_is_written_all_the_same(
    own_project: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> str:
        raise OSError("the store's disc is full")

    monkeypatch.setattr(Registry, "_experiment", full)
    result = score_night(own_project, as_of=NIGHT + timedelta(days=2))
    assert result.written is not None
    assert "MLflow took no figures" in caplog.text
    assert "the store's disc is full. The ledger and the manifest" in caplog.text
