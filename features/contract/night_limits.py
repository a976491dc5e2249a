"""How much a night may differ from the one before, and from what the model learnt from."""

from __future__ import annotations

from pydantic import Field

from leadscore.features.core import Settings


class Limits(Settings):
    """What holds a night back until a person has looked at it.

    Parameters
    ----------
    leads_factor
        By how much the number of open leads may grow or shrink.
    tier_factor
        By how much the share of SQL or MQL may, beyond what chance would do.
    mean_factor
        By how much the average propensity may.
    unseen_share
        Which share of a text column's filled-in cells may hold words the model never saw.
    unseen_cells
        With fewer filled-in cells nothing is said of a column.
    """

    leads_factor: float = Field(default=2.0, gt=1)  # an import of a fair's list is less
    tier_factor: float = Field(default=3.0, gt=1)
    mean_factor: float = Field(default=2.0, gt=1)  # between the best and the worst month is less
    unseen_share: float = Field(default=0.5, gt=0, le=1)
    unseen_cells: int = Field(default=100, ge=1)
