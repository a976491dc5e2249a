from __future__ import annotations

import json
from datetime import datetime
from io import StringIO
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from leadscore.cli.screens.lead_screen import lead_record, lead_summary
from leadscore.serving.explanations.score_change import (
    Change,
    Part,
    ScoreRecord,
    Split,
    parts_between,
)
from leadscore.serving.jobs.explain_lead import Explained
from leadscore.serving.policy.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Sequence

THEN, NOW = datetime(2026, 6, 29), datetime(2026, 6, 30)


def shown(explained: Explained) -> str:
    console = Console(width=100, file=StringIO(), force_terminal=False)
    console.print(lead_summary(explained))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def record(
    as_of: datetime, p: float, *, model: str = "3", begins: float | None = None
) -> ScoreRecord:
    return ScoreRecord(as_of, {"sql": p}, False, model, model, Policy(), begins)


def split(steps: Sequence[float]) -> Split:
    causes = ("edits", "time", "activity", "model")
    parts = parts_between(steps[0], [((c,), p) for c, p in zip(causes, steps[1:], strict=True)])
    return Split(100 * steps[0], 100 * steps[-1], (*parts, Part(("policy",), 0.0)))


def explained(night: pd.DataFrame, change: Change | None = None, **columns: object) -> Explained:
    row = night.iloc[8].copy()
    for name, value in columns.items():
        row[name] = value
    return Explained(row, night.iloc[:0], change)


def test_a_lead_is_shown_with_chances_tier_rule_and_reasons(night: pd.DataFrame) -> None:
    told = shown(explained(night))
    assert "Lead L8 as of 2026-06-30 00:00 UTC" in told
    assert "Tier SQL, score 85: 85 % to become sales qualified, 21 % to be won" in told
    assert "By rule: already qualified by sales." in told
    assert "80 % of what the model asks for is known." in told
    assert "For: Pricing page views: 4 (typical lead: 0)" in told
    assert "Against: Free-mail address: yes" in told
    assert "What the ledger said" not in told
    assert "Since" not in told


def test_the_models_own_verdict_stands_beside_the_rule(night: pd.DataFrame) -> None:
    told = shown(explained(night, rule="hand_raiser: demo request", model_tier="MQL"))
    assert "By rule: asked for it: demo request." in told
    assert "The model by itself says MQL." in told


def test_brief_and_missing_facts_are_shown_where_the_row_has_them(night: pd.DataFrame) -> None:
    brief = np.array(["Read two guides.", "Came from a webinar."], dtype=object)
    told = shown(explained(night, brief=brief, missing_facts=["Revenue unknown"]))
    assert "For the salesperson\n  Read two guides.\n  Came from a webinar." in told
    assert "What would tell most: Revenue unknown." in told


def test_a_row_of_an_older_ledger_is_shown_without_what_it_lacks(night: pd.DataFrame) -> None:
    newer = ["brief", "missing_facts", "model_tier"]
    row = night.iloc[8].drop(newer, errors="ignore")
    told = shown(Explained(row, night.iloc[:0]))
    for absent in ("For the salesperson", "would tell most", "by itself"):
        assert absent not in told


def test_a_stage_that_the_model_does_not_have_is_not_shown(night: pd.DataFrame) -> None:
    told = shown(explained(night, p_sql=float("nan")))
    assert "sales qualified" not in told
    assert "to be won" in told


def test_earlier_nights_are_listed_oldest_first(night: pd.DataFrame) -> None:
    history = night.iloc[[8, 9]].assign(
        as_of=pd.to_datetime(["2026-06-28", "2026-06-29"], utc=True), lead_id="L8"
    )
    told = shown(Explained(night.iloc[8], history))
    assert told.index("2026-06-28") < told.index("2026-06-29")
    assert "de7e9c51cc3f" in told


@pytest.mark.parametrize("score", [0.4, 99.6])
def test_a_score_is_shown_whole(night: pd.DataFrame, score: float) -> None:
    assert f"score {score:.0f}:" in shown(explained(night, score=score))


def test_a_remark_is_shown(night: pd.DataFrame) -> None:
    told = shown(Explained(night.iloc[8], night.iloc[:0], remark="The ledger said 12.0."))
    assert "! The ledger said 12.0." in told


