from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from leadscore.serving.policy.policy import Policy
from leadscore.serving.tiers.places_table import PlacesUsed, places_of


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
    assert places_of(rows, agreed(reps=3, leads_a_day=1)) == [
        PlacesUsed("sales", 3, taken=3, waiting=2, last_chance=0.5, next_chance=0.42)
    ]


def test_without_a_capacity_there_is_no_limit(rows: pd.DataFrame) -> None:
    (used,) = places_of(rows.assign(waiting=pd.array([None] * 7, dtype="Int32")), agreed())
    assert (used.team, used.places, used.taken, used.waiting) == (None, None, 3, 0)
    assert used.next_chance is None


def test_each_team_has_its_own_line_even_one_without_leads(rows: pd.DataFrame) -> None:
    teams = [
        {"name": "north", "when": [{"event": "x"}], "reps": 1, "leads_a_day": 1},
        {"name": "sales", "reps": 2, "leads_a_day": 1},
    ]
    north, sales = places_of(rows, agreed(teams=teams))
    assert north == PlacesUsed("north", 1, taken=0, waiting=0, last_chance=None, next_chance=None)
    assert (sales.team, sales.taken, sales.waiting) == ("sales", 3, 2)


def test_where_only_wins_are_predicted_their_chance_is_shown(rows: pd.DataFrame) -> None:
    (used,) = places_of(rows.assign(p_sql=np.nan), agreed(reps=3, leads_a_day=1))
    assert (used.last_chance, used.next_chance) == (0.2, 0.2)
