"""The ledger's names for tiers, and for what overruled the model."""

from __future__ import annotations

from typing import Literal

Tier = Literal["SQL", "MQL", "Nurture", "Disqualified"]
TIERS: tuple[Tier, ...] = ("SQL", "MQL", "Nurture", "Disqualified")  # best first

# What overruled the model; those of a named rule go on with ": " and its name.
ALREADY_SQL = "already_sql"  # sales had qualified the lead already
HAND_RAISER, DISQUALIFIED, COOL_OFF = "hand_raiser", "disqualified", "cool_off"
WAITING, WAITED_TOO_LONG = "waiting", "waited_too_long"  # above the cut-off, but no place
EXPLORATION = "exploration"  # below the cut-off, and drawn into the control group

RULE_WORDS = {
    ALREADY_SQL: "already qualified by sales",
    HAND_RAISER: "asked for it",
    DISQUALIFIED: "disqualified",
    COOL_OFF: "cooling off after sales sent it back",
    WAITING: "waiting for a place",
    WAITED_TOO_LONG: "waited too long for a place",
    EXPLORATION: "control group, drawn by lot",
}


def rule_words(rule: str) -> str:
    """Say for people what overruled the model.

    Examples
    --------
    >>> rule_words("cool_off: timing"), rule_words("waiting")
    ('cooling off after sales sent it back: timing', 'waiting for a place')
    """
    kind, colon, name = rule.partition(": ")
    return f"{RULE_WORDS.get(kind, kind)}{colon}{name}"
