"""How a night's places were used, team by team, and what the next lead in line is like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from leadscore.serving.tiers.tier_names import ALREADY_SQL

if TYPE_CHECKING:
    import pandas as pd

    from leadscore.serving.policy import Policy


@dataclass(frozen=True)
class PlacesUsed:
    """One team's night.

    Parameters
    ----------
    team
        Its name; None where the policy knows no capacity.
    places
        How many new leads it takes; None for as many as there are.
    taken, waiting
        How many it was given, and how many wait.
    last_chance
        The lowest chance among those it was given by the model; None where there is none.
    next_chance
        The chance of the lead that comes first in its line: what one place more would bring.
    """

    team: str | None
    places: int | None
    taken: int
    waiting: int
    last_chance: float | None
    next_chance: float | None


def places_of(night: pd.DataFrame, policy: Policy) -> list[PlacesUsed]:
    """Say how the places of a night were used.

    Parameters
    ----------
    night
        A row a lead: `tier`, `previous_tier`, `rule`, `team`, `waiting`, `p_sql`, `p_won`.
    policy
        What was agreed.

    Returns
    -------
    list of PlacesUsed
        A row a team, in the policy's order.
    """
    if policy.capacity is None:
        return [_used(night, None, None)]
    return [
        _used(night[night["team"] == team.name], team.name, team.places)
        for team in policy.capacity.all_teams
    ]


def _used(rows: pd.DataFrame, team: str | None, places: int | None) -> PlacesUsed:
    newly = (rows["tier"] == "SQL") & (rows["previous_tier"].fillna("") != "SQL")
    given = rows[newly & (rows["rule"].fillna("") != ALREADY_SQL)]
    line = rows[rows["waiting"].notna()].sort_values("waiting")
    chance = "p_sql" if rows["p_sql"].notna().any() else "p_won"
    chosen = given.loc[given["rule"].isna(), chance]
    return PlacesUsed(
        team=team,
        places=places,
        taken=len(given),
        waiting=len(line),
        last_chance=float(chosen.min()) if len(chosen) else None,
        next_chance=float(line[chance].iloc[0]) if len(line) else None,
    )
