from __future__ import annotations

from typing import Any

import pytest

from leadscore.features.core.errors import ContractError
from leadscore.features.core.settings import validated
from leadscore.serving.policy.capacity import Capacity, Team

NORTH = {"name": "north", "when": [{"event": "call"}], "reps": 1, "leads_a_day": 2}
REST = {"name": "rest", "reps": 1, "leads_a_day": 2}


def refused(raw: dict[str, Any]) -> str:
    with pytest.raises(ContractError) as caught:
        validated(raw, Capacity, place="tiers.toml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("reps", "leads_a_day", "places"),
    [(8, 5, 40), (3, 2.5, 7), (0, 5, 0), (3, 0, 0), (3, 1.1, 3), (10, 0.7, 7), (1, 0.99, 0)],
)
def test_places_are_whole_and_half_a_lead_is_none(
    reps: int, leads_a_day: float, places: int
) -> None:
    assert Team(name="x", reps=reps, leads_a_day=leads_a_day).places == places


def test_without_teams_one_takes_every_lead() -> None:
    (everybody,) = Capacity(reps=2, leads_a_day=3).all_teams
    assert (everybody.name, everybody.when, everybody.places) == ("sales", (), 6)


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        ({"reps": -1, "leads_a_day": 5}, "`reps`: input should be greater than or equal to 0"),
        ({"reps": 1, "leads_a_day": -5}, "`leads_a_day`: input should be greater than or equal"),
        ({"reps": 1.5, "leads_a_day": 5}, "`reps`: input should be a valid integer"),
        ({"reps": 1, "leads_a_day": float("inf")}, "`leads_a_day`: input should be a finite"),
        ({"reps": 1}, "`leads_a_day`: is required, unless there are `teams`"),
        ({}, "`reps`: is required, unless there are `teams`"),
        ({"reps": 1, "leads_a_day": 5, "max_wait_days": 0}, "`max_wait_days`"),
        ({"reps": 1, "leads_a_day": 5, "first": "luck"}, "'chance' or 'value', got 'luck'"),
        ({"reps": 1, "teams": [REST]}, "`reps`: each of the `teams` has its own"),
        ({"teams": [REST, REST]}, "`teams`: 2 teams are called 'rest'"),
        ({"teams": [REST, NORTH]}, "`teams #1`: takes every lead, so the teams after it get none"),
        ({"teams": [NORTH]}, "`teams #1`: leads that no team takes would wait for ever"),
        ({"teams": [NORTH, {**REST, "reps": -2}]}, "`teams #2.reps`: input should be greater"),
    ],
)
def test_a_capacity_that_cannot_be_is_refused_in_words(raw: dict[str, Any], fault: str) -> None:
    assert fault in refused(raw)


def test_all_faults_of_the_teams_are_told_at_once() -> None:
    told = refused({"teams": [{**REST, "reps": -1}, {**NORTH, "leads_a_day": -1}]})
    assert "4 faults" in told


def test_teams_without_a_name_do_not_share_one() -> None:
    nameless = {"reps": 1, "leads_a_day": 2}
    told = refused({"teams": [{**nameless, "when": NORTH["when"]}, nameless]})
    assert "2 faults" in told
    assert "are called" not in told
