"""May this model score? Rules with figures; one refusal is enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from training.metrics import compare, measure

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

# No honest lead-scoring model on later leads gets here; a column from after the outcome does.
IMPLAUSIBLE_AUC = 0.95
OVERRULE_AUC = "auc"  # the name under [audit.overrule] that lets such a model through


@dataclass(frozen=True)
class Rule:
    """One rule of the gate and how it went.

    Parameters
    ----------
    name
        What must hold.
    passed
        Whether it does.
    detail
        The figures, and where it fails the remedy.
    """

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True)
class Verdict:
    """What the gate says.

    Parameters
    ----------
    rules
        All rules, passed and failed.
    """

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
    outcome: pd.Series[float],
    propensity: pd.Series[float],
    cluster: pd.Series[str],
    *,
    baselines: pd.DataFrame,
    champion: pd.Series[float] | None,
    overruled: Mapping[str, str],
) -> Verdict:
    """Apply the gate's rules on held-out leads.

    Parameters
    ----------
    outcome, propensity, cluster
        Of the held-out snapshots of the funnel's first stage.
    baselines
        Propensities of each baseline for the same snapshots.
    champion
        The champion's propensities; missing where it had learnt from the lead. None without one.
    overruled
        The contract's `[audit.overrule]`.

    Returns
    -------
    Verdict
    """
    own = measure(outcome, propensity, cluster)
    rules = [_signal(own), _plausible(own, overruled)]
    rules += [
        _beats(str(name), outcome, propensity, other, cluster) for name, other in baselines.items()
    ]
    if champion is not None:
        rules.append(_beats_champion(outcome, propensity, champion, cluster))
    return Verdict(tuple(rules))


def _signal(own: pd.DataFrame) -> Rule:
    auc = own.T["auc"]
    shown = _with_interval(auc)
    if auc["low"] > 0.5:
        return Rule("the leads can be told apart", passed=True, detail=f"AUC {shown}")
    detail = (
        f"AUC {shown}: {chance(auc)}. There is no signal: these columns do not tell leads that "
        "convert from leads that do not. Bring events, or columns known when the lead arrives."
    )
    return Rule("the leads can be told apart", passed=False, detail=detail)


def chance(auc: pd.Series[float]) -> str:
    """Say how an interval that begins at or below 0.5 stands to chance."""
    return "the interval covers 0.5" if auc["high"] >= 0.5 else "worse than chance"


def _plausible(own: pd.DataFrame, overruled: Mapping[str, str]) -> Rule:
    auc, name = own.T["auc"], "the ranking is plausible"
    if auc["value"] <= IMPLAUSIBLE_AUC:
        detail = f"AUC {auc['value']:.3f}, at most {IMPLAUSIBLE_AUC}"
        return Rule(name, passed=True, detail=detail)
    if OVERRULE_AUC in overruled:
        return Rule(name, passed=True, detail=f"overruled: {overruled[OVERRULE_AUC]}")
    detail = (
        f"AUC {auc['value']:.3f} is above {IMPLAUSIBLE_AUC}: most likely a column is filled in "
        "after the outcome. Look at the strongest columns; if it is right, say why under "
        f'[audit.overrule] {OVERRULE_AUC} = "…".'
    )
    return Rule(name, passed=False, detail=detail)


def _beats(
    baseline: str,
    outcome: pd.Series[float],
    propensity: pd.Series[float],
    other: pd.Series[float],
    cluster: pd.Series[str],
) -> Rule:
    """Better than the average is a must; against a ranking, not shown to be worse."""
    name = f"at least as good as {baseline.replace('_', ' ')}"
    difference = compare(outcome, propensity, other, cluster)
    auc, loss = difference.T["auc"], difference.T["log_loss"]
    passed = bool(auc["high"] >= 0 and loss["low"] <= 0)
    if baseline == "overall_rate":
        passed = bool(loss["value"] < 0)
    detail = f"AUC {_signed(auc)}, log loss {_signed(loss, digits=4)}"
    if not passed:
        detail += f". Use {baseline.replace('_', ' ')}, or bring more leads"
    return Rule(name, passed, detail)


def _beats_champion(
    outcome: pd.Series[float],
    propensity: pd.Series[float],
    champion: pd.Series[float],
    cluster: pd.Series[str],
) -> Rule:
    name = "better than the champion"
    unseen = champion.notna()
    if outcome[unseen].nunique() < 2:
        detail = (
            "the champion learnt from all leads that could compare the two; wait until newer "
            "leads have matured, or promote by hand with `leadscore models promote`"
        )
        return Rule(name, passed=False, detail=detail)
    difference = compare(outcome[unseen], propensity[unseen], champion[unseen], cluster[unseen])
    loss = difference.T["log_loss"]
    passed = bool(loss["high"] < 0)
    detail = (
        f"log loss {_signed(loss, digits=4)}, AUC {_signed(difference.T['auc'])} on "
        f"{int(unseen.sum()):,} leads that neither learnt from"
    )
    return Rule(name, passed, detail)


def _with_interval(row: pd.Series[float]) -> str:
    return f"{row['value']:.3f} (95 % interval {row['low']:.3f} to {row['high']:.3f})"


def _signed(row: pd.Series[float], *, digits: int = 3) -> str:
    low, high = row["low"], row["high"]
    return f"{row['value']:+.{digits}f} ({low:+.{digits}f} to {high:+.{digits}f})"
