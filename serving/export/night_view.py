"""What a summary shows of a night: few columns of every lead, and reasons of the best."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leadscore.serving.export.list_columns import handoffs
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
    """Read the columns of a night that `night_summary` shows.

    Returns
    -------
    DataFrame
        A row a lead, sorted by `lead_id`: the columns `OF_ALL`, and `REASONS`, which are empty
        but for the best `top` of the handoffs.
    """
    night = read_night(directory, as_of, columns=OF_ALL)
    first = handoffs(night)["lead_id"].head(top)
    words = read_leads(directory, as_of, first.tolist(), columns=REASONS)
    for name in REASONS:
        told = words[name].reindex(night["lead_id"])
        night[name] = told.where(told.notna(), [()]).to_numpy(dtype=object)
    return night
