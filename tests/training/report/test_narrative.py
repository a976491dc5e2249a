from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from leadscore.training.gate.promotion_gate import SIGNAL, Rule, Verdict
from leadscore.training.report.narrative import headline, suspect_sentences

if TYPE_CHECKING:
    from leadscore.training.report.report_data import Facts
    from tests.conftest import Project


def test_the_headline_says_what_the_best_tenth_did(project: Project) -> None:
    text = headline(project.trained.evaluation, project.trained.verdict)
    assert text.startswith("Of the best tenth of held-out leads")
    assert "became SQL, against" in text
    assert text.endswith("It passed every rule of the gate.")


def test_the_headline_names_the_rule_that_refuses(project: Project) -> None:
    refused = Verdict((Rule("better than the champion", passed=False, detail=""),))
    text = headline(project.trained.evaluation, refused)
    assert "The gate refuses it: better than the champion does not hold" in text


@pytest.mark.parametrize(
    ("auc", "words"),
    [
        ((0.51, 0.46, 0.56), "There is no signal, as by chance"),
        ((0.44, 0.40, 0.48), "There is no signal, worse than by chance"),
        ((0.60, 0.40, 0.80), "That is too little to tell"),
    ],
)
def test_no_signal_is_named_in_the_headline(
    project: Project, auc: tuple[float, float, float], words: str
) -> None:
    later = pd.Series(auc, ["value", "low", "high"])
    evaluation = replace(project.trained.evaluation, later_auc=later)
    text = headline(evaluation, Verdict((Rule(SIGNAL, passed=False, detail=""),)))
    assert text.startswith(words)
    assert "95 % interval" in text
    assert text.endswith("Do not score with it.")


def test_without_signal_no_other_method_is_recommended(funnel_facts: Facts) -> None:
    none = Verdict((Rule(SIGNAL, passed=False, detail=""),))
    assert replace(funnel_facts, verdict=none).simpler_sentences == []


def test_data_facts_name_rows_months_and_what_was_held_out(
    funnel_facts: Facts, flat_facts: Facts
) -> None:
    found, frame = funnel_facts.data_facts, funnel_facts.prepared.labels.frame
    assert found["Leads"] == f"{frame['lead_id'].nunique():,} in {len(frame):,} snapshots"
    assert found["Created"].endswith("months")
    assert found["Held out"].startswith("leads created from")
    assert "sales_grade" in found["Columns left out"]
    assert flat_facts.data_facts["Held out"] == "each quarter of the leads in turn"


def test_without_suspects_there_is_no_sentence(flat_facts: Facts) -> None:
    assert suspect_sentences(replace(flat_facts.prepared, effects=[])) == []
