"""The words of the ledger: the tiers, and what may have overruled the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from serving.promises import Tier

TIERS: tuple[Tier, ...] = ("SQL", "MQL", "Nurture", "Disqualified")  # best first

# What overruled the model, as the ledger says it; those of a named rule go on with ": " and it.
ALREADY_SQL = "already_sql"  # sales qualified the lead before the model spoke
HAND_RAISER, DISQUALIFIED, COOL_OFF = "hand_raiser", "disqualified", "cool_off"
WAITING, WAITED_TOO_LONG = "waiting", "waited_too_long"  # above the cut-off, but no place
EXPLORATION = "exploration"  # below the cut-off, and drawn into the control group
