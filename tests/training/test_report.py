from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from training.gate import Rule, Verdict
from training.leakage import Finding
from training.report import headline, model_card

if TYPE_CHECKING:
    from tests.conftest import Project
    from training.evaluate import Evaluation

DRIVERS = {"sql": pd.Series({"pricing page views": 0.41, "company size": 0.2})}


def card(project: Project, **changes: object) -> str:
    trained = project.trained
    return model_card(
        "acme",
        replace(trained.prepared, **changes),  # type: ignore[arg-type]
        trained.evaluation,
        trained.verdict,
        drivers=DRIVERS,
        overruled={},
    )


def with_auc(evaluation: Evaluation, value: float, low: float, high: float) -> Evaluation:
    table = evaluation.metrics["sql"].copy()
    table.loc["auc"] = [value, low, high]
    return replace(evaluation, metrics={"sql": table})


def test_the_headline_says_what_the_best_tenth_did(project: Project) -> None:
    said = headline(project.trained.evaluation, project.trained.verdict)
    assert said.startswith("Of the best tenth of held-out leads")
    assert said.endswith("It passed every rule of the gate.")


def test_the_headline_names_the_rule_that_refuses(project: Project) -> None:
    refused = Verdict((Rule("better than the champion", passed=False, detail=""),))
    said = headline(project.trained.evaluation, refused)
    assert "The gate refuses it: better than the champion does not hold" in said


def test_no_signal_is_said_plainly(project: Project) -> None:
    evaluation = with_auc(project.trained.evaluation, 0.51, 0.46, 0.56)
    said = headline(evaluation, project.trained.verdict)
    assert said.startswith("There is no signal")
    assert "0.460 to 0.560: the interval covers 0.5" in said
    assert said.endswith("Do not score with it.")


def test_an_interval_below_chance_is_not_said_to_cover_it(project: Project) -> None:
    evaluation = with_auc(project.trained.evaluation, 0.44, 0.40, 0.48)
    said = headline(evaluation, project.trained.verdict)
    assert said.startswith("There is no signal")
    assert "worse than chance" in said
    assert "covers" not in said


def test_the_card_tells_gate_stages_data_and_drivers(project: Project) -> None:
    told = card(project)
    for heading in ("# acme", "## The gate", "## sql, on", "## won, on", "## Data"):
        assert heading in told
    assert "| pricing page views | 0.410 |" in told
    assert "logistic regression" in told
    since = project.trained.prepared.split.test_from
    assert f"Leads created from {since:%Y-%m-%d} on are held out." in told


def test_a_column_left_out_is_named_with_its_evidence(project: Project) -> None:
    finding = Finding("Tags", "near-perfect", "certain", "AUC 0.97 | alone", "left out", 0.97)
    told = card(project, findings=[finding], excluded=["Tags"])
    assert r"| Tags | near-perfect | left out | AUC 0.97 \| alone | left out |" in told


def test_cautions_close_the_card(project: Project) -> None:
    assert "## Cautions\n\n- beware\n" in card(project, cautions=["beware"])
    assert "## Cautions" not in card(project, cautions=[])


def test_the_card_on_disk_names_no_lead(project: Project) -> None:
    told = project.trained.report.read_text()
    leads = pd.read_csv(project.directory / "raw/leads.csv", dtype=str)
    written = pd.concat([leads["email"], leads["phone"], leads["lead_id"]]).dropna()
    long = written[written.str.len() >= 7].unique()  # shorter ones are words such as "none"
    assert not [value for value in long if value in told]
