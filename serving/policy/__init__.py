"""`tiers.toml`: what marketing and sales agreed that a tier means.

Every setting of the file is a typed field here: promises, rules (hand-raisers, disqualifiers,
cool-off) and their conditions, capacity, hysteresis, control group; and its first draft.
"""

from leadscore.serving.policy.capacity import Capacity, Team
from leadscore.serving.policy.conditions import Condition, all_words, either
from leadscore.serving.policy.draft_policy import draft_policy
from leadscore.serving.policy.phrases import fallback_phrase
from leadscore.serving.policy.policy import (
    MARGIN,
    MODES,
    MQL_MIN_PRECISION,
    NIGHTS,
    OF_A_PROMISE,
    POLICY_FILE,
    SQL_MIN_PRECISION,
    Exploration,
    Hysteresis,
    Mode,
    Policy,
    TierPromise,
    Value,
    load_policy,
    policy_version,
)
from leadscore.serving.policy.rules import CoolOff, HandRaiser, Rule

__all__ = [
    "MARGIN",
    "MODES",
    "MQL_MIN_PRECISION",
    "NIGHTS",
    "OF_A_PROMISE",
    "POLICY_FILE",
    "SQL_MIN_PRECISION",
    "Capacity",
    "Condition",
    "CoolOff",
    "Exploration",
    "HandRaiser",
    "Hysteresis",
    "Mode",
    "Policy",
    "Rule",
    "Team",
    "TierPromise",
    "Value",
    "all_words",
    "draft_policy",
    "either",
    "fallback_phrase",
    "load_policy",
    "policy_version",
]
