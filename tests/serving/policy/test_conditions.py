from __future__ import annotations

from typing import Any

import pytest

from leadscore.features.core.errors import ContractError
from leadscore.features.core.settings import validated
from leadscore.serving.policy.conditions import Condition, all_words
from tests.serving.small_company import CONTRACT, contract


def refused(raw: dict[str, Any], *, context: object = None) -> str:
    with pytest.raises(ContractError) as caught:
        validated(raw, Condition, place="tiers.toml", context=context)
    return str(caught.value)


def read(raw: dict[str, Any]) -> Condition:
    return validated(raw, Condition, place="tiers.toml", context=contract())


# ---- words


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"column": "country", "one_of": "Austria"}, "its country is Austria"),
        ({"column": "country", "none_of": ["A", "B", "C"]}, "its country is not A, B or C"),
        ({"column": "job_title", "contains": ["student"]}, "its job title contains student"),
        ({"column": "email", "domain": ["acme.example"]}, "its email is at acme.example"),
        ({"column": "email", "valid": False}, "its email is not valid"),
        ({"column": "email", "valid": True}, "its email is valid"),
        ({"column": "phone", "missing": True}, "its phone is missing"),
        ({"column": "phone", "missing": False}, "its phone is known"),
        ({"column": "staff", "at_least": 10}, "its staff is at least 10"),
        ({"column": "rank", "at_least": 1, "at_most": 5}, "its rank is at least 1 and at most 5"),
        ({"event": "demo_request"}, "it had a demo request"),
        (
            {"event": ["demo_request", "call"], "times": 3, "within_days": 7},
            "it had 3 or more of demo request or call in the last 7 days",
        ),
    ],
)
def test_a_condition_reads_as_part_of_a_sentence(raw: dict[str, Any], words: str) -> None:
    assert Condition.model_validate(raw).words == words


def test_several_conditions_must_all_hold() -> None:
    told = all_words((Condition(column="a", missing=True), Condition(event=("call",))))
    assert told == "its a is missing and it had a call"


def test_one_word_stands_for_a_list_of_one() -> None:
    assert read({"column": "country", "one_of": "Austria"}).one_of == ("Austria",)


# ---- form


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        ({}, "a condition is about either a `column` or an `event`"),
        ({"column": "country", "event": "call"}, "either a `column` or an `event`"),
        ({"column": "country"}, "says nothing of the column; use one of one_of, none_of, contains"),
        (
            {"column": "country", "one_of": ["A"], "missing": True},
            "asks one_of and missing; make it one condition each",
        ),
        (
            {"column": "country", "one_of": ["A"], "within_days": 3},
            "`within_days`: goes with `event`, not with `column`",
        ),
        (
            {"column": "country", "one_of": ["A"], "times": 2},
            "`times`: goes with `event`, not with `column`",
        ),
        ({"event": "call", "one_of": ["A"]}, "`one_of`: goes with `column`, not with `event`"),
        ({"event": "call", "within_days": 0}, "`within_days`: input should be greater than or"),
        ({"event": "call", "times": 0}, "`times`: input should be greater than or equal to 1"),
        ({"event": []}, "`event`: is empty; name at least one"),
        ({"column": "country", "one_of": []}, "`one_of`: is empty; name at least one"),
        ({"event": "call", "withn_days": 7}, "Did you mean 'within_days'?"),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused_in_words(
    raw: dict[str, Any], fault: str
) -> None:
    assert fault in refused(raw)


def test_all_faults_of_a_condition_are_told_at_once() -> None:
    told = refused({"event": "call", "one_of": ["A"], "missing": True, "times": 0, "colum": "x"})
    assert "4 faults" in told


# ---- against the contract


def test_a_column_that_does_not_exist_suggests_the_nearest() -> None:
    told = refused({"column": "contry", "missing": True}, context=contract())
    assert "`column`: leadscore.toml has no column 'contry'. Did you mean 'country'?" in told


def test_an_ignored_column_is_neither_asked_nor_suggested() -> None:
    told = refused({"column": "grade", "missing": True}, context=contract())
    assert "'grade' is ignored in leadscore.toml; give it a role there" in told
    assert "'grade'" not in refused({"column": "grades", "missing": True}, context=contract())


@pytest.mark.parametrize("test", [{"one_of": ["x"]}, {"contains": ["x"]}, {"at_least": 1}])
@pytest.mark.parametrize("column", ["email", "phone"])
def test_nobody_is_picked_out_by_a_personal_cell(column: str, test: dict[str, Any]) -> None:
    told = refused({"column": column, **test}, context=contract())
    assert f"'{column}' is personal; ask only whether it is missing" in told


@pytest.mark.parametrize("test", [{"domain": ["acme.example"]}, {"valid": True}])
def test_only_an_e_mail_has_a_domain_and_a_form(test: dict[str, Any]) -> None:
    told = refused({"column": "phone", **test}, context=contract())
    assert "can be asked of the column of role personal.email alone" in told
    assert read({"column": "email", **test}).column == "email"


def test_what_is_missing_may_be_asked_of_any_column() -> None:
    for column in ("country", "staff", "email", "phone", "campaign", "deal"):
        assert read({"column": column, "missing": True}).missing is True


def test_without_events_no_condition_asks_for_one() -> None:
    text = CONTRACT.replace('[events]\npath = "events.csv"\nrecorded_at = "recorded_at"', "")
    without = contract(
        text.replace('[events.groups]\nasked = ["demo_request", "contact_form"]', "")
    )
    told = refused({"event": "demo_request"}, context=without)
    assert "`event`: leadscore.toml describes no [events]" in told
