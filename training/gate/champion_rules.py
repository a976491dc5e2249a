"""The gate's rules against the champion, on leads that neither version learnt from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from leadscore.training.calibration import log_losses
from leadscore.training.dataset import MIN_JUDGED
from leadscore.training.evaluation import compare, rank, rarer, weighed
from leadscore.training.gate.promotion_gate import Rule, signed
from leadscore.training.gate.segment_regressions import segment_gaps

if TYPE_CHECKING:
    import pandas as pd

    from leadscore.training.gate.champion_challenger import Contest

# Of what the champion gains over the rate (in log loss) or over chance (in AUC), this share
# may be lost before a challenger counts as worse: the margin of a non-inferiority trial that must
# preserve nine tenths of the effect. A thousand held-out leads are enough to see it.
MARGIN = 0.1
NEGLIGIBLE_MISS = 0.02  # of the conversion rate: a forecast of 100 conversions moves by 2
FRESHER_DAYS = 28  # a month's leads; fewer add little to learn from
BETTER = "better than the champion"


@dataclass(frozen=True)
class Margins:
    """By how much log loss and AUC may be worse and still count as equal."""

    loss: float
    auc: float


def champion_rules(contest: Contest) -> list[Rule]:
    """Apply the rules that a challenger must meet against the champion.

    It is *better* when the 95 % interval of the difference in log loss lies below zero. Where
    that cannot be shown, it may replace the champion as its *equal*, if it has learnt from a
    month of newer leads: its log loss is no higher, and the intervals rule out that it loses
    more than a tenth of what the champion gains. Without this, a champion that cannot be beaten
    beyond chance stays although models age. Nor may it be worse in calibration, in any large
    segment, or at any later stage.
    """
    missing = [stage for stage in contest.stages if stage not in contest.rows]
    rules = [_keeps(stage, contest.version) for stage in missing]
    if not contest.rows:
        return rules
    first, *later = contest.rows
    rows = contest.rows[first]
    if rarer(rows["outcome"]) < MIN_JUDGED:
        return [*rules, Rule(BETTER, passed=False, detail=_too_few(rows))]
    difference, margins = _difference(rows), margins_of(rows)
    rules += [
        _better(difference, rows, margins, days_newer=contest.days_newer),
        _calibrated(difference, rate=float(rows["outcome"].mean())),
        _in_segments(rows, contest.segments[first], limit=margins.loss),
    ]
    return rules + [_later(stage, contest.rows[stage]) for stage in later]


def margins_of(rows: pd.DataFrame) -> Margins:
    """Compute the margins from the champion's metrics on rows of `outcome`, `champion`, `cluster`.

    They are zero where the champion is no better than the rate, or than chance.
    """
    ranked = rank(rows["outcome"], rows["champion"], rows["cluster"])
    own = weighed(ranked, np.ones(len(rows)))
    rate = float(rows["outcome"].mean())
    loss_of_rate = float(log_losses(rows["outcome"], np.full(len(rows), rate)).mean())
    gain_in_loss, gain_in_auc = loss_of_rate - own["log_loss"], own["auc"] - 0.5
    return Margins(MARGIN * max(gain_in_loss, 0.0), MARGIN * max(gain_in_auc, 0.0))


def _keeps(stage: str, version: str) -> Rule:
    detail = (
        f"champion {version} scores {stage}, this version does not: too few leads have matured. "
        f"Bring a longer history, or promote by hand if {stage} is no longer wanted"
    )
    return Rule(f"scores {stage} as the champion does", passed=False, detail=detail)


def _too_few(rows: pd.DataFrame) -> str:
    found = "no held-out lead is" if rows.empty else f"only {_counted(rows)} are"
    return (
        f"{found} unknown to the champion, too few to compare the two. Wait until newer leads "
        'have matured, or promote by hand: leadscore models promote VERSION --why "…"'
    )


def _counted(rows: pd.DataFrame) -> str:
    return (
        f"{rows['lead_id'].nunique():,} leads ({len(rows):,} snapshots, "
        f"{int(rows['outcome'].sum()):,} reached it)"
    )


def _better(
    difference: pd.DataFrame, rows: pd.DataFrame, margins: Margins, *, days_newer: int | None
) -> Rule:
    auc, loss = difference.T["auc"], difference.T["log_loss"]
    figures = (
        f"log loss {signed(loss, digits=4)}, AUC {signed(auc)} on {_counted(rows)} that neither "
        "learnt from"
    )
    if auc["high"] < 0:
        return Rule(BETTER, passed=False, detail=f"{figures}: it ranks worse")
    if loss["high"] < 0:
        return Rule(BETTER, passed=True, detail=figures)
    is_equal = loss["value"] <= 0 and loss["high"] <= margins.loss and auc["low"] >= -margins.auc
    is_fresher = days_newer is not None and days_newer >= FRESHER_DAYS
    if is_equal and is_fresher:
        detail = (
            f"{figures}: an equal (surely not {margins.loss:.4f} worse in log loss, nor "
            f"{margins.auc:.3f} in AUC) that has learnt from {days_newer} days of newer leads"
        )
        return Rule(BETTER, passed=True, detail=detail)
    reason = _why_not(loss, auc, margins, is_fresher=is_fresher)
    return Rule(BETTER, passed=False, detail=f"{figures}: {reason}")


def _why_not(
    loss: pd.Series[float], auc: pd.Series[float], margins: Margins, *, is_fresher: bool
) -> str:
    if loss["low"] > 0:
        return "it is worse"
    if not is_fresher:
        return (
            "not shown to be better, and an equal replaces the champion only after "
            f"{FRESHER_DAYS} days of newer leads"
        )
    if loss["value"] > 0:
        return "not shown to be better, and no equal: its log loss is higher"
    return (
        "not shown to be better, nor an equal: it may still be worse by "
        f"{max(float(loss['high']), 0):.4f} in log loss ({margins.loss:.4f} is allowed) or by "
        f"{max(-float(auc['low']), 0):.3f} in AUC ({margins.auc:.3f} is allowed)"
    )


def _calibrated(difference: pd.DataFrame, *, rate: float) -> Rule:
    error, limit = difference.T["calibration_error"], NEGLIGIBLE_MISS * rate
    return _within(
        "not worse calibrated than the champion",
        f"calibration error {signed(error, digits=4)}",
        f", surely more than {limit:.4f} worse ({NEGLIGIBLE_MISS:.0%} of the rate)",
        passed=bool(error["low"] <= limit),
    )


def _in_segments(rows: pd.DataFrame, segments: pd.DataFrame, *, limit: float) -> Rule:
    name = "not worse than the champion in any large segment"
    gaps = segment_gaps(rows, segments)
    if not gaps:
        return Rule(name, passed=True, detail="no segment is large enough to tell")
    worst = max(gaps, key=lambda gap: gap.low)
    return _within(
        name,
        f"worst of {len(gaps)}, {worst.words} ({worst.leads:,} leads): log loss "
        f"{worst.value:+.4f}, at least {worst.low:+.4f}",
        f" allowing for {len(gaps)} looks; more than {limit:.4f} is refused",
        passed=bool(worst.low <= limit),
    )


def _later(stage: str, rows: pd.DataFrame) -> Rule:
    name = f"not worse than the champion at {stage}"
    if rarer(rows["outcome"]) < MIN_JUDGED:
        return Rule(name, passed=True, detail="too few leads have matured to tell")
    loss, limit = _difference(rows).T["log_loss"], margins_of(rows).loss
    return _within(
        name,
        f"log loss {signed(loss, digits=4)} on {_counted(rows)}",
        f", surely more than {limit:.4f} worse",
        passed=bool(loss["low"] <= limit),
    )


def _difference(rows: pd.DataFrame) -> pd.DataFrame:
    return compare(rows["outcome"], rows["propensity"], rows["champion"], rows["cluster"])


def _within(name: str, figures: str, excess: str, *, passed: bool) -> Rule:
    return Rule(name, passed, figures if passed else figures + excess)
