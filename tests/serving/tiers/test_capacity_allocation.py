from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadscore.serving.policy.capacity import Capacity
from leadscore.serving.policy.policy import Policy
from leadscore.serving.tiers.capacity_allocation import (
    ASKED,
    CONTROL,
    MODEL,
    Allocation,
    PlacesUsed,
    allocate,
    places_used,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

TEAMS = Capacity.model_validate(
    {
        "teams": [
            {"name": "north", "when": [{"event": "x"}], "reps": 1, "leads_a_day": 1},
            {"name": "rest", "reps": 2, "leads_a_day": 1},
        ]
    }
)


def given_places(places: int, **settings: Any) -> Capacity:
    return Capacity(reps=places, leads_a_day=1, **settings)


def share_out(
    worth: Sequence[float],
    capacity: Capacity | None,
    *,
    urgency: Sequence[int] | None = None,
    wants: Sequence[bool] | None = None,
    team: str | Sequence[str] = "sales",
    ids: str = "ABCDEFGHIJKLMNOPQRST",
) -> Allocation:
    size = len(worth)
    leads = pd.DataFrame({"lead_id": list(ids[:size]), "team": team})
    return allocate(
        leads,
        np.ones(size, dtype=bool) if wants is None else np.array(wants, dtype=bool),
        np.array([MODEL] * size if urgency is None else urgency, dtype=np.int64),
        np.array(worth, dtype=float),
        capacity,
    )


def test_without_a_capacity_everybody_who_wants_a_place_gets_one() -> None:
    got = share_out([0.1, 0.2, 0.3], None, wants=[True, False, True])
    assert got.placed.tolist() == [True, False, True]
    assert got.position.tolist() == [0, 0, 0]


def test_the_best_get_the_places_and_the_line_goes_on_in_that_order() -> None:
    got = share_out([0.1, 0.4, 0.2, 0.3], given_places(2))
    assert got.placed.tolist() == [False, True, False, True]
    assert got.position.tolist() == [2, 0, 1, 0]


def test_of_equals_the_smaller_id_comes_first_wherever_it_stands() -> None:
    got = share_out([0.3] * 4, given_places(2), ids="DBCA")
    assert got.placed.tolist() == [False, True, False, True]
    assert got.position.tolist() == [2, 0, 1, 0]


def test_ids_are_compared_letter_by_letter() -> None:
    leads = pd.DataFrame({"lead_id": ["L9", "L10"], "team": "sales"})
    got = allocate(
        leads, np.ones(2, bool), np.full(2, MODEL), np.array([0.3, 0.3]), given_places(1)
    )
    assert got.placed.tolist() == [False, True]


def test_those_who_ask_come_before_the_control_group_and_that_before_the_rest() -> None:
    urgency = [MODEL, CONTROL, ASKED, MODEL]
    for places, expected in ((1, "C"), (2, "BC"), (3, "ABC"), (0, "")):
        got = share_out([0.9, 0.2, 0.1, 0.8], given_places(places), urgency=urgency)
        assert "".join(np.array(list("ABCD"))[got.placed]) == expected


def test_the_control_group_does_not_wait() -> None:
    got = share_out([0.9, 0.2, 0.1], given_places(0), urgency=[MODEL, CONTROL, ASKED])
    assert got.position.tolist() == [2, 0, 1]


def test_within_the_places_those_who_ask_use_them_up() -> None:
    got = share_out([0.1, 0.2, 0.9], given_places(1), urgency=[ASKED, ASKED, MODEL])
    assert got.placed.tolist() == [False, True, False]
    assert got.position.tolist() == [1, 0, 2]


def test_beyond_the_places_those_who_ask_use_none() -> None:
    beyond = given_places(1, hand_raisers="beyond")
    got = share_out([0.1, 0.2, 0.9, 0.8], beyond, urgency=[ASKED, ASKED, MODEL, MODEL])
    assert got.placed.tolist() == [True, True, True, False]
    assert got.position.tolist() == [0, 0, 0, 1]


def test_one_teams_free_places_are_not_anothers() -> None:
    got = share_out([0.9, 0.8, 0.7], TEAMS, team=["north", "north", "rest"])
    assert got.placed.tolist() == [True, False, True]
    assert got.position.tolist() == [0, 1, 0]


def test_a_lead_whose_worth_is_not_known_comes_last() -> None:
    got = share_out([-np.inf, 0.1], given_places(1))
    assert got.placed.tolist() == [False, True]


@given(
    worth=st.lists(st.sampled_from([0.1, 0.2, 0.3]), min_size=1, max_size=20),
    places=st.integers(0, 22),
    data=st.data(),
)
def test_places_are_used_up_never_exceeded_and_nobody_is_passed_over(
    worth: list[float], places: int, data: st.DataObject
) -> None:
    size = len(worth)
    wants = data.draw(st.lists(st.booleans(), min_size=size, max_size=size))
    got = share_out(worth, given_places(places), wants=wants)
    assert got.placed.sum() == min(places, sum(wants))
    assert not (got.placed & ~np.array(wants)).any()
    assert ((got.position > 0) == (np.array(wants) & ~got.placed)).all()
    if got.placed.any() and (got.position > 0).any():
        chances = np.array(worth)
        assert chances[got.placed].min() >= chances[got.position > 0].max()


# ---- how places were used


def agreed(**capacity: Any) -> Policy:
    return Policy.model_validate({"capacity": capacity} if capacity else {})


@pytest.fixture
def rows() -> pd.DataFrame:
    """Given by the model, asked, already qualified, with sales before, and two in line."""
    return pd.DataFrame(
        {
            "tier": ["SQL", "SQL", "SQL", "SQL", "SQL", "MQL", "MQL"],
            "previous_tier": [None, "MQL", "MQL", None, "SQL", "MQL", None],
            "rule": [None, None, "hand_raiser: x", "already_sql", None, "waiting", "waiting"],
            "team": "sales",
            "waiting": pd.array([None] * 5 + [2, 1], dtype="Int32"),
            "p_sql": [0.6, 0.5, 0.01, np.nan, 0.2, 0.41, 0.42],
            "p_won": [0.2] * 7,
        }
    )


def test_new_leads_of_sales_are_counted_and_the_next_in_line_is_shown(rows: pd.DataFrame) -> None:
    assert places_used(rows, agreed(reps=3, leads_a_day=1)) == [
        PlacesUsed("sales", 3, taken=3, waiting=2, last_chance=0.5, next_chance=0.42)
    ]


def test_without_a_capacity_there_is_no_limit(rows: pd.DataFrame) -> None:
    (used,) = places_used(rows.assign(waiting=pd.array([None] * 7, dtype="Int32")), agreed())
    assert (used.team, used.places, used.taken, used.waiting) == (None, None, 3, 0)
    assert used.next_chance is None


def test_each_team_has_its_own_line_even_one_without_leads(rows: pd.DataFrame) -> None:
    teams = [
        {"name": "north", "when": [{"event": "x"}], "reps": 1, "leads_a_day": 1},
        {"name": "sales", "reps": 2, "leads_a_day": 1},
    ]
    north, sales = places_used(rows, agreed(teams=teams))
    assert north == PlacesUsed("north", 1, taken=0, waiting=0, last_chance=None, next_chance=None)
    assert (sales.team, sales.taken, sales.waiting) == ("sales", 3, 2)


def test_where_only_wins_are_predicted_their_chance_is_shown(rows: pd.DataFrame) -> None:
    (used,) = places_used(rows.assign(p_sql=np.nan), agreed(reps=3, leads_a_day=1))
    assert (used.last_chance, used.next_chance) == (0.2, 0.2)
