"""Texts about a lead, for people.

Reasons for and against, the brief for sales, what to ask for, and what changed since last time.
"""

from leadscore.serving.explanations.change_parts import Cause, Part, Split
from leadscore.serving.explanations.handoff_texts import handoff_words
from leadscore.serving.explanations.historical_features import retrace
from leadscore.serving.explanations.score_change import Change, Stops, Verdict, change_between

__all__ = [
    "Cause",
    "Change",
    "Part",
    "Split",
    "Stops",
    "Verdict",
    "change_between",
    "handoff_words",
    "retrace",
]
