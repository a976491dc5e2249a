"""May this model score? Rules with figures; one refusal is enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from leadscore.training.evaluation import Evaluation
    from leadscore.training.leakage import Finding

# No honest lead-scoring model on later leads gets here; a column from after the outcome does.
IMPLAUSIBLE_AUC = 0.95
SIGNAL = "the leads can be told apart"
NOT_RULED_OUT = 0.65  # an AUC worth having; an interval that reaches it says too little, not "no"
OVERRULE_AUC = "auc"  # the name under [audit.overrule] that lets such a model through


@dataclass(frozen=True)
class Rule:
    """What must hold, whether it does, and the figures, with the remedy where it fails."""

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True)
class Verdict:
    """All rules of the gate, passed and failed."""

    rules: tuple[Rule, ...]

    @property
    def passed(self) -> bool:
        """Whether every rule holds."""
        return all(rule.passed for rule in self.rules)

    @property
    def refusals(self) -> tuple[Rule, ...]:
        """The rules that do not hold."""
        return tuple(rule for rule in self.rules if not rule.passed)


def judge(
    evaluation: Evaluation,
    findings: Sequence[Finding] = (),
    *,
    excluded: Sequence[str] = (),
    overruled: Mapping[str, str],
    against_champion: Sequence[Rule] = (),
) -> Verdict:
    """Apply the gate's rules on held-out leads of the funnel's first stage.

    It refuses what nobody should use. A simpler way of scoring that is ahead is no reason to leave
    a company without any; the report says so.

    Parameters
    ----------
    overruled
        The contract's `[audit.overrule]`.
    against_champion
        The rules of `champion_rules`; empty without a champion.
    """
    stage = next(iter(evaluation.metrics))
    own = evaluation.metrics[stage]
    rules = [
        _signal(own, evaluation.later_auc),
        _plausible(own, overruled),
        _leakage(findings, excluded),
    ]
    return Verdict((*rules, *against_champion))


def _signal(own: pd.DataFrame, later: pd.Series[float]) -> Rule:
    """Require that later leads are told apart by more than chance, and the newest quarter too.

    The quarter alone may hold too few conversions to show what the folds before it show.
    """
    auc = own.T["auc"]
    detail = f"AUC {_interval(auc)}"
    if not later.equals(auc):
        detail += f"; over all leads predicted by a model of earlier ones {_interval(later)}"
    if later["low"] > 0.5 and auc["value"] > 0.5:
        return Rule(SIGNAL, passed=True, detail=detail)
    return Rule(SIGNAL, passed=False, detail=f"{detail}. {no_signal(later)}")


def _interval(auc: pd.Series[float]) -> str:
    return f"{auc['value']:.3f} (95 % interval {auc['low']:.3f} to {auc['high']:.3f})"


def no_signal(later: pd.Series[float]) -> str:
    """Say what it means that leads are not told apart: none can be, or too few are known to tell.

    `later` is `Evaluation.later_auc`.
    """
    if later["low"] > 0.5:
        return (
            "Earlier leads could be told apart, the newest cannot: something has changed. Look "
            "for columns or events that newer leads lack, or leave out the time before the change."
        )
    if later["high"] > NOT_RULED_OUT:
        return (
            "That is too little to tell: chance alone could rank so. Wait for more leads to "
            "mature, or bring a longer history."
        )
    return (
        f"There is no signal, {'as' if later['high'] >= 0.5 else 'worse than'} by chance: these "
        "columns do not tell leads that convert from leads that do not. Bring events, or columns "
        "known when the lead arrives."
    )


def _plausible(own: pd.DataFrame, overruled: Mapping[str, str]) -> Rule:
    auc, name = own.T["auc"], "the ranking is plausible"
    if auc["low"] <= IMPLAUSIBLE_AUC:  # or chance explains it
        detail = f"AUC {_interval(auc)} is not above {IMPLAUSIBLE_AUC}"
        return Rule(name, passed=True, detail=detail)
    if OVERRULE_AUC in overruled:
        return Rule(name, passed=True, detail=f"overruled: {overruled[OVERRULE_AUC]}")
    detail = (
        f"AUC {_interval(auc)} is above {IMPLAUSIBLE_AUC}: most likely a column is filled in "
        "after the outcome. Look at the strongest columns; if it is right, say why under "
        f'[audit.overrule] {OVERRULE_AUC} = "…".'
    )
    return Rule(name, passed=False, detail=detail)


def _leakage(findings: Sequence[Finding], excluded: Sequence[str]) -> Rule:
    """Require certain findings to be left out or overruled; suspects follow `audit.suspects`."""
    name = "no open leakage finding"
    kept = [each for each in findings if each.overruled is None and each.column not in excluded]
    certain = [each.column for each in kept if each.severity == "certain"]
    if certain:
        detail = (
            f"{', '.join(certain)} know the outcome and were learnt from. Set them to ignored, or "
            "say under [audit.overrule] why they are known when a lead is scored"
        )
        return Rule(name, passed=False, detail=detail)
    away = len(findings) - len(kept)
    detail = f"{away} column{'' if away == 1 else 's'} left out or overruled"
    if kept:
        suspects = ", ".join(each.column for each in kept)
        detail += f'; suspects kept by audit.suspects = "keep": {suspects}'
    return Rule(name, passed=True, detail=detail)


def signed(row: pd.Series[float], *, digits: int = 3) -> str:
    """Show a difference with its interval."""
    low, high = row["low"], row["high"]
    return f"{row['value']:+.{digits}f} ({low:+.{digits}f} to {high:+.{digits}f})"
