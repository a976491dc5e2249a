"""The control group: a few leads below the cut-off go to sales by lot, to learn from."""

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

DRAW_BITS = 53  # what a float64 holds exactly


@dataclass(frozen=True)
class ControlGroup:
    """Which leads just below the cut-off could have been drawn, and which are; a value a lead."""

    eligible: Mask
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
    """Find the leads just below the SQL cut-off to which no rule applies, and draw some by lot.

    Parameters
    ----------
    leads, before
        The night's leads, and what `remembered` returns of them, on one index.
    cools
        The rule by which a lead cools off, or None.
    begins
        The propensity (or value) at which SQL begins tonight; None where nobody gets it.
    """
    nobody = np.zeros(len(leads), dtype=bool)
    exploration = policy.exploration
    if begins is None or begins <= 0 or exploration.share == 0:
        return ControlGroup(nobody, nobody)
    floor = np.full(len(leads), begins * exploration.down_to)
    # Who was drawn the night before leaves the group with the same margin as a tier.
    floor[(before["rule"] == EXPLORATION).to_numpy()] *= 1 - policy.hysteresis.margin
    ruled = leads["is_sql"] | leads[["hand_raiser", "disqualifier"]].notna().any(axis=1)
    below = pd.Series(model.tier).isin(["MQL", "Nurture"]).to_numpy()
    eligible = below & (worth(leads, cuts.sql) >= floor) & ~ruled.to_numpy() & pd.isna(cools)
    drawn = nobody.copy()
    ids = leads["lead_id"].to_numpy(dtype=object)[eligible]
    drawn[eligible] = [draw(lead_id, exploration.key) < exploration.share for lead_id in ids]
    return ControlGroup(eligible, drawn)


def draw(lead_id: str, key: str) -> float:
    """Draw a lead's number: uniform from 0 to 1, the same on every night and machine.

    Examples
    --------
    >>> draw("L1", "leadscore") == draw("L1", "leadscore") != draw("L1", "other")
    True
    """
    digest = hashlib.blake2b(lead_id.encode(), key=key.encode()[:64], digest_size=8).digest()
    return float((int.from_bytes(digest, "big") >> (64 - DRAW_BITS)) / (1 << DRAW_BITS))


def draw_probability(eligible: int, drawn: int, lifted: int, exploration: Exploration) -> float:
    """Return how likely an eligible lead was to go to sales, before the draw.

    Parameters
    ----------
    eligible, drawn, lifted
        Of all leads of the night: how many could have been drawn, were drawn, and got to sales;
        where places were too few for all drawn, the probability is `lifted / eligible`.
    """
    return exploration.share if drawn == lifted else lifted / eligible


def handoff_probability(rows: pd.DataFrame, eligible: Mask, probability: float) -> Numbers:
    """Return how likely each lead was to be with sales tonight, before the draw.

    It is `probability` for the eligible, 1 or 0 by `tier` for the others; its inverse weighs
    outcomes (Horvitz and Thompson, 1952).
    """
    certain = (rows["tier"] == "SQL").to_numpy(dtype=np.float64)
    return np.where(eligible, np.float64(probability), certain)
