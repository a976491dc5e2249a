"""Some leads of a night between two steps: they have tiers, and places are not shared yet."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from leadscore.serving.tiers.waiting_queue import Wanting

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    Mask = npt.NDArray[np.bool_]

# How an offer's own columns are called beside the ledger's while it is kept.
KEPT, TIER_BEFORE, NEAR = "place_", "tier_before", "near"


@dataclass(frozen=True)
class Offered:
    """Some leads of a night, before the places are shared.

    Parameters
    ----------
    rows
        Their tiers and rules as if there were no end of places.
    tier_before
        The tier that each had the night before.
    wants
        Who wants a place.
    near
        Who the lot could have drawn.
    """

    rows: pd.DataFrame
    tier_before: pd.Series
    wants: Wanting
    near: Mask

    def to_frame(self) -> pd.DataFrame:
        """Put everything into one frame, to be kept for a while."""
        frame = self.rows.copy()
        for each in fields(Wanting):
            frame[f"{KEPT}{each.name}"] = getattr(self.wants, each.name)
        frame[TIER_BEFORE], frame[NEAR] = self.tier_before, self.near
        return frame

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> Offered:
        """Read what `to_frame` made; rows are numbered from 0."""
        own = {each.name: frame[f"{KEPT}{each.name}"] for each in fields(Wanting)}
        wants = Wanting(
            wants=own["wants"].to_numpy(dtype=bool),
            asked=own["asked"].to_numpy(dtype=bool),
            too_long=own["too_long"].to_numpy(dtype=bool),
            urgency=own["urgency"].to_numpy(dtype=np.int64),
            since=own["since"],
        )
        rows = frame.drop(columns=[*(str(kept.name) for kept in own.values()), TIER_BEFORE, NEAR])
        texts = ["tier", "rule", "model_tier", "team", "facts_digest"]
        rows[texts] = rows[texts].astype(object).where(rows[texts].notna(), None)
        before = frame[TIER_BEFORE].astype(object)
        return cls(rows, before.where(before.notna(), None), wants, frame[NEAR].to_numpy())


@dataclass(frozen=True)
class Queue:
    """Those of some leads who stand in line for a place.

    Parameters
    ----------
    leads
        `lead_id`, `team`, `urgency`, `worth`, `drawn` (whether by lot), on their positions.
    size
        How many leads they are among.
    near, drawn, lifted
        Of these: how many the lot could have drawn, it drew, and go to sales by it without a
        place.
    """

    leads: pd.DataFrame
    size: int
    near: int
    drawn: int
    lifted: int
