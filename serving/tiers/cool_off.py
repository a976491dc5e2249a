"""Which leads are cooling off after sales sent them back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import numpy.typing as npt

    from leadscore.serving.policy import CoolOff


def cooling(
    leads: pd.DataFrame, changed_at: pd.Series, rules: Sequence[CoolOff], *, as_of: datetime
) -> npt.NDArray[np.object_]:
    """Name the rule by which each lead is not offered to sales tonight.

    Parameters
    ----------
    leads
        A row a lead: `setback_at` (datetime, UTC), `setback_reason` (text): the latest rejection.
    changed_at
        On the same index: the night at which its own data were last seen to have changed.
    rules
        How long leads cool off, by reason; the first that names the reason counts.
    as_of
        The night, UTC without a zone.

    Returns
    -------
    ndarray of object
        The rule's name, None for a lead that is not cooling off.
    """
    names = np.full(len(leads), None, dtype=object)
    for rule in reversed(rules):
        wanted = [reason.lower() for reason in rule.reasons]
        concerned = leads["setback_reason"].str.lower().isin(wanted)
        if rule.days is not None:
            over = pd.Timestamp(as_of) - leads["setback_at"] >= timedelta(days=rule.days)
        else:
            over = changed_at > leads["setback_at"]
        names[concerned.to_numpy()] = None  # an earlier rule may say otherwise than a later one
        names[(concerned & ~over).to_numpy(dtype=bool)] = rule.name
    return names
