from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from leadscore.training.gate.promotion_gate import Rule, Verdict
from leadscore.training.report.narrative import headline, suspect_sentences

if TYPE_CHECKING:
    from leadscore.training.evaluation.evaluate import Evaluation
    from leadscore.training.report.report_data import Facts
    from tests.conftest import Project


def with_auc(evaluation: Evaluation, value: float, low: float, high: float) -> Evaluation:
    table = evaluation.metrics["sql"].copy()
    table.loc["auc"] = [value, low, high]
    return replace(evaluation, metrics={"sql": table})


def test_the_headline_says_what_the_best_tenth_did(project: Project) -> None:
    said = headline(project.trained.evaluation, project.trained.verdict)
    assert said.startswith("Of the best tenth of held-out leads")
    assert "became SQL, against" in said
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


def test_data_facts_name_rows_months_and_what_was_held_out(funnel_facts: Facts) -> None:
    told = funnel_facts.data_facts
    frame = funnel_facts.prepared.labels.frame
    assert told["Leads"] == f"{frame['lead_id'].nunique():,} in {len(frame):,} snapshots"
    assert told["Created"].endswith("months")
    assert told["Held out"].startswith("leads created from")
    assert "sales_grade" in told["Columns left out"]


def test_a_flat_file_is_said_to_be_held_out_at_random(flat_facts: Facts) -> None:
    assert flat_facts.data_facts["Held out"] == "a quarter of the leads, at random"


def test_without_suspects_nothing_is_said_of_them(flat_facts: Facts) -> None:
    assert suspect_sentences(replace(flat_facts.prepared, effects=[])) == []
