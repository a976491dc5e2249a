from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from leadscore.serving.ledger.reader import read_night
from leadscore.serving.nightly.run_night import score_night
from leadscore.training.registry.mlflow_store import quiet_mlflow
from leadscore.training.registry.registry import Registry

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

NIGHT = datetime(2026, 6, 1, tzinfo=UTC)
AS_OF = NIGHT.isoformat()


def test_a_run_tells_what_it_read_counted_and_took(scored_project: Path) -> None:
    files = sorted((scored_project / "runs").glob("*.json"))
    runs = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    [told] = [run for run in runs if (run["as_of"], run["outcome"]) == (AS_OF, "written")]
    leads = len(read_night(scored_project, NIGHT))
    assert told["counts"]["leads"] == leads
    tiers = [count for name, count in told["counts"].items() if name.startswith("tier ")]
    assert sum(tiers) == leads
    assert any(path.endswith("leads.csv") for path, _size, _changed in told["tables"])
    assert set(told["seconds"]) >= {"features", "propensities", "tiers", "words and ledger"}
    assert told["versions"]["duckdb"]


def test_mlflow_shows_every_night(scored_project: Path) -> None:
    with quiet_mlflow(f"sqlite:///{scored_project / 'mlflow.db'}") as mlflow:
        experiments = mlflow.search_experiments(filter_string="name LIKE '% nights'")
        runs = mlflow.MlflowClient().search_runs([experiments[0].experiment_id])
    assert len(runs) >= 2
    run = runs[-1]  # the first: the newest stand before it
    assert run.data.params["outcome"] == "written"
    assert run.data.metrics["leads"] > 100
    assert run.data.metrics["seconds.features"] > 0


def test_a_night_that_mlflow_takes_no_figures_of_is_written_all_the_same(
    own_project: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> str:
        raise OSError("the store's disc is full")

    monkeypatch.setattr(Registry, "_experiment", full)
    result = score_night(own_project, as_of=NIGHT)
    assert result.written is not None
    assert "MLflow took no figures" in caplog.text
    assert "the store's disc is full. The ledger and the manifest" in caplog.text
