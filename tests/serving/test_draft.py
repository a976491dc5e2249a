from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.draft import draft_policy
from serving.policy import Policy


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


@pytest.mark.parametrize("outcome", ["sql", "won"])
def test_every_line_fits_a_terminal(outcome: Any) -> None:
    assert max(map(len, draft_policy(outcome=outcome, base_rate=0.4).splitlines())) <= 90
