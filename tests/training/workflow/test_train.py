from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from leadscore.features.contract.contract import load_contract
from leadscore.features.tables.data_fingerprint import fingerprint
from leadscore.features.tables.open_tables import open_tables
from leadscore.training.dataset.splits import parts_of_stage
from leadscore.training.registry.mlflow_store import quiet_mlflow
from leadscore.training.registry.registry import Registry
from leadscore.training.workflow.train import AlreadyTrained, train

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Project


SHORTEST = 7  # letters of a personal value; shorter ones are words such as "none"


def champion_of(directory: Path) -> str | None:
    return Registry(directory, load_contract(directory).name).version_of("champion")


def test_what_passes_the_gate_is_promoted(project: Project) -> None:
    assert project.trained.promoted
    assert champion_of(project.directory) == project.trained.version == "1"


def test_the_column_filled_in_by_sales_is_not_learnt_from(project: Project) -> None:
    assert "sales_grade" in project.trained.prepared.excluded
    champion = Registry(project.directory, project.trained.name).champion()
    assert "sales_grade" not in champion.model.attributes_
    assert not [name for name in champion.model.features_ if "grade" in name]


def test_nothing_personal_is_a_feature_or_an_artifact(project: Project) -> None:
    leads = pd.read_csv(project.directory / "raw/leads.csv", dtype=str)
    written = pd.concat([leads["email"], leads["phone"], leads["lead_id"]]).dropna()
    secrets = set(written[written.str.len() >= SHORTEST])
    assert len(secrets) > 1000
    artifacts = [f for f in (project.directory / "mlartifacts").rglob("*") if f.is_file()]
    for file in artifacts:
        content = file.read_bytes().decode("utf-8", errors="ignore")
        assert not held(secrets, content), file


def held(secrets: set[str], content: str) -> set[str]:
    """Those that stand somewhere in a text, in one walk along it: they are many, and it is long."""
    by_head: dict[str, list[str]] = {}
    for secret in secrets:
        by_head.setdefault(secret[:SHORTEST], []).append(secret)
    return {
        secret
        for place in range(len(content))
        for secret in by_head.get(content[place : place + SHORTEST], ())
        if content.startswith(secret, place)
    }


def test_a_personal_value_in_a_text_is_found() -> None:
    secrets = {"ada@example.com", "ada@example.org", "0151 1234567"}
    assert held(secrets, "Write to ada@example.org.") == {"ada@example.org"}
    assert held(secrets, "Write to ada@example") == set()


def test_every_trial_of_the_tuning_is_a_child_run(project: Project) -> None:
    registry = Registry(project.directory, load_contract(project.directory).name)
    with quiet_mlflow(registry.address) as mlflow:
        client = mlflow.MlflowClient()
        experiment = client.get_experiment_by_name(registry.name)
        runs = client.search_runs([experiment.experiment_id])
    children = [run for run in runs if "mlflow.parentRunId" in run.data.tags]
    stages = registry.load("1").model.stages_
    assert len(children) == sum(len(stage.trials_) for stage in stages.values()) >= 2
    assert {run.data.params["stage"] for run in children} == {"sql", "won"}
    logged = sorted(run.data.metrics["loss"] for run in children)
    tried = sorted(t["loss"] for stage in stages.values() for t in stage.trials_)
    assert logged == pytest.approx(tried)


def test_the_same_tables_are_not_learnt_from_twice(own_project: Path) -> None:
    again = train(own_project)
    assert again == AlreadyTrained(load_contract(own_project).name, "1", is_champion=True)


def test_training_as_of_a_date_does_not_see_what_came_later(own_project: Path) -> None:
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    before = fingerprint_as_of(own_project, moment)
    for name, column in (("leads", "created_at"), ("outcomes", "occurred_at")):
        file = own_project / f"raw/{name}.csv"
        rows = pd.read_csv(file, dtype=str, keep_default_na=False)
        happened = pd.to_datetime(rows[column], utc=True, format="ISO8601")
        rows[happened < moment].to_csv(file, index=False)
    for part in (own_project / "raw/events").glob("*.parquet"):
        events = pd.read_parquet(part)
        late = pd.to_datetime(events["occurred_at"], utc=True) >= moment
        events[~late].to_parquet(part)
    assert fingerprint_as_of(own_project, moment) == before


def fingerprint_as_of(directory: Path, moment: datetime) -> str:
    """The name of exactly the tables that training as of a moment sees."""
    with open_tables(load_contract(directory), known_by=moment) as tables:
        return fingerprint(tables)


@pytest.mark.usefixtures("no_report_page")
def test_a_challenger_no_better_than_the_champion_is_not_promoted(own_project: Path) -> None:
    trials = own_project / "tuning"
    (trials / "of_other_tables.log").write_text("")
    result = train(own_project, again=True, budget_seconds=0)  # one recipe is enough here
    assert len(list(trials.glob("*.log"))) == 1  # the other tables' are gone
    assert not isinstance(result, AlreadyTrained)
    assert result.version == "2"
    assert not result.promoted
    assert [rule.name for rule in result.verdict.refusals] == ["better than the champion"]
    assert champion_of(own_project) == "1"


@pytest.mark.slow
def test_the_model_comes_near_the_truth_the_outcomes_were_drawn_from(project: Project) -> None:
    """A small version of what `benchmarks/truth.py` measures on 100,000 leads."""
    truth = pd.read_parquet(project.directory / "raw/truth")
    prepared, evaluation = project.trained.prepared, project.trained.evaluation
    test = parts_of_stage(prepared.labels, prepared.split, "sql") == "test"
    frame = prepared.labels.frame[test]
    best = frame.merge(truth, on=["lead_id", "as_of"], how="left")["p_sql"].to_numpy()
    reachable = roc_auc_score(frame["y_sql"], best)
    sql = evaluation.metrics["sql"]["value"]
    assert sql["auc"] > reachable - 0.08  # 4,000 leads teach less than 100,000
    assert sql["auc"] < reachable + 0.02  # nobody ranks better than the truth
    assert sql["calibration_error"] < 0.02
    assert evaluation.metrics["won"]["value"]["calibration_error"] < 0.02
