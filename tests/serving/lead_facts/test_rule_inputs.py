from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from leadscore.features.core.errors import ContractError
from leadscore.serving.lead_facts.rule_inputs import rule_facts
from leadscore.serving.policy.conditions import Condition
from leadscore.serving.policy.policy import Policy
from leadscore.serving.policy.rules import Disqualifier, HandRaiser
from tests.serving.small_company import CONTRACT, LEADS, NIGHT, contract, spine

if TYPE_CHECKING:
    from collections.abc import Callable

    from leadscore.features.tables.tables import Tables

# A asked a week ago to the second, B a second earlier; C's request is tonight, D's is known late.
EVENTS = """
A,2026-05-25 00:00:00,2026-05-25 00:00:00,demo_request
B,2026-05-24 23:59:59,2026-05-24 23:59:59,demo_request
C,2026-06-01 00:00:00,2026-06-01 00:00:00,demo_request
D,2026-05-31 12:00:00,2026-06-01 00:00:00,demo_request
A,2026-05-31 23:59:59,2026-05-31 23:59:59,contact_form
C,2026-05-30 10:00:00,2026-05-30 10:00:00,page_view
C,2026-05-30 11:00:00,2026-05-30 11:00:00,page_view
"""
# A was sent back twice; B qualified, known in time; C's qualification is known too late.
OUTCOMES = """
A,2026-03-01 00:00:00,2026-03-01 00:00:00,rejected,wrong number,
A,2026-05-20 00:00:00,2026-05-20 00:00:00,recycled,No Budget,
B,2026-05-01 00:00:00,2026-05-01 00:00:00,sql,,
C,2026-05-01 00:00:00,2026-06-01 00:00:00,sql,,
D,2026-05-31 00:00:00,2026-06-02 00:00:00,rejected,too early,
"""
EVERYBODY = ("A", "B", "C", "D")


@pytest.fixture(scope="module")
def tables(small_tables: Callable[..., Tables]) -> Tables:
    return small_tables(events=EVENTS, outcomes=OUTCOMES)


def facts(tables: Tables, **sections: Any) -> pd.DataFrame:
    policy = Policy.model_validate(sections, context=contract())
    return rule_facts(tables, spine(*EVERYBODY), policy).set_index("lead_id")


def raised(tables: Tables, *when: dict[str, Any]) -> str:
    """Who raised a hand, as a word of their letters."""
    found = facts(tables, hand_raiser=[{"name": "asked", "when": list(when)}])["hand_raiser"]
    assert set(found.dropna()) <= {"asked"}
    return "".join(found.dropna().index)


def barred(tables: Tables, *when: dict[str, Any]) -> str:
    found = facts(tables, disqualifier=[{"name": "never", "when": list(when)}])["disqualifier"]
    return "".join(found.dropna().index)


# ---- events


def test_an_event_at_the_night_or_known_only_then_does_not_count(tables: Tables) -> None:
    assert raised(tables, {"event": "demo_request"}) == "AB"


def test_within_days_begins_at_the_same_time_so_many_days_ago(tables: Tables) -> None:
    assert raised(tables, {"event": "demo_request", "within_days": 7}) == "A"
    assert raised(tables, {"event": "demo_request", "within_days": 8}) == "AB"


def test_a_day_later_more_is_known_and_the_week_has_moved_on(tables: Tables) -> None:
    rule = {"name": "asked", "when": [{"event": "demo_request", "within_days": 7}]}
    policy = Policy.model_validate({"hand_raiser": [rule]})
    later = spine(*EVERYBODY, as_of=NIGHT + timedelta(days=1))
    found = rule_facts(tables, later, policy).set_index("lead_id")["hand_raiser"]
    assert "".join(found.dropna().index) == "CD"


def test_events_are_counted(tables: Tables) -> None:
    assert barred(tables, {"event": "page_view"}) == "C"
    assert barred(tables, {"event": "page_view", "times": 2}) == "C"
    assert barred(tables, {"event": "page_view", "times": 3}) == ""


def test_a_group_stands_for_its_kinds_and_kinds_add_up(tables: Tables) -> None:
    assert barred(tables, {"event": "asked"}) == "AB"
    assert barred(tables, {"event": "asked", "times": 2}) == "A"
    assert barred(tables, {"event": ["asked", "page_view"], "times": 2}) == "AC"


def test_all_conditions_of_a_rule_must_hold(tables: Tables) -> None:
    domain = {"column": "email", "domain": ["mail.acme.example"]}
    assert raised(tables, {"event": "demo_request"}, domain) == "B"
    twice = ({"event": "demo_request"}, {"event": "contact_form", "within_days": 1})
    assert raised(tables, *twice) == "A"


