"""How a night's places at sales are allocated, and how each team's were used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from leadscore.serving.tiers.tier_names import ALREADY_SQL

if TYPE_CHECKING:
    import numpy.typing as npt

    from leadscore.serving.policy import Capacity, Policy

    Mask = npt.NDArray[np.bool_]
    Numbers = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]

# Who is served first: those who ask, the control group (which only chance may choose), the rest.
ASKED, CONTROL, MODEL = 0, 1, 2


@dataclass(frozen=True)
class Allocation:
    """Who got a place, a value a lead; position in the team's queue from 1 on, 0 for all others."""

    placed: Mask
    position: Integers

    def to_frame(self) -> pd.DataFrame:
        """Return both as one frame, for a checkpoint."""
        return pd.DataFrame({"placed": self.placed, "position": self.position})

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> Allocation:
        """Read what `to_frame` returned."""
        placed, position = frame["placed"], frame["position"]
        return cls(placed.to_numpy(dtype=bool), position.to_numpy(dtype=np.int64))


def allocate(
    leads: pd.DataFrame, wanted: Mask, urgency: Integers, worth: Numbers, capacity: Capacity | None
) -> Allocation:
    """Give the night's places to the best leads that need one.

    Parameters
    ----------
    leads
        `lead_id`, `team`: a row a lead.
    wanted
        Who should go to sales and is not there yet.
    urgency
        `ASKED`, `CONTROL` or `MODEL`: lower ones come first.
    worth
        Orders leads of one urgency, highest first; ties go to the smaller `lead_id` (as text).
    capacity
        None for unlimited.

    Returns
    -------
    Allocation
        A team's places are never exceeded, but by hand-raisers where the policy lets them.
    """
    placed, position = wanted.copy(), np.zeros(len(leads), dtype=np.int64)
    if capacity is None:
        return Allocation(placed, position)
    beyond = capacity.hand_raisers == "beyond"
    placed &= beyond & (urgency == ASKED)
    ids, team_of = (leads[name].to_numpy(dtype=object) for name in ("lead_id", "team"))
    for team in capacity.all_teams:
        rows = np.flatnonzero(wanted & ~placed & (team_of == team.name))
        order = rows[np.lexsort((ids[rows], -worth[rows], urgency[rows]))]
        placed[order[: team.places]] = True
        left = order[team.places :]
        left = left[urgency[left] != CONTROL]  # drawn anew each night; there is no waiting
        position[left] = np.arange(1, len(left) + 1)
    return Allocation(placed, position)


@dataclass(frozen=True)
class PlacesUsed:
    """One team's night.

    Parameters
    ----------
    team, places
        Its name, and how many new leads it takes; None where the policy sets no capacity.
    taken, waiting
        How many it was given, and how many wait.
    last_chance
        The lowest propensity that the model sent it; None where there is none.
    next_chance
        The propensity of the first in its queue: what one more place would bring.
    """

    team: str | None
    places: int | None
    taken: int
    waiting: int
    last_chance: float | None
    next_chance: float | None


def places_used(night: pd.DataFrame, policy: Policy) -> list[PlacesUsed]:
    """Return how each team's places were used, in the policy's order.

    Parameters
    ----------
    night
        A row a lead: `tier`, `previous_tier`, `rule`, `team`, `waiting`, `p_sql`, `p_won`.
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
    queue = rows[rows["waiting"].notna()].sort_values("waiting")
    chance = "p_sql" if rows["p_sql"].notna().any() else "p_won"
    chosen = given.loc[given["rule"].isna(), chance]
    return PlacesUsed(
        team=team,
        places=places,
        taken=len(given),
        waiting=len(queue),
        last_chance=float(chosen.min()) if len(chosen) else None,
        next_chance=float(queue[chance].iloc[0]) if len(queue) else None,
    )