def changed(**facts: str) -> Change:
    whole = split([0.10, 0.10, 0.08, 0.15, 0.16])
    parts = tuple(
        Part(part.causes, part.points, part.of, (facts[part.causes[0]],))
        if part.causes[0] in facts
        else part
        for part in whole.parts
    )
    shift = (Part(("model",), -2.0, "cut_off"), Part(("policy",), 5.0, "cut_off"))
    return Change(
        record(THEN, 0.10, model="3", begins=0.20),
        record(NOW, 0.16, model="4", begins=0.17),
        Split(10.0, 16.0, parts),
        Split(-10.0, -1.0, (*parts[:4], *shift)),
        ("That night was odd.",),
    )


def test_the_change_is_told_by_cause_with_its_facts(night: pd.DataFrame) -> None:
    told = shown(explained(night, changed(activity="Pricing views in the last 7 days: 0 → 4")))
    assert "Since 29 Jun 2026 the score went from 10.0 to 16.0 (+6.0)" in told
    lines = [" ".join(line.split()) for line in told.splitlines()]
    assert "edits and late rows 0.0" in lines
    assert "passing time \N{MINUS SIGN}2.0" in lines
    assert "activity and verdicts +7.0 Pricing views in the last 7 days: 0 → 4" in lines
    assert "new model +1.0 version 3 → 4" in lines
    assert "new policy 0.0 it moves where a tier begins, not the score" in lines
    assert "! That night was odd." in lines


def test_the_shift_of_the_cut_off_is_told_beside_it(night: pd.DataFrame) -> None:
    told = shown(explained(night, changed()))
    assert (
        "The SQL tier began at 20.0 and begins at 17.0: new model +2.0, new policy "
        "\N{MINUS SIGN}5.0." in told
    )
    assert "The lead was 10.0 below it, and is 1.0 below it." in told


def test_without_a_split_only_the_remark_is_shown(night: pd.DataFrame) -> None:
    why = "Sales has qualified it since."
    change = Change(record(THEN, 0.1), record(NOW, 1.0), None, None, (why,))
    told = shown(explained(night, change))
    assert f"Since 29 Jun 2026\n! {why}" in told
    assert "the score went" not in told


@given(st.lists(st.floats(0, 1), min_size=5, max_size=5))
def test_what_is_shown_adds_up_to_the_digit(steps: list[float]) -> None:
    row = pd.Series(
        {
            "lead_id": "L1",
            "as_of": pd.Timestamp(NOW, tz="UTC"),
            "tier": "MQL",
            "rule": None,
            "score": 100 * steps[-1],
            "p_sql": steps[-1],
            "p_won": np.nan,
            "coverage": 1.0,
        }
    )
    change = Change(record(THEN, steps[0]), record(NOW, steps[-1]), split(steps), None, ())
    told = shown(Explained(row, pd.DataFrame(), change)).replace("\N{MINUS SIGN}", "-")
    [head] = [line for line in told.splitlines() if "the score went from" in line]
    before, after = (float(head.split()[place]) for place in (-4, -2))
    starts = ("  edits", "  passing", "  activity", "  new")
    lines = [line for line in told.splitlines() if line.startswith(starts)]
    moved = [float(line.split(" still")[0].split()[-1]) for line in lines]
    assert before + sum(moved) == pytest.approx(after, abs=1e-6)


def test_the_record_is_plain_json_and_holds_the_change(night: pd.DataFrame) -> None:
    told = lead_record(explained(night, changed(), expected_value=float("nan")))
    again = json.loads(json.dumps(told, allow_nan=False))
    assert again["lead"]["expected_value"] is None
    assert again["lead"]["reasons_for"] == ["Pricing page views: 4 (typical lead: 0)", "Trial: yes"]
    assert again["lead"]["as_of"] == "2026-06-30T00:00:00+00:00"
    assert again["change"]["before"]["as_of"] == "2026-06-29T00:00:00+00:00"
    assert [part["causes"] for part in again["change"]["score"]["parts"]] == [
        ["edits"],
        ["time"],
        ["activity"],
        ["model"],
        ["policy"],
    ]
    assert again["change"]["distance"]["after"] == -1.0
    assert again["history"] == []
    assert again["remark"] is None
