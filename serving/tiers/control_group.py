"""The control group: a few leads below the cut-off go to sales by lot, for all to learn from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from leadscore.serving.tiers.model_tiers import ModelTiers, worth
from leadscore.serving.tiers.tier_names import EXPLORATION

if TYPE_CHECKING:
    import numpy.typing as npt

    from leadscore.serving.policy import Exploration, Policy
    from leadscore.serving.tiers.cutoffs import CutOffs

    Mask = npt.NDArray[np.bool_]
    Numbers = npt.NDArray[np.float64]
    Texts = npt.NDArray[np.object_]

LOT_BITS = 53  # what a float64 holds exactly


@dataclass(frozen=True)
class ControlGroup:
    """Leads just below the cut-off.

    Parameters
    ----------
    near
        Who could have been drawn, bool, a value a lead.
    drawn
        Who is.
    """

    near: Mask
    drawn: Mask


def control_group(
    leads: pd.DataFrame,
    before: pd.DataFrame,
    model: ModelTiers,
    cools: Texts,
    *,
    policy: Policy,
    cuts: CutOffs,
    begins: float | None,
) -> ControlGroup:
    """Find the leads just below the SQL cut-off of whom no rule speaks, and draw some by lot.

    Parameters
    ----------
    leads, before
        The night's leads, and what the night before said of them, on one index.
    model
        The model's own verdict.
    cools
        The rule by which a lead cools off, or None.
    policy, cuts
        What was agreed, and where the tiers begin.
    begins
        The propensity (or value) at which SQL begins tonight; None where nobody gets it.

    Returns
    -------
    ControlGroup
    """
    nobody = np.zeros(len(leads), dtype=bool)
    exploration = policy.exploration
    if begins is None or begins <= 0 or exploration.share == 0:
        return ControlGroup(nobody, nobody)
    floor = np.full(len(leads), begins * exploration.down_to)
    # A lead that is with sales already falls out of the group as it falls out of a tier.
    floor[(before["rule"] == EXPLORATION).to_numpy()] *= 1 - policy.hysteresis.margin
    ruled = leads["is_sql"] | leads[["hand_raiser", "disqualifier"]].notna().any(axis=1)
    below = pd.Series(model.tier).isin(["MQL", "Nurture"]).to_numpy()
    near = below & (worth(leads, cuts.sql) >= floor) & ~ruled.to_numpy() & pd.isna(cools)
    drawn = nobody.copy()
    ids = leads["lead_id"].to_numpy(dtype=object)[near]
    drawn[near] = [lot(lead_id, exploration.key) < exploration.share for lead_id in ids]
    return ControlGroup(near, drawn)


def lot(lead_id: str, key: str) -> float:
    """Draw a lead's lot: between 0 and 1, the same on every night and machine.

    Examples
    --------
    >>> lot("L1", "leadscore") == lot("L1", "leadscore") != lot("L1", "other")
    True
    """
    digest = hashlib.blake2b(lead_id.encode(), key=key.encode()[:64], digest_size=8).digest()
    return float((int.from_bytes(digest, "big") >> (64 - LOT_BITS)) / (1 << LOT_BITS))


def lot_chance(near: int, drawn: int, lifted: int, exploration: Exploration) -> float:
    """Say how likely a lead that the lot could draw was to go to sales, before the lot fell.

    Parameters
    ----------
    near, drawn, lifted
        Of all leads of the night: how many could have been drawn, were drawn, and got a place.
    exploration
        With what chance each is drawn.

    Returns
    -------
    float
        Where there were too few places for all who were drawn, that of so many places among so
        many leads.
    """
    return exploration.share if drawn == lifted else lifted / near


def handoff_probability(rows: pd.DataFrame, near: Mask, chance: float) -> Numbers:
    """Say how likely this policy was to have each lead with sales tonight, before the lot fell.

    Parameters
    ----------
    rows
        The night's `tier`.
    near
        Who could have been drawn.
    chance
        With what chance, as `lot_chance` gives it.

    Returns
    -------
    ndarray of float64
        1 or 0 for those whom no lot decides about; by its inverse, outcomes can be weighed
        (Horvitz and Thompson, 1952).
    """
    certain = (rows["tier"] == "SQL").to_numpy(dtype=np.float64)
    return np.where(near, np.float64(chance), certain)
