"""Leads on their way to sales get a place or wait in line, visibly and not for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from serving.places import ASKED, CONTROL, MODEL, allocate
from serving.verdicts import ALREADY_SQL, EXPLORATION, HAND_RAISER, WAITED_TOO_LONG, WAITING

if TYPE_CHECKING:
    from datetime import datetime

    import numpy.typing as npt

    from serving.capacity import Capacity

    Mask = npt.NDArray[np.bool_]
    Numbers = npt.NDArray[np.float64]


def in_line(
    rows: pd.DataFrame,
    before: pd.DataFrame,
    capacity: Capacity | None,
    *,
    order: Numbers,
    as_of: datetime,
) -> pd.DataFrame:
    """Give the places to those who come first; the others stay with marketing, and wait.

    Parameters
    ----------
    rows
        `lead_id`, `tier`, `rule`, `model_tier`, `team`: the tiers as if there were no end of
        places.
    before
        What the night before said, on the same index: `tier`, `rule`, `waiting_since`. Who is
        with sales already needs no place.
    capacity
        How many places there are; None for as many as are wanted.
    order
        What orders the line, higher first.
    as_of
        The night, UTC without a zone.

    Returns
    -------
    DataFrame
        `rows` with `tier` and `rule` as the places leave them, `waiting` (the place in the team's
        line, Int32) and `waiting_since` (the first night it waited; kept by a lead that has
        waited too long, until the model no longer offers it).
    """
    rule = rows["rule"].fillna("")
    asked = rule.str.startswith(HAND_RAISER).to_numpy()
    control = (rule == EXPLORATION).to_numpy()
    with_sales = (before["tier"] == "SQL") & (before["rule"] != ALREADY_SQL)
    wants = ((rows["tier"] == "SQL") & (rule != ALREADY_SQL) & ~with_sales).to_numpy(dtype=bool)
    since = before["waiting_since"].where(wants & ~control, pd.NaT)
    too_long = _too_long(since, capacity, as_of) & ~asked
    urgency = np.select([asked, control], [ASKED, CONTROL], default=MODEL)
    got = allocate(rows, wants & ~too_long, urgency, order, capacity)
    left, waits = wants & ~got.placed, got.line > 0
    lower = np.where(rows["model_tier"] == "Nurture", "Nurture", "MQL")
    names = np.select([asked, too_long, waits], [rule, WAITED_TOO_LONG, WAITING], default="")
    overruled = pd.Series(names, rows.index).astype(object).replace({"": None})
    return rows.assign(
        tier=rows["tier"].mask(left, pd.Series(lower, rows.index)),
        rule=rows["rule"].mask(left, overruled),
        waiting=pd.Series(got.line, rows.index).where(waits).astype("Int32"),
        waiting_since=since.fillna(pd.Timestamp(as_of)).where(waits | too_long, pd.NaT),
    )


def _too_long(since: pd.Series[pd.Timestamp], capacity: Capacity | None, as_of: datetime) -> Mask:
    if capacity is None:
        return np.zeros(len(since), dtype=bool)
    limit = pd.Timedelta(days=capacity.max_wait_days)
    return (pd.Timestamp(as_of) - since >= limit).to_numpy(dtype=bool)
