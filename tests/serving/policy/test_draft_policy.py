from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadscore.serving.policy.draft_policy import draft_policy
from leadscore.serving.policy.policy import Policy


def settings(text: str) -> dict[str, Any]:
    return tomllib.loads(text)


def test_the_draft_promises_what_the_field_expects() -> None:
    drafted = settings(draft_policy())
    assert drafted["sql"]["min_precision"] == 0.30
    assert drafted["mql"]["min_precision"] == 0.13


def test_where_most_leads_convert_the_draft_promises_more_and_says_why() -> None:
    text = draft_policy(outcome="won", base_rate=0.385)
    drafted = settings(text)
    assert drafted["sql"] == {
        "min_precision": 0.8,
        "confidence": 0.95,
        "fallback_share": 0.0,
        "outcome": "won",
    }
    assert drafted["mql"]["min_precision"] == 0.38
    assert "38 % of all your leads do, so the usual 30 % would promise little" in text
    assert "at least this share is won" in text


@given(base_rate=st.floats(0, 1), outcome=st.sampled_from(["sql", "won"]))
def test_every_draft_is_a_valid_policy(base_rate: float, outcome: Any) -> None:
    Policy.model_validate(settings(draft_policy(outcome=outcome, base_rate=base_rate)))


def test_a_companys_own_words_become_rules() -> None:
    policy = Policy.model_validate(
        settings(
            draft_policy(
                kinds=["page_view", "demo_request", "Contact us"],
                reasons=["timing", "price", "wrong number"],
            )
        )
    )
    (raised,) = policy.hand_raiser
    assert raised.when[0].event == ("Contact us", "demo_request")
    assert raised.when[0].within_days == 7
    assert [(rule.reasons, rule.days, rule.until_changed) for rule in policy.cool_off] == [
        (("timing",), 90, False),
        (("wrong number",), None, True),
    ]
    assert policy.disqualifier == ()


def test_without_such_words_the_rules_stand_as_examples() -> None:
    text = draft_policy(kinds=["page_view"], reasons=["price"])
    policy = Policy.model_validate(settings(text))
    assert (policy.hand_raiser, policy.cool_off, policy.capacity) == ((), (), None)
    assert "# [[hand_raiser]]" in text
    assert "# [[cool_off]]" in text


def test_every_example_in_the_comments_is_a_valid_setting() -> None:
    lines = draft_policy().splitlines()
    start = lines.index("# A lead that asks to be contacted goes to sales at once.")
    told = [line.removeprefix("# ") for line in lines[start:]]
    kept = [line for line in told if re.match(r"\[|[a-z_]+ = ", line)]
    text = "\n".join(kept)
    # The two ways to state a capacity exclude each other: the draft says so, and the test takes
    # the one team and the other rules.
    one, _teams, rest = re.split(r"\[\[capacity.teams\]\]|(?=\[hysteresis\])", text)
    policy = Policy.model_validate(settings(one + rest))
    assert policy.capacity is not None
    assert policy.capacity.all_teams[0].places == 40
    assert len(policy.disqualifier) == 4
    assert policy.hand_raiser
    assert policy.cool_off


@pytest.mark.parametrize("word", ['demo request "now"', "demo request {x} \\ y", "Demo request: ü"])
def test_words_with_odd_signs_are_quoted(word: str) -> None:
    policy = Policy.model_validate(settings(draft_policy(kinds=[word], reasons=[f"timing {word}"])))
    assert policy.hand_raiser[0].when[0].event == (word,)
    assert policy.cool_off[0].reasons == (f"timing {word}",)


@pytest.mark.parametrize("outcome", ["sql", "won"])
def test_every_line_fits_a_terminal(outcome: Any) -> None:
    assert max(map(len, draft_policy(outcome=outcome, base_rate=0.4).splitlines())) <= 90
