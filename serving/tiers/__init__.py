"""Which lead gets which tier.

Cut-offs that keep a promise, the model's tier with hysteresis, rules over it, cool-off, control
group, capacity and the waiting queue; and the policy described in sentences.
"""

from leadscore.serving.tiers.assign_tiers import decide, offer, settle, share_places
from leadscore.serving.tiers.capacity_allocation import Allocation, places_used
from leadscore.serving.tiers.cutoffs import CutOffs, TierCut, cut_offs
from leadscore.serving.tiers.describe_policy import sentences
from leadscore.serving.tiers.first_crossings import Evidence
from leadscore.serving.tiers.model_tiers import Bar, find_bars
from leadscore.serving.tiers.previous_night import REMEMBERED, remembered
from leadscore.serving.tiers.tier_names import ALREADY_SQL, TIERS, rule_words
from leadscore.serving.tiers.waiting_queue import ProvisionalTiers, Queue

__all__ = [
    "ALREADY_SQL",
    "REMEMBERED",
    "TIERS",
    "Allocation",
    "Bar",
    "CutOffs",
    "Evidence",
    "ProvisionalTiers",
    "Queue",
    "TierCut",
    "cut_offs",
    "decide",
    "find_bars",
    "offer",
    "places_used",
    "remembered",
    "rule_words",
    "sentences",
    "settle",
    "share_places",
]
