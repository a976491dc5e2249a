"""The model's own verdict: which tier a lead's chance gives it, and when it loses it again."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import nsmallest
from typing import TYPE_CHECKING

import numpy as np

from leadscore.serving.tiers.cutoffs import leads_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import numpy.typing as npt
    import pandas as pd

    from leadscore.serving.policy import Hysteresis
    from leadscore.serving.tiers.cutoffs import CutOffs, TierCut

    Mask = npt.NDArray[np.bool_]
    Numbers = npt.NDArray[np.float64]
    Counts = npt.NDArray[np.int64]
    Texts = npt.NDArray[np.object_]


@dataclass(frozen=True)
class Bar:
    """Where a tier begins on one night.

    Parameters
    ----------
    begins_at
        The lowest propensity (or value) that gets it; None where nobody does.
    rank
        Where a share decides: what the last who gets it ranks at, head start included.
    last_id
        Of those who rank exactly there, the last `lead_id` that gets it.
    """

    begins_at: float | None
    rank: float | None = None
    last_id: str = ""


@dataclass(frozen=True)
class ModelTiers:
    """What the model says of each lead.

    Parameters
    ----------
    tier
        `SQL`, `MQL` or `Nurture`; None for a lead that the model is not asked about.
    nights_below
        For how many nights running the lead has been clearly below where its tier begins.
    """

    tier: Texts
    nights_below: Counts


@dataclass(frozen=True)
class _Standing:
    """Of one tier: who is at or above its beginning, who clearly below, and who loses it when."""

    reaches: Mask
    clearly_below: Mask
    nights: int


def find_bars(
    parts: Callable[[], Iterable[tuple[pd.DataFrame, pd.DataFrame]]],
    cuts: CutOffs,
    hysteresis: Hysteresis,
) -> dict[str, Bar]:
    """Find where each tier begins tonight; where a share decides, all leads must be looked at.

    Parameters
    ----------
    parts
        Gives the night's leads and what the night before said of them, as `model_tiers` takes
        them, in parts; called as often as the leads must be gone through.
    cuts
        Where the tiers begin by the evidence, or which share gets them.
    hysteresis
        The head start of those who have a tier.

    Returns
    -------
    dict of str to Bar
        By tier, `SQL` and `MQL`.
    """
    return {cut.tier: _bar(parts, cut, hysteresis) for cut in (cuts.sql, cuts.mql)}


def model_tiers(
    leads: pd.DataFrame,
    before: pd.DataFrame,
    cuts: CutOffs,
    hysteresis: Hysteresis,
    bars: Mapping[str, Bar],
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
    bars
        What `find_bars` found of all leads of the night.

    Returns
    -------
    ModelTiers
    """
    asked = _asked(leads)
    count = before["nights_below"].fillna(0).to_numpy(dtype=np.int64)
    was_sql, had_mql = _had(before, "SQL"), _had(before, "MQL")
    was_mql = had_mql & ~was_sql
    sql = _standing(leads, before, cuts.sql, hysteresis, bars["SQL"])
    mql = _standing(leads, before, cuts.mql, hysteresis, bars["MQL"])
    below_sql = np.where(sql.clearly_below & was_sql, count + 1, 0)
    below_mql = np.where(mql.clearly_below & was_mql, count + 1, 0)
    is_sql = sql.reaches | (was_sql & (below_sql < sql.nights))
    falls_past_mql = was_sql & mql.clearly_below
    held = (was_sql & ~falls_past_mql) | (was_mql & (below_mql < mql.nights))
    is_mql = ~is_sql & (mql.reaches | held)
    tier = np.select([is_sql, is_mql], ["SQL", "MQL"], default="Nurture").astype(object)
    nights = np.where(is_sql & was_sql, below_sql, np.where(is_mql & was_mql, below_mql, 0))
    tier[~asked] = None
    return ModelTiers(tier, np.where(asked, nights, 0))


def worth(leads: pd.DataFrame, cut: TierCut) -> Numbers:
    """Return what a tier goes by: a propensity, or the expected value; float64, a value a lead."""
    name = "expected_value" if cut.mode == "min_value" else f"p_{cut.outcome}"
    return leads[name].to_numpy(dtype=np.float64)


def _asked(leads: pd.DataFrame) -> Mask:
    return ~leads["is_sql"].to_numpy(dtype=bool)


def _had(before: pd.DataFrame, tier: str) -> Mask:
    """Whether each lead had the tier or a better one."""
    was = before["model_tier"].to_numpy(dtype=object)
    return np.asarray((was == "SQL") | (was == tier), dtype=bool)


def _rank(leads: pd.DataFrame, before: pd.DataFrame, cut: TierCut, margin: float) -> Numbers:
    """Return what orders leads for a share, NaN for those it is not asked about."""
    value = worth(leads, cut)
    head_start = np.where(_had(before, cut.tier), value / (1 - margin), value)
    return np.where(_asked(leads), head_start, np.nan)


def _bar(
    parts: Callable[[], Iterable[tuple[pd.DataFrame, pd.DataFrame]]],
    cut: TierCut,
    hysteresis: Hysteresis,
) -> Bar:
    begins = cut.min_value if cut.min_value is not None else cut.cut_off
    if begins is not None:
        return Bar(begins)
    ranks = [_rank(leads, before, cut, hysteresis.margin) for leads, before in parts()]
    every = np.concatenate([*ranks, np.empty(0)])
    every = every[~np.isnan(every)]
    places = leads_in(cut.share or 0.0, len(every))
    if not places:
        return Bar(None)
    edge = float(np.partition(every, len(every) - places)[len(every) - places])
    spare = places - int((every > edge).sum())
    tied: list[tuple[str, float]] = []
    lowest = np.inf
    for (leads, _before), rank in zip(parts(), ranks, strict=True):
        value, ties = worth(leads, cut), rank == edge
        lowest = min(lowest, value[rank > edge].min(initial=np.inf))
        tied += zip(leads["lead_id"].to_numpy(dtype=object)[ties], value[ties], strict=True)
    taken = nsmallest(spare, tied)
    return Bar(min(lowest, *(value for _id, value in taken)), edge, taken[-1][0])


def _standing(
    leads: pd.DataFrame, before: pd.DataFrame, cut: TierCut, hysteresis: Hysteresis, bar: Bar
) -> _Standing:
    asked, value = _asked(leads), worth(leads, cut)
    if bar.rank is not None:
        rank = _rank(leads, before, cut, hysteresis.margin)
        in_time = leads["lead_id"].to_numpy(dtype=object) <= bar.last_id
        reaches = (rank > bar.rank) | ((rank == bar.rank) & in_time)
        return _Standing(reaches, ~reaches, 1)  # waiting longer would exceed the share
    if bar.begins_at is None:
        nobody = np.zeros(len(leads), dtype=bool)
        return _Standing(nobody, ~nobody, 1)
    reaches = asked & (value >= bar.begins_at)
    floor = bar.begins_at - hysteresis.margin * abs(bar.begins_at)  # below it even if negative
    return _Standing(reaches, ~(value >= floor), hysteresis.nights)
