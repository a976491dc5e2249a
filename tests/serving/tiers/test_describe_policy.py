from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from leadscore.serving.policy.policy import Policy
from leadscore.serving.tiers.cutoffs import cut_offs
from leadscore.serving.tiers.describe_policy import sentences

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd


def said(**sections: Any) -> str:
    told = sentences(Policy.model_validate(sections))
    assert all(each.endswith(".") and "  " not in each for each in told)
    return "\n".join(told)


WHEN = [{"event": "demo_request", "within_days": 7}]


def test_each_rule_is_a_sentence_in_the_order_they_apply() -> None:
    told = said(
        hand_raiser=[{"name": "asked", "when": WHEN}],
        cool_off=[{"reasons": "timing", "days": 90}, {"reasons": "x", "until_changed": True}],
        disqualifier=[{"name": "student", "when": [{"column": "title", "contains": "student"}]}],
    ).splitlines()
    rules = told[told.index(next(each for each in told if "at once" in each)) :][:4]
    assert rules == [
        (
            "Whatever the model says, a lead goes to sales at once when it had a demo request in "
            "the last 7 days (asked), unless sales has sent it back since."
        ),
        "A lead that sales sent back for timing is not offered again for 90 days.",
        "A lead that sales sent back for x is not offered again until its own data change.",
        "A lead is never for sales (Disqualified) when its title contains student (student).",
    ]


def test_capacity_is_told_with_its_sum() -> None:
    told = said(capacity={"reps": 8, "leads_a_day": 2.5})
    assert "Sales takes 20 new leads a night (8 reps × 2.5 a day)." in told
    assert "Those with the best chance come first; of equals the smaller lead id." in told
    assert "wait in that order as MQL, for up to 14 days." in told
    assert "Leads that ask to be contacted get the first places." in told


def test_teams_are_told_one_by_one() -> None:
    one = {"reps": 1, "leads_a_day": 4}
    teams = [
        {"name": "north", "when": [{"column": "country", "one_of": ["Sweden"]}], **one},
        {"name": "rest", **one},
    ]
    told = said(capacity={"teams": teams, "first": "value", "hand_raisers": "beyond"})
    assert (
        "The team north takes a lead when its country is Sweden, 4 new leads a night "
        "(1 rep × 4 a day)." in told
    )
    assert "The team rest takes all other leads, 4 new leads a night" in told
    assert "Those with the highest expected value come first" in told
    assert "go on top of these places" in told


def test_without_a_capacity_that_is_said() -> None:
    assert "no capacity is set" in said()


@pytest.mark.parametrize(
    ("hysteresis", "sentence"),
    [
        (
            {"margin": 0.2, "nights": 3},
            "falls when it is more than 20 % below the cut-off for 3 nights running.",
        ),
        ({"margin": 0.2, "nights": 1}, "more than 20 % below the cut-off for one night."),
        ({"margin": 0, "nights": 2}, "falls when it is below the cut-off for 2 nights running."),
        ({"margin": 0, "nights": 1}, "A lead falls as soon as it is below the cut-off."),
    ],
)
def test_steadiness_is_told(hysteresis: dict[str, Any], sentence: str) -> None:
    assert sentence in said(hysteresis=hysteresis)


def test_the_control_group_is_told_where_there_is_one() -> None:
    told = said(exploration={"share": 0.05, "down_to": 0.6})
    assert "Of the leads below the cut-off, down to 60 % of it, 5 % go to sales by lot" in told
    assert "by lot" not in said(exploration={"share": 0})


def test_the_expected_value_is_told_with_cost_and_segments() -> None:
    told = said(value={"follow_up_cost": 12, "by": ["industry", "lead_size"]}, sql={"min_value": 9})
    assert "when its expected value is 9 or more." in told
    assert "average amount of its industry and lead size where it has none, less 12 for" in told
    assert "less" not in said(value={"follow_up_cost": 0}).splitlines()[-2]


def test_with_the_evidence_the_promise_is_told_as_kept(
    draw_evidence: Callable[..., pd.DataFrame],
) -> None:
    policy = Policy()
    told = sentences(policy, cut_offs(policy, draw_evidence()))
    assert "the promise of 30 % is kept." in told[1]
    assert not any("Where no cut-off can keep that" in each for each in told)
