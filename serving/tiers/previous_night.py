"""What the night before said of tonight's leads, and whether their own data have changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from datetime import datetime

REMEMBERED = (
    "tier",
    "model_tier",
    "rule",
    "nights_below",
    "waiting_since",
    "facts_digest",
    "facts_changed_at",
)  # what tonight's tiers need of the night before, beside the lead's id


def remembered(leads: pd.DataFrame, previous: pd.DataFrame | None) -> pd.DataFrame:
    """Look up each lead in the night before; missing for a new one.

    Parameters
    ----------
    leads
        `lead_id`: some leads of a night.
    previous
        `lead_id` and the columns `REMEMBERED` of the night before, of these leads and any others.

    Returns
    -------
    DataFrame
        The columns `REMEMBERED`, on the index of the leads; moments in UTC without a zone.
    """
    if previous is None:
        previous = pd.DataFrame(columns=["lead_id", *REMEMBERED])
    before = previous.set_index("lead_id").reindex(leads["lead_id"]).set_index(leads.index)
    texts = ["tier", "model_tier", "rule", "facts_digest"]
    before[texts] = before[texts].astype(object).where(before[texts].notna(), None)
    # An older ledger lacks the model's tier: take the tier, where no rule gave it.
    own = before["tier"].where(before["rule"].isna(), None)
    before["model_tier"] = before["model_tier"].where(before["model_tier"].notna(), own)
    # A lead that got no place has no SQL tier to lose.
    no_place = (before["model_tier"] == "SQL") & (before["tier"] != "SQL")
    before["model_tier"] = before["model_tier"].mask(no_place, "MQL")
    for moment in ("waiting_since", "facts_changed_at"):
        before[moment] = pd.to_datetime(before[moment], utc=True).dt.tz_localize(None)
    return before


def changed_at(leads: pd.DataFrame, before: pd.DataFrame, as_of: datetime) -> pd.Series:
    """Return the night at which a lead's own data last changed; missing where they never did.

    Digests of different columns do not compare: the contract changed, not the leads.

    Parameters
    ----------
    leads
        `facts_digest` of some leads of a night.
    before
        What `remembered` returns of them.
    as_of
        The night, UTC without a zone.
    """
    new, old = leads["facts_digest"], before["facts_digest"]
    differs = new.notna() & old.notna() & (new != old)  # of few leads; the rest need no look
    kinds = (digest[differs].str.split("-").str[0] for digest in (new, old))
    changed = differs.copy()
    changed[differs] = next(kinds) == next(kinds)
    return before["facts_changed_at"].mask(changed, pd.Timestamp(as_of))
