"""The model's own verdict: which tier a lead's chance gives it, and when it loses it again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from serving.promises import leads_in

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from serving.policy import Hysteresis
    from serving.promises import CutOffs, TierCut

    Mask = npt.NDArray[np.bool_]
    Numbers = npt.NDArray[np.float64]
    Counts = npt.NDArray[np.int64]
    Texts = npt.NDArray[np.object_]


@dataclass(frozen=True)
class ModelTiers:
    """What the model says of each lead.

    Parameters
    ----------
    tier
        `SQL`, `MQL` or `Nurture`; None for a lead that the model is not asked about.
    nights_below
        For how many nights running the lead has been clearly below where its tier begins.
    begins_at
        By tier: the propensity (or value) at which it began this night; None where nobody got it.
    """

    tier: Texts
    nights_below: Counts
    begins_at: dict[str, float | None]


@dataclass(frozen=True)
class _Standing:
    """Of one tier: who is at or above its beginning, who clearly below, and who loses it when."""

    reaches: Mask
    clearly_below: Mask
    nights: int
    begins_at: float | None


def model_tiers(
    leads: pd.DataFrame, before: pd.DataFrame, cuts: CutOffs, hysteresis: Hysteresis
) -> ModelTiers:
    """Give each lead the tier that its chance has earned.

    A lead rises at the cut-off. It falls when it has been clearly below it for some nights
    running; then to the next tier that it is not clearly below of. Where a share decides, a lead
    that has the tier is ranked as if its chance were higher by the margin, and the share is never
    exceeded.

    Parameters
    ----------
    leads
        A row a lead: `lead_id`, `p_sql`, `p_won`, `expected_value` (float64), `is_sql` (bool).
    before
        What the night before said, on the same index: `model_tier` (the tier that it had and may
        lose; None for a new lead), `nights_below`.
    cuts
        Where the tiers begin.
    hysteresis
        What clearly below is, and for how many nights.

    Returns
    -------
    ModelTiers
    """
    asked = ~leads["is_sql"].to_numpy(dtype=bool)
    was = before["model_tier"].to_numpy(dtype=object)
    count = before["nights_below"].fillna(0).to_numpy(dtype=np.int64)
    was_sql, was_mql = was == "SQL", was == "MQL"
    sql = _standing(leads, asked, cuts.sql, was_sql, hysteresis)
    mql = _standing(leads, asked, cuts.mql, was_sql | was_mql, hysteresis)
    below_sql = np.where(sql.clearly_below & was_sql, count + 1, 0)
    below_mql = np.where(mql.clearly_below & was_mql, count + 1, 0)
    is_sql = sql.reaches | (was_sql & (below_sql < sql.nights))
    falls_past_mql = was_sql & mql.clearly_below
    held = (was_sql & ~falls_past_mql) | (was_mql & (below_mql < mql.nights))
    is_mql = ~is_sql & (mql.reaches | held)
    tier = np.select([is_sql, is_mql], ["SQL", "MQL"], default="Nurture").astype(object)
    nights = np.where(is_sql & was_sql, below_sql, np.where(is_mql & was_mql, below_mql, 0))
    tier[~asked] = None
    return ModelTiers(
        tier, np.where(asked, nights, 0), {"SQL": sql.begins_at, "MQL": mql.begins_at}
    )


def worth(leads: pd.DataFrame, cut: TierCut) -> Numbers:
    """Return what a tier goes by: a propensity, or the expected value; float64, a value a lead."""
    name = "expected_value" if cut.mode == "min_value" else f"p_{cut.outcome}"
    return leads[name].to_numpy(dtype=np.float64)


def _standing(
    leads: pd.DataFrame, asked: Mask, cut: TierCut, had: Mask, hysteresis: Hysteresis
) -> _Standing:
    value = worth(leads, cut)
    begins = cut.min_value if cut.min_value is not None else cut.cut_off
    if begins is None:
        ranked = np.where(had, value / (1 - hysteresis.margin), value)  # a head start
        return _by_share(leads, value, np.where(asked, ranked, np.nan), cut.share or 0.0)
    reaches = asked & (value >= begins)
    floor = begins - hysteresis.margin * abs(begins)  # below it even where a value is negative
    return _Standing(reaches, ~(value >= floor), hysteresis.nights, begins)


def _by_share(leads: pd.DataFrame, value: Numbers, ranked: Numbers, share: float) -> _Standing:
    """Take the best share; of equals the smaller `lead_id`."""
    places = np.flatnonzero(~np.isnan(ranked))
    ids = leads["lead_id"].to_numpy(dtype=object)[places]
    best = np.lexsort((ids, -ranked[places]))[: leads_in(share, len(places))]
    reaches = np.zeros(len(leads), dtype=bool)
    reaches[places[best]] = True
    begins = float(value[reaches].min()) if reaches.any() else None
    return _Standing(reaches, ~reaches, 1, begins)  # waiting longer would exceed the share