def test_of_several_rules_the_first_that_applies_is_named(tables: Tables) -> None:
    rules = [
        {"name": "viewer", "when": [{"event": "page_view"}]},
        {"name": "southern", "when": [{"column": "country", "one_of": ["Austria", "Germany"]}]},
    ]
    told = facts(tables, disqualifier=rules)["disqualifier"]
    assert told.to_dict() == {"A": "southern", "B": "southern", "C": "viewer", "D": None}
    told = facts(tables, disqualifier=rules[::-1])["disqualifier"]
    assert told["C"] == "southern"


def test_a_missing_cell_fulfils_nothing_but_missing_and_none_of(tables: Tables) -> None:
    assert barred(tables, {"column": "staff", "at_least": 0}) == "ABD"
    assert barred(tables, {"column": "country", "contains": [""]}) == "ABC"
    assert barred(tables, {"column": "country", "none_of": ["Germany", "Austria"]}) == "D"
    assert barred(tables, {"column": "country", "missing": True}) == "D"


def test_one_condition_may_serve_two_rules(tables: Tables) -> None:
    asked = Condition(event=("demo_request",))
    policy = Policy(
        hand_raiser=(HandRaiser(name="asked", when=(asked,)),),
        disqualifier=(Disqualifier(name="never", when=(asked,)),),
    )
    found = rule_facts(tables, spine(*EVERYBODY), policy).set_index("lead_id")
    assert "".join(found["hand_raiser"].dropna().index) == "AB"
    assert "".join(found["disqualifier"].dropna().index) == "AB"


# ---- verdicts of sales


def test_who_asks_counts_only_after_the_latest_rejection_that_is_known(
    small_tables: Callable[..., Tables],
) -> None:
    events = """
A,2026-05-19,2026-05-19,demo_request
B,2026-05-20,2026-05-20,demo_request
C,2026-05-20 00:00:01,2026-05-20 00:00:01,demo_request
D,2026-05-19,2026-05-19,demo_request
"""
    outcomes = """
A,2026-05-20,2026-05-20,rejected,,
B,2026-05-20,2026-05-20,rejected,,
C,2026-05-20,2026-05-20,recycled,,
D,2026-05-20,2026-06-01,rejected,,
"""
    opened = small_tables(events=events, outcomes=outcomes)
    assert raised(opened, {"event": "demo_request"}) == "CD"
    assert barred(opened, {"event": "demo_request"}) == "ABCD"  # which bars whenever it was


def test_sales_has_qualified_whom_it_was_known_to_have(tables: Tables) -> None:
    told = facts(tables)["is_sql"]
    assert told.dtype == bool
    assert told.to_dict() == {"A": False, "B": True, "C": False, "D": False}


def test_the_latest_setback_is_told_by_the_group_of_its_reason(tables: Tables) -> None:
    told = facts(tables)
    assert told.loc["A", "setback_at"] == pd.Timestamp("2026-05-20")
    assert told["setback_reason"].to_dict() == {"A": "not_now", "B": None, "C": None, "D": None}
    assert told.loc[["B", "C", "D"], "setback_at"].isna().all()


def test_a_setback_without_a_reason_hides_an_earlier_one(
    small_tables: Callable[..., Tables],
) -> None:
    later = OUTCOMES + "A,2026-05-20 00:00:00.5,2026-05-21,rejected,,\n"
    told = facts(small_tables(outcomes=later))
    assert told.loc["A", "setback_reason"] is None
    assert told.loc["A", "setback_at"] == pd.Timestamp("2026-05-20 00:00:00.5")


@pytest.mark.parametrize("asked", ["not_now", "no budget", "No Budget", "data", "Data"])
def test_a_cool_off_may_name_a_reason_or_its_group_in_any_letter_case(
    tables: Tables, asked: str
) -> None:
    told = facts(tables, cool_off=[{"reasons": asked, "days": 90}])
    named = asked.lower() if asked.lower() == "no budget" else "not_now"
    assert told.loc["A", "setback_reason"] == named


# ---- words that nobody ever said


def test_a_kind_of_event_that_never_came_suggests_the_nearest(tables: Tables) -> None:
    with pytest.raises(ContractError) as caught:
        raised(tables, {"event": "demo_reqest"})
    told = str(caught.value)
    assert "tiers.toml asks for the event 'demo_reqest', which has never come" in told
    assert "Did you mean 'demo_request'?" in told
    assert "name it in [events.groups] of leadscore.toml" in told


