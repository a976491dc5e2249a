from __future__ import annotations

from typing import Any

import pytest

from leadscore.features.core.errors import ContractError
from leadscore.features.core.settings import validated
from leadscore.serving.policy.policy import Policy
from leadscore.serving.policy.rules import CoolOff
from tests.serving.small_company import CONTRACT, contract


def refused(raw: dict[str, Any], *, context: object = None) -> str:
    with pytest.raises(ContractError) as caught:
        validated(raw, Policy, place="tiers.toml", context=context)
    return str(caught.value)


WHEN = [{"event": "call"}]


def test_a_rule_needs_a_name_and_a_condition() -> None:
    told = refused({"hand_raiser": [{"when": WHEN}, {"name": "x"}, {"name": "y", "when": []}]})
    assert "3 faults" in told
    assert "`hand_raiser #1.name` is required" in told
    assert "`hand_raiser #2.when` is required" in told
    assert "`hand_raiser #3.when`: is empty; name at least one" in told


def test_a_fault_deep_inside_is_told_with_its_place_and_the_nearest_name() -> None:
    rules = [{"name": "a", "when": WHEN}, {"name": "b", "when": [*WHEN, {"evnt": "call"}]}]
    told = refused({"disqualifier": rules})
    assert "`disqualifier #2.when #2.evnt` is not a setting. Did you mean 'event'?" in told


def test_two_rules_of_one_kind_may_not_share_a_name() -> None:
    same = {"name": "student", "when": WHEN}
    assert "`disqualifier`: two of them are called 'student'" in refused(
        {"disqualifier": [same, same]}
    )
    kept = Policy.model_validate({"disqualifier": [same], "hand_raiser": [same]})
    assert kept.hand_raiser[0].name == kept.disqualifier[0].name


def test_rules_without_a_name_do_not_share_one() -> None:
    told = refused({"disqualifier": [{"when": WHEN}, {"when": WHEN}]})
    assert "2 faults" in told
    assert "are called" not in told


@pytest.mark.parametrize("end", [{}, {"days": 90, "until_changed": True}, {"until_changed": False}])
def test_a_cool_off_ends_in_exactly_one_way(end: dict[str, Any]) -> None:
    told = refused({"cool_off": [{"reasons": "timing", **end}]})
    assert "`cool_off #1`: give either `days` or `until_changed = true`" in told


def test_a_cool_off_is_called_by_its_reasons() -> None:
    assert CoolOff(reasons=("timing", "budget"), days=3).name == "timing, budget"


def test_without_outcomes_nothing_cools_off() -> None:
    flat = CONTRACT.split("[events]")[0].replace(
        "[leads.columns]", 'target = "won"\n[leads.columns]'
    )
    without = contract(flat)
    told = refused({"cool_off": [{"reasons": "timing", "days": 3}]}, context=without)
    assert "leadscore.toml describes no [outcomes], so nothing is rejected" in told
