"""The tier each lead gets, and how it moved since the night before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from serving.promises import leads_in

if TYPE_CHECKING:
    import numpy.typing as npt

    from serving.promises import CutOffs, Tier, TierCut

    Mask = npt.NDArray[np.bool_]

TIERS: tuple[Tier, ...] = ("SQL", "MQL", "Nurture", "Disqualified")  # best first

ALREADY_SQL = "already_sql"  # the rule of a lead that sales qualified before the model spoke


def assign_tiers(scores: pd.DataFrame, cuts: CutOffs) -> pd.DataFrame:
    """Give each lead its tier: the best whose cut it reaches.

    Parameters
    ----------
    scores
        A row a lead: `lead_id`, `p_sql`, `p_won` (float64), `is_sql` (bool: already qualified by
        sales, which no propensity overrules).
    cuts
        What `cut_offs` found. A share is counted among the leads not yet SQL and never exceeded;
        between leads of equal propensity the smaller `lead_id` comes first.

    Returns
    -------
    pd.DataFrame
        `tier` and `rule` (what overrode the model, or None), on the index of `scores`.
    """
    is_sql = scores["is_sql"].to_numpy(dtype=bool)
    tier = np.full(len(scores), "Nurture", dtype=object)
    tier[_reaches(scores, is_sql, cuts.mql)] = "MQL"
    tier[_reaches(scores, is_sql, cuts.sql) | is_sql] = "SQL"
    rule = np.full(len(scores), None, dtype=object)
    rule[is_sql] = ALREADY_SQL
    return pd.DataFrame({"tier": tier, "rule": rule}, index=scores.index, dtype=object)


def moves(current: pd.DataFrame, previous: pd.DataFrame | None) -> pd.DataFrame:
    """Compare each lead's tier with the one it had the night before.

    Parameters
    ----------
    current
        `lead_id`, `tier`: a row a lead.
    previous
        The same of an earlier night; None on the first.

    Returns
    -------
    pd.DataFrame
        `previous_tier` (None for a new lead) and `moved` (up, down, new, same), on the index of
        `current`.
    """
    before = pd.Series(dtype=object)
    if previous is not None:
        before = previous.set_index("lead_id")["tier"].astype(object)
    was = current["lead_id"].map(before).astype(object)
    was = was.where(was.notna(), None)
    rank = {tier: position for position, tier in enumerate(TIERS)}
    change = current["tier"].map(rank).astype(float) - was.map(rank).astype(float)
    moved = np.select(
        [was.isna().to_numpy(), (change < 0).to_numpy(), (change > 0).to_numpy()],
        ["new", "up", "down"],
        default="same",
    )
    return pd.DataFrame(
        {"previous_tier": was, "moved": moved.astype(object)}, index=current.index, dtype=object
    )


def _reaches(scores: pd.DataFrame, is_sql: Mask, cut: TierCut) -> Mask:
    p = scores[f"p_{cut.outcome}"].to_numpy(dtype=np.float64)
    if cut.cut_off is not None:
        return (p >= cut.cut_off) & ~is_sql
    places = np.flatnonzero(~is_sql & ~np.isnan(p))
    order = np.lexsort((scores["lead_id"].to_numpy(dtype=object)[places], -p[places]))
    chosen = np.zeros(len(scores), dtype=bool)
    chosen[places[order[: leads_in(cut.share or 0.0, len(places))]]] = True
    return chosen