def test_a_reason_that_never_came_suggests_the_nearest(tables: Tables) -> None:
    with pytest.raises(ContractError, match=r"the reason 'no budgett'.*'no budget'"):
        facts(tables, cool_off=[{"reasons": "no budgett", "days": 90}])


def test_what_the_contract_names_may_have_yet_to_come(tables: Tables) -> None:
    assert raised(tables, {"event": "contact_form"}) == "A"
    told = facts(tables, cool_off=[{"reasons": "wrong number", "days": 90}])
    assert len(told) == 4


def test_a_mistyped_event_of_a_team_is_found_too(tables: Tables) -> None:
    teams = [
        {"name": "a", "when": [{"event": "page_vew"}], "reps": 1, "leads_a_day": 1},
        {"name": "b", "reps": 1, "leads_a_day": 1},
    ]
    with pytest.raises(ContractError, match="Did you mean 'page_view'"):
        facts(tables, capacity={"teams": teams})


# ---- teams


def test_a_lead_goes_to_the_first_team_that_takes_it_and_the_last_takes_the_rest(
    tables: Tables,
) -> None:
    one = {"reps": 1, "leads_a_day": 1}
    teams = [
        {"name": "viewers", "when": [{"event": "page_view"}], **one},
        {"name": "south", "when": [{"column": "country", "one_of": ["Austria"]}], **one},
        {"name": "large", "when": [{"column": "staff", "at_least": 10}], **one},
        {"name": "rest", **one},
    ]
    told = facts(tables, capacity={"teams": teams})["team"]
    assert told.to_dict() == {"A": "large", "B": "rest", "C": "viewers", "D": "large"}


def test_one_team_takes_everybody_and_without_a_capacity_there_is_none(tables: Tables) -> None:
    assert set(facts(tables, capacity={"reps": 1, "leads_a_day": 1})["team"]) == {"sales"}
    assert facts(tables)["team"].isna().all()


# ---- digests


def test_a_digest_changes_with_a_leads_own_data_and_nothing_else(
    small_tables: Callable[..., Tables], tables: Tables
) -> None:
    before = facts(tables)["facts_digest"]
    edited = (
        LEADS.replace("A,2026-01-01,Germany,40", "A,2026-01-01,Germany,41")  # firmographic
        .replace("bob@mail.acme.example", "bob@new.acme.example")  # personal
        .replace("autumn,,1", "winter,900,2")  # channel, value and ignored
    )
    after = facts(small_tables(leads=edited))["facts_digest"]
    assert (before != after).to_dict() == {"A": True, "B": True, "C": False, "D": False}


def test_a_digest_is_short_and_holds_no_cell(tables: Tables) -> None:
    told = facts(tables)["facts_digest"]
    assert told.nunique() == 4
    assert told.str.fullmatch("[0-9a-f]{4}-[0-9a-f]{8}").all()


def test_without_own_data_there_is_no_digest(small_tables: Callable[..., Tables]) -> None:
    own = ("country", "staff", "email", "phone")
    lines = [line for line in CONTRACT.splitlines() if not line.startswith(own)]
    opened = small_tables(contract_text="\n".join(lines))
    found = rule_facts(opened, spine(*EVERYBODY), Policy())
    assert found["facts_digest"].isna().all()


# ---- shape


def test_a_row_a_snapshot_sorted_whatever_the_tables_hold(
    small_tables: Callable[..., Tables],
) -> None:
    bare = small_tables()
    found = rule_facts(bare, spine("D", "A"), Policy())
    assert found["lead_id"].tolist() == ["A", "D"]
    assert not found["is_sql"].any()
    assert found["setback_at"].dtype.kind == "M"
    assert found[["hand_raiser", "disqualifier", "team", "setback_reason"]].isna().all(axis=None)


def test_a_flat_file_has_no_verdicts_and_no_events(small_tables: Callable[..., Tables]) -> None:
    flat = CONTRACT.split("[events]")[0].replace("grade =", "# grade =")
    flat = flat.replace("[leads.columns]", 'target = "grade"\n\n[leads.columns]')
    rule = {"name": "large", "when": [{"column": "staff", "at_least": 100}]}
    found = rule_facts(
        small_tables(contract_text=flat),
        spine(*EVERYBODY),
        Policy.model_validate({"disqualifier": [rule]}),
    )
    assert found["disqualifier"].tolist() == [None, None, None, "large"]
    assert not found["is_sql"].any()
    assert found["setback_at"].isna().all()
