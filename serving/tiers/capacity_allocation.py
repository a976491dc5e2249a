"""Who of the leads that shall go to sales gets one of the night's places, and who waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import numpy.typing as npt

    from leadscore.serving.policy import Capacity

    Mask = npt.NDArray[np.bool_]
    Numbers = npt.NDArray[np.float64]
    Places = npt.NDArray[np.int64]

# Who is served first: those who ask, the control group (which only chance may choose), the rest.
ASKED, CONTROL, MODEL = 0, 1, 2


@dataclass(frozen=True)
class Allocation:
    """What became of those who want a place.

    Parameters
    ----------
    placed
        Who got one, bool, a value a lead.
    line
        The place in their team's line of those who did not, from 1 on; 0 for all others.
    """

    placed: Mask
    line: Places

    def to_frame(self) -> pd.DataFrame:
        """Put both into one frame, to be kept for a while."""
        return pd.DataFrame({"placed": self.placed, "line": self.line})

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> Allocation:
        """Read what `to_frame` made."""
        return cls(frame["placed"].to_numpy(dtype=bool), frame["line"].to_numpy(dtype=np.int64))


def allocate(
    leads: pd.DataFrame, wants: Mask, urgency: Places, worth: Numbers, capacity: Capacity | None
) -> Allocation:
    """Give the night's places to the best leads that want one.

    Parameters
    ----------
    leads
        `lead_id`, `team`: a row a lead.
    wants
        Who shall go to sales and is not there yet.
    urgency
        `ASKED`, `CONTROL` or `MODEL`: lower ones come first.
    worth
        What orders leads of one urgency, higher first; of equals the smaller `lead_id` comes
        first, compared letter by letter.
    capacity
        How many places there are; None for as many as are wanted.

    Returns
    -------
    Allocation
        A team's places are never exceeded, but by hand-raisers where the policy lets them.
    """
    if capacity is None:
        return Allocation(wants.copy(), np.zeros(len(leads), dtype=np.int64))
    placed = np.zeros(len(leads), dtype=bool)
    line = np.zeros(len(leads), dtype=np.int64)
    ids = leads["lead_id"].to_numpy(dtype=object)
    team_of = leads["team"].to_numpy(dtype=object)
    beyond = capacity.hand_raisers == "beyond"
    if beyond:
        placed |= wants & (urgency == ASKED)
    for team in capacity.all_teams:
        rows = np.flatnonzero(wants & ~placed & (team_of == team.name))
        order = rows[np.lexsort((ids[rows], -worth[rows], urgency[rows]))]
        placed[order[: team.places]] = True
        left = order[team.places :]
        left = left[urgency[left] != CONTROL]  # the lot decides for a night; there is no waiting
        line[left] = np.arange(1, len(left) + 1)
    return Allocation(placed, line)
