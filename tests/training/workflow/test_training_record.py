from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Project


def artifact(project: Project, name: str) -> Path:
    return next((project.directory / "mlartifacts").rglob(name))


def test_report_and_card_on_disk_are_those_in_the_registry(project: Project) -> None:
    trained = project.trained
    assert (trained.card.name, trained.page.name) == ("model-1.md", "model-1.html")
    for file, name in ((trained.card, "model_card.md"), (trained.page, "report.html")):
        assert file.read_bytes() == artifact(project, name).read_bytes()


def test_the_run_keeps_contract_counts_and_points(project: Project) -> None:
    contract = json.loads(artifact(project, "leadscore.json").read_text())
    assert contract["name"] == project.trained.name
    assert {"table", "rows", "faulty"} <= set(
        pd.read_csv(artifact(project, "quarantine_counts.csv"))
    )
    rules = pd.read_csv(artifact(project, "points_sql.csv"))
    assert rules["points"].iloc[0] == project.trained.evaluation.points["sql"].start
    assert rules["rule"].nunique() == 1 + len(project.trained.evaluation.points["sql"].rules)


def test_the_contract_is_kept_without_addresses(project: Project) -> None:
    contract = json.loads(artifact(project, "leadscore.json").read_text())
    assert all("address" not in contract[table] for table in ("leads", "events", "outcomes"))
