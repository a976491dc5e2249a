"""Leads on their way to sales get a place or wait in line, visibly and not for ever."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from leadscore.serving.tiers.capacity_allocation import ASKED, CONTROL, MODEL
from leadscore.serving.tiers.tier_names import (
    ALREADY_SQL,
    EXPLORATION,
    HAND_RAISER,
    WAITED_TOO_LONG,
    WAITING,
)

if TYPE_CHECKING:
    from datetime import datetime

    import numpy.typing as npt

    from leadscore.serving.policy import Capacity
    from leadscore.serving.tiers.capacity_allocation import Allocation

    Mask = npt.NDArray[np.bool_]
    Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Wanting:
    """Leads on their way to sales.

    Parameters
    ----------
    wants
        Who shall go to sales and is not there yet; bool, a value a lead.
    asked, too_long
        Who of all asked to be contacted, and who has waited too long.
    urgency
        Who is served first, as `tiers.capacity_allocation` numbers it.
    since
        The first night that a lead waited, as far as it waited before.
    """

    wants: Mask
    asked: Mask
    too_long: Mask
    urgency: Places
    since: pd.Series[pd.Timestamp]

    @property
    def in_line(self) -> Mask:
        """Who stands in line for a place tonight."""
        return self.wants & ~self.too_long


def wanting(
    rows: pd.DataFrame, before: pd.DataFrame, capacity: Capacity | None, *, as_of: datetime
) -> Wanting:
    """Find who wants a place.

    Parameters
    ----------
    rows
        `tier`, `rule`: as if there were no end of places.
    before
        What the night before said, on the same index: `tier`, `rule`, `waiting_since`. Who is
        with sales already needs no place.
    capacity
        How many places there are; None for as many as are wanted.
    as_of
        The night, UTC without a zone.

    Returns
    -------
    Wanting
    """
    rule = rows["rule"].fillna("")
    asked = rule.str.startswith(HAND_RAISER).to_numpy(dtype=bool)
    control = (rule == EXPLORATION).to_numpy(dtype=bool)
    with_sales = (before["tier"] == "SQL") & (before["rule"] != ALREADY_SQL)
    wants = ((rows["tier"] == "SQL") & (rule != ALREADY_SQL) & ~with_sales).to_numpy(dtype=bool)
    since = before["waiting_since"].where(wants & ~control, pd.NaT)
    too_long = _too_long(since, capacity, as_of) & ~asked
    urgency = np.select([asked, control], [ASKED, CONTROL], default=MODEL)
    return Wanting(wants, asked, too_long, urgency, since)


def in_line(
    rows: pd.DataFrame, wanting: Wanting, got: Allocation, *, as_of: datetime
) -> pd.DataFrame:
    """Leave with marketing whoever got no place, waiting visibly.

    Parameters
    ----------
    rows
        `tier`, `rule`, `model_tier`: the tiers as if there were no end of places.
    wanting
        Who wants a place.
    got
        What became of them.
    as_of
        The night, UTC without a zone.

    Returns
    -------
    DataFrame
        `rows` with `tier` and `rule` as the places leave them, `waiting` (the place in the team's
        line, Int32) and `waiting_since` (the first night it waited; kept by a lead that has
        waited too long, until the model no longer offers it).
    """
    left, waits = wanting.wants & ~got.placed, got.line > 0
    lower = np.where(rows["model_tier"] == "Nurture", "Nurture", "MQL")
    kinds = [wanting.asked, wanting.too_long, waits]
    names = np.select(kinds, [rows["rule"].fillna(""), WAITED_TOO_LONG, WAITING], default="")
    overruled = pd.Series(names, rows.index).astype(object).replace({"": None})
    stays = pd.Series(waits | wanting.too_long, rows.index)
    since = wanting.since.fillna(pd.Timestamp(as_of)).where(stays)
    return rows.assign(
        tier=rows["tier"].mask(left, pd.Series(lower, rows.index)),
        rule=rows["rule"].mask(left, overruled),
        waiting=pd.Series(got.line, rows.index).where(waits).astype("Int32"),
        waiting_since=since,
    )


def _too_long(since: pd.Series[pd.Timestamp], capacity: Capacity | None, as_of: datetime) -> Mask:
    if capacity is None:
        return np.zeros(len(since), dtype=bool)
    limit = pd.Timedelta(days=capacity.max_wait_days)
    return (pd.Timestamp(as_of) - since >= limit).to_numpy(dtype=bool)
