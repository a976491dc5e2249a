"""The model's own tier: which one a lead's propensity gives it, and when it loses it again."""

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
    """Each lead's tier, None for one already SQL; nights running it has been clearly below it."""

    tier: Texts
    nights_below: Counts


@dataclass(frozen=True)
class _Standing:
    """Of one tier: who reaches it, who is clearly below, and after how many nights it is lost."""

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
        Returns `leads` and `before`, as `model_tiers` takes them, in parts; called once or twice
        a tier.

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
    """Give each lead the tier of its propensity, with hysteresis.

    A lead rises at the cut-off. It falls when it has been clearly below it for some nights
    running; then to the next tier that it is not clearly below of. Where a share decides, a lead
    that has the tier is ranked as if its propensity were higher by the margin, and the share is
    never exceeded.

    Parameters
    ----------
    leads
        A row a lead: `lead_id`, `p_sql`, `p_won`, `expected_value` (float64), `is_sql` (bool).
    before
        Of the night before, on the same index: `model_tier` (the tier that it may lose; None for
        a new lead), `nights_below`.
    bars
        What `find_bars` found of all leads of the night.
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
    """Return what a tier is decided by: a propensity or the expected value, float64."""
    name = "expected_value" if cut.mode == "min_value" else f"p_{cut.outcome}"
    return leads[name].to_numpy(dtype=np.float64)


def _asked(leads: pd.DataFrame) -> Mask:
    return ~leads["is_sql"].to_numpy(dtype=bool)


def _had(before: pd.DataFrame, tier: str) -> Mask:
    """Whether each lead had the tier or a better one."""
    was = before["model_tier"].to_numpy(dtype=object)
    return np.asarray((was == "SQL") | (was == tier), dtype=bool)


def _rank(leads: pd.DataFrame, before: pd.DataFrame, cut: TierCut, margin: float) -> Numbers:
    """Return what orders leads for a share, NaN for those already SQL."""
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
