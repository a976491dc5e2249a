from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from leadscore.cli.screens.training_screen import check_summary
from leadscore.features.contract.contract import CONTRACT_FILE
from leadscore.training.leakage.audit import Finding
from leadscore.training.workflow.check import Checked, check
from tests.terminal import printed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Project, Ran


def checked_with(project: Project, **changes: object) -> Checked:
    prepared = replace(project.trained.prepared, **{"findings": [], "cautions": []} | changes)  # type: ignore[arg-type]
    return Checked(project.trained.quarantine, prepared.viability, prepared)


def suspect(**changes: object) -> Finding:
    finding = Finding("Profile", "judgement", "suspect", "its name", "ask", 0.7)
    return replace(finding, **changes)  # type: ignore[arg-type]


def test_a_check_counts_what_training_would_learn_from_and_registers_nothing(
    own_project: Path, project: Project
) -> None:
    (own_project / "mlflow.db").unlink()
    checked = check(own_project)
    assert checked.prepared.counts == project.trained.prepared.counts
    assert checked.prepared.excluded == project.trained.prepared.excluded
    assert not (own_project / "mlflow.db").exists()
    assert (own_project / "quarantine").is_dir()


def test_only_an_open_suspect_needs_a_person(project: Project) -> None:
    assert checked_with(project, findings=[suspect()]).needs_a_person
    closed = [suspect(overruled="known on arrival"), suspect(severity="certain")]
    assert not checked_with(project, findings=closed).needs_a_person
    assert not checked_with(project).needs_a_person


def test_a_stage_left_out_needs_a_person(project: Project) -> None:
    viable = project.trained.prepared.viability
    short = replace(viable.stages[-1], shortage="won: …")
    checked = checked_with(project, viability=replace(viable, stages=(viable.stages[0], short)))
    assert checked.needs_a_person


def test_a_first_stage_short_of_data_is_reported_and_not_raised(own_project: Path) -> None:
    outcomes = own_project / "raw/outcomes.csv"
    table = pd.read_csv(outcomes, dtype=str)
    few = table[table["stage"] != "sql"]
    pd.concat([few, table[table["stage"] == "sql"].head(12)]).to_csv(outcomes, index=False)
    checked = check(own_project)
    assert checked.prepared is None
    assert checked.needs_a_person
    record = checked.to_record()
    assert [each["stage"] for each in record["viability"]] == ["sql", "won"]
    assert "more leads that reached sql" in " ".join(record["cautions"])
    text = printed(check_summary(checked))
    assert "too little" in text
    assert "sql: base rate by month" in text


def test_the_record_of_a_check_is_plain_values(project: Project) -> None:
    record = checked_with(project).to_record()
    assert json.loads(json.dumps(record, default=str))["history_days"] > 0
    for stage, count in zip(record["viability"], record["stages"], strict=True):
        assert stage["reached"]["learn"] == count["learn_positives"]
        assert stage["reached"]["learn"] + stage["missed"]["learn"] == count["learn_rows"]
        assert stage["reached"]["test"] + stage["missed"]["test"] == count["test_rows"]
        assert sum(month["reached"] for month in stage["by_month"]) == stage["reached"]["leads"]


@pytest.mark.parametrize("verb", ["check", "train"])
def test_too_little_data_is_an_answer_that_needs_a_person(
    tmp_path: Path, run_cli: Callable[..., Ran], verb: str
) -> None:
    random = np.random.default_rng(1)
    won = (np.arange(600) % 60 == 0).astype(int)
    frame = pd.DataFrame({"size": random.normal(won, 1).round(3), "won": won})
    frame.to_csv(tmp_path / "leads.csv", index=False)
    (tmp_path / CONTRACT_FILE).write_text(
        '[leads]\npath = "leads.csv"\ntarget = "won"\n'
        '[leads.columns]\nsize = "firmographic:number"\n'
    )
    ran = run_cli(verb, "-C", tmp_path, "--json")
    assert ran.code == 1
    text = " ".join(ran.err.split())
    assert "30 and 5 are the least. Collect about" in text
    assert "nobody can say how long" in text
    if verb == "check":
        (stage,) = json.loads(ran.out)["viability"]
        assert stage["reached"]["leads"] == 10
