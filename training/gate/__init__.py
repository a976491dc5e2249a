"""Whether a version may score: the rules of promotion, each with its figures."""

from leadscore.training.gate.champion_challenger import Contest, build_for, hold_contest, known_to
from leadscore.training.gate.champion_rules import champion_rules
from leadscore.training.gate.promotion_gate import Verdict, chance, judge, signed

__all__ = [
    "Contest",
    "Verdict",
    "build_for",
    "champion_rules",
    "chance",
    "hold_contest",
    "judge",
    "known_to",
    "signed",
]
