"""Leads that ask for one of sales' places: found, queued, and told when they have to wait."""

from __future__ import annotations

from dataclasses import dataclass, fields
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

# The columns of `ProvisionalTiers.to_frame` beside those of its rows.
PREFIX, TIER_BEFORE, ELIGIBLE = "request_", "tier_before", "eligible"
TEXTS = ["tier", "rule", "model_tier", "team", "facts_digest"]


@dataclass(frozen=True)
class PlaceRequests:
    """Which leads need a place, a value a lead.

    Parameters
    ----------
    wanted
        Who should go to sales and is not there yet.
    asked, too_long
        Of all leads, who asked to be contacted, and who has waited too long.
    urgency
        Who is served first: `ASKED`, `CONTROL` or `MODEL` of `tiers.capacity_allocation`.
    since
        The first night that the lead waited; missing where it did not.
    """

    wanted: Mask
    asked: Mask
    too_long: Mask
    urgency: npt.NDArray[np.int64]
    since: pd.Series[pd.Timestamp]

    @property
    def queued(self) -> Mask:
        """Who competes for a place tonight."""
        return self.wanted & ~self.too_long


@dataclass(frozen=True)
class ProvisionalTiers:
    """The tiers of some leads of a night before places are allocated.

    Parameters
    ----------
    rows
        Tiers and rules as if capacity were unlimited.
    tier_before
        The tier of the night before.
    requests
        Who needs a place.
    eligible
        Who could have been drawn into the control group.
    """

    rows: pd.DataFrame
    tier_before: pd.Series
    requests: PlaceRequests
    eligible: Mask

    def to_frame(self) -> pd.DataFrame:
        """Return everything as one frame, for a checkpoint."""
        frame = self.rows.copy()
        for each in fields(PlaceRequests):
            frame[f"{PREFIX}{each.name}"] = getattr(self.requests, each.name)
        frame[TIER_BEFORE], frame[ELIGIBLE] = self.tier_before, self.eligible
        return frame

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> ProvisionalTiers:
        """Read what `to_frame` returned; rows are numbered from 0."""
        own = {each.name: frame[f"{PREFIX}{each.name}"] for each in fields(PlaceRequests)}
        requests = PlaceRequests(
            wanted=own["wanted"].to_numpy(dtype=bool),
            asked=own["asked"].to_numpy(dtype=bool),
            too_long=own["too_long"].to_numpy(dtype=bool),
            urgency=own["urgency"].to_numpy(dtype=np.int64),
            since=own["since"],
        )
        extra = [f"{PREFIX}{name}" for name in own]
        rows = frame.drop(columns=[*extra, TIER_BEFORE, ELIGIBLE])
        rows[TEXTS] = rows[TEXTS].astype(object).where(rows[TEXTS].notna(), None)
        before = frame[TIER_BEFORE].astype(object)
        before = before.where(before.notna(), None)
        return cls(rows, before, requests, frame[ELIGIBLE].to_numpy())


@dataclass(frozen=True)
class Queue:
    """The leads of one part of a night that compete for a place.

    Parameters
    ----------
    leads
        `lead_id`, `team`, `urgency`, `worth`, `drawn` (into the control group); the index is the
        lead's position in its part.
    size
        How many leads the part has.
    eligible, drawn, lifted
        Of the part: how many could have been drawn into the control group, were drawn, and go to
        sales by it without needing a place.
    """

    leads: pd.DataFrame
    size: int
    eligible: int
    drawn: int
    lifted: int


def find_requests(
    rows: pd.DataFrame, before: pd.DataFrame, capacity: Capacity | None, *, as_of: datetime
) -> PlaceRequests:
    """Find who needs a place.

    Parameters
    ----------
    rows
        `tier`, `rule`: as if capacity were unlimited.
    before
        `tier`, `rule`, `waiting_since` of the night before, on the same index. A lead that is
        already with sales needs no place.
    capacity
        None for unlimited.
    as_of
        The night, UTC without a zone.
    """
    rule = rows["rule"].fillna("")
    asked = rule.str.startswith(HAND_RAISER).to_numpy(dtype=bool)
    control = (rule == EXPLORATION).to_numpy(dtype=bool)
    with_sales = (before["tier"] == "SQL") & (before["rule"] != ALREADY_SQL)
    wanted = ((rows["tier"] == "SQL") & (rule != ALREADY_SQL) & ~with_sales).to_numpy(dtype=bool)
    since = before["waiting_since"].where(wanted & ~control, pd.NaT)
    too_long = _too_long(since, capacity, as_of) & ~asked
    urgency = np.select([asked, control], [ASKED, CONTROL], default=MODEL)
    return PlaceRequests(wanted, asked, too_long, urgency, since)


def _too_long(since: pd.Series[pd.Timestamp], capacity: Capacity | None, as_of: datetime) -> Mask:
    if capacity is None:
        return np.zeros(len(since), dtype=bool)
    limit = pd.Timedelta(days=capacity.max_wait_days)
    return (pd.Timestamp(as_of) - since >= limit).to_numpy(dtype=bool)


def apply_allocation(
    rows: pd.DataFrame, requests: PlaceRequests, allocation: Allocation, *, as_of: datetime
) -> pd.DataFrame:
    """Keep leads without a place in marketing's tiers, with their position in the queue.

    Parameters
    ----------
    rows
        `tier`, `rule`, `model_tier`: as if capacity were unlimited.
    as_of
        The night, UTC without a zone.

    Returns
    -------
    DataFrame
        `rows` with the final `tier` and `rule`, `waiting` (position in the team's queue, Int32)
        and `waiting_since` (the first night it waited; kept by a lead that has waited too long,
        until the model no longer offers it).
    """
    left, waits = requests.wanted & ~allocation.placed, allocation.position > 0
    lower = np.where(rows["model_tier"] == "Nurture", "Nurture", "MQL")
    kinds = [requests.asked, requests.too_long, waits]
    names = np.select(kinds, [rows["rule"].fillna(""), WAITED_TOO_LONG, WAITING], default="")
    overruled = pd.Series(names, rows.index).astype(object).replace({"": None})
    stays = pd.Series(waits | requests.too_long, rows.index)
    return rows.assign(
        tier=rows["tier"].mask(left, pd.Series(lower, rows.index)),
        rule=rows["rule"].mask(left, overruled),
        waiting=pd.Series(allocation.position, rows.index).where(waits).astype("Int32"),
        waiting_since=requests.since.fillna(pd.Timestamp(as_of)).where(stays),
    )
