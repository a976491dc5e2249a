"""Texts about a lead, for people.

Reasons for and against, the brief for sales, what to ask for, and what changed since last time.
"""

from leadscore.serving.explanations.handoff_texts import handoff_words
from leadscore.serving.explanations.score_change import (
    Cause,
    Change,
    HistoricalFeatures,
    Part,
    ScoreRecord,
    Split,
    change_between,
    historical_features,
)

__all__ = [
    "Cause",
    "Change",
    "HistoricalFeatures",
    "Part",
    "ScoreRecord",
    "Split",
    "change_between",
    "handoff_words",
    "historical_features",
]
