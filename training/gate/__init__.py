"""Whether a version may score: the rules of promotion, each with its figures."""

from leadscore.training.gate.champion_challenger import Contest, build_for, hold_contest, known_to
from leadscore.training.gate.champion_rules import champion_rules
from leadscore.training.gate.promotion_gate import SIGNAL, Verdict, judge, no_signal, signed

__all__ = [
    "SIGNAL",
    "Contest",
    "Verdict",
    "build_for",
    "champion_rules",
    "hold_contest",
    "judge",
    "known_to",
    "no_signal",
    "signed",
]
