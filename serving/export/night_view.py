"""What a summary shows of a night: a little of every lead, and more of the first in line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leadscore.serving.export.spreadsheets import handoffs
from leadscore.serving.ledger import read_leads, read_night

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    import pandas as pd

OF_ALL = (
    "lead_id",
    "as_of",
    "p_sql",
    "p_won",
    "score",
    "tier",
    "model_tier",
    "previous_tier",
    "moved",
    "rule",
    "team",
    "waiting",
    "model_version",
)
REASONS = ("reasons_for", "reasons_against")


def shown_night(directory: Path, as_of: datetime, *, top: int = 5) -> pd.DataFrame:
    """Read what `night_summary` shows, which is little of most leads.

    Parameters
    ----------
    directory
        The project folder.
    as_of
        The night.
    top
        Of how many leads that go to sales the reasons are shown.

    Returns
    -------
    DataFrame
        A row a lead, sorted by `lead_id`: the columns `OF_ALL`, and `REASONS`, which are empty
        but for the first `top` of those who go to sales.
    """
    night = read_night(directory, as_of, columns=OF_ALL)
    first = handoffs(night)["lead_id"].head(top)
    words = read_leads(directory, as_of, first.tolist(), columns=REASONS)
    for name in REASONS:
        told = words[name].reindex(night["lead_id"])
        night[name] = told.where(told.notna(), [()]).to_numpy(dtype=object)
    return night
