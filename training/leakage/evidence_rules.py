"""What a column's cells and name say against it: whether it knows the outcome already."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from leadscore.features.contract import (
    mentions,
    overwritten_state,
    speaks_of_outcome,
    words_of,
)
from leadscore.training.leakage.column_power import Levels, Power, single_column_power

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

Weight = Literal["strong", "moderate", "weak"]

# Columns known when a lead comes in (channel, company, behaviour) rank alone at 0.80 at the very
# best in published lead data; what is above is read off the outcome, or off somebody's verdict.
HONEST_AUC = 0.80
IMPLAUSIBLE_AUC = 0.83  # HONEST_AUC with room for chance; its lower bound must exceed HONEST_AUC
NEAR_PERFECT_AUC = 0.92
NEAR_PERFECT_LOWER = 0.87

# Forms that are filled in by interested leads give a missingness AUC up to 0.65 (measured on real
# data); an AUC of 0.72 takes shares such as 60 % of one outcome and 16 % of the other.
MISSINGNESS_AUC = 0.72
MISSINGNESS_LOWER = 0.67
DECISIVE_MISSINGNESS_AUC = 0.85

# An odds factor of 19 turns a base rate of one half into 95 %. As a factor it means the same at
# every base rate: what the base rate explains is taken out.
DECISIVE_FACTOR = 19.0
DECISIVE_SHARE_OF_ONE = 0.35  # referrals convert above 90 % too, but are a quarter of the wins
DECISIVE_SHARE_OF_LOST = 0.50
PRESENT_SHARE = (
    0.25  # of one outcome's leads that have the cell; below it is a rare channel's field
)
NAMED_LEVEL_SHARE = 0.10  # of one outcome's leads in levels called "converted" and the like

MUCH_MISSING = 0.20  # below this a column is not "filled in later", just imperfect
JUDGED_FILLED = 0.30
JUDGED_FACTOR = 10.0  # times as often filled in for leads whose outcome is known
FEWEST_UNJUDGED = 50

FADING_AUC = 0.15  # lost from the oldest to the newest quarter; drift of channels takes 0.05-0.10
FADING_FROM = 0.70
FADING_ERRORS = 4.0  # standard errors; with dozens of columns, three happen by chance
FEWEST_FADING = 50  # of each outcome in a quarter; below it the standard error is itself a guess

# What a name must have beside it to make a suspect.
JUDGEMENT_AUC_WHERE_FILLED = 0.65
JUDGEMENT_AUC = 0.70
STATE_AUC = 0.65

LEVEL_WORDS = (
    *(
        "won",
        "closed",
        "converted",
        "conversion",
        "purchased",
        "bought",
        "signed",
        "contract",
        "paid",
    ),
    *("invoice", "invoiced", "sold", "lost", "deal", "onboarding", "rejected", "not interested"),
)


@dataclass(frozen=True)
class Evidence:
    """One observation against a column; `weight` says how far it goes alone."""

    kind: str
    weight: Weight
    text: str


@dataclass(frozen=True)
class Case:
    """A column and the outcomes it is held against.

    Parameters
    ----------
    name
        The column's name.
    levels
        Its cells as levels, one a lead.
    outcome
        float64 of shape (n,): 1, 0, or NaN where not yet known.
    age_order
        int64 of shape (n,): the leads from oldest to newest; None without dates.
    """

    name: str
    levels: Levels
    outcome: NDArray[np.float64]
    age_order: NDArray[np.int64] | None

    @property
    def judged(self) -> NDArray[np.bool_]:
        """Leads whose outcome is known."""
        return ~np.isnan(self.outcome)


def evidence_against(case: Case) -> tuple[Power, list[Evidence]]:
    """Collect what speaks against a column.

    Parameters
    ----------
    case
        The column and the outcomes.

    Returns
    -------
    tuple
        The column's power alone, and the evidence, heaviest first.
    """
    power = single_column_power(case.levels.codes[case.judged], case.outcome[case.judged])
    found = [
        *_too_good(power),
        *_follows_missingness(power),
        *_one_outcome_only(case),
        *_judged_only(case),
        *_near_certain_levels(case),
        *_named_levels(case),
        *_fades(case),
    ]
    found += _name(case.name, power)
    order = ("strong", "moderate", "weak")
    return power, sorted(found, key=lambda each: order.index(each.weight))


def _too_good(power: Power) -> Iterator[Evidence]:
    where = (
        f"; where it is filled in ({1 - power.missing_share:.0%} of leads) {power.auc_filled:.2f}"
    )
    much_missing = power.missing_share >= MUCH_MISSING
    text = f"alone it ranks leads with an AUC of {power.auc:.2f}{where if much_missing else ''}"
    if power.auc >= NEAR_PERFECT_AUC and power.lower >= NEAR_PERFECT_LOWER:
        yield Evidence("near-perfect", "strong", text)
    elif power.auc >= IMPLAUSIBLE_AUC and power.lower >= HONEST_AUC:
        yield Evidence("implausible power", "moderate", text)
    elif much_missing and power.auc_filled >= IMPLAUSIBLE_AUC and power.lower_filled >= HONEST_AUC:
        yield Evidence("power where filled in", "moderate", text)


def _follows_missingness(power: Power) -> Iterator[Evidence]:
    if power.auc_missing < MISSINGNESS_AUC or power.lower_missing < MISSINGNESS_LOWER:
        return
    text = (
        f"whether it is filled in follows the outcome (AUC {power.auc_missing:.2f}): "
        f"{power.filled_positive:.0%} of those who converted, "
        f"{power.filled_negative:.0%} of the others"
    )
    decisive = power.auc_missing >= DECISIVE_MISSINGNESS_AUC
    yield Evidence("missingness", "strong" if decisive else "moderate", text)


def _one_outcome_only(case: Case) -> Iterator[Evidence]:
    """Present (or absent) almost only for one outcome, though for few: missingness AUC is low."""
    filled = case.levels.codes[case.judged] >= 0
    outcome = case.outcome[case.judged]
    for present, word in ((filled, "filled in"), (~filled, "missing")):
        for side, who in ((1.0, "converted"), (0.0, "did not convert")):
            of_side = float(present[outcome == side].mean())
            factor = _least_factor(present, outcome == side)
            if of_side >= PRESENT_SHARE and factor >= DECISIVE_FACTOR:
                text = (
                    f"it is {word} for {of_side:.0%} of the leads that {who} and for "
                    f"{present[outcome != side].mean():.1%} of the others"
                )
                yield Evidence("one outcome only", "moderate", text)
                return


def _judged_only(case: Case) -> Iterator[Evidence]:
    """Find columns filled in once the outcome is known, among leads of the same age if dated."""
    chosen = np.ones(len(case.outcome), dtype=bool) if case.age_order is None else _same_ages(case)
    judged, unjudged = case.judged & chosen, ~case.judged & chosen
    if min(judged.sum(), unjudged.sum()) < FEWEST_UNJUDGED:
        return
    filled = case.levels.codes >= 0
    share = float(filled[judged].mean())
    if share >= JUDGED_FILLED and _least_factor(filled[chosen], judged[chosen]) >= JUDGED_FACTOR:
        text = (
            f"it is filled in for {share:.0%} of the leads whose outcome is known "
            f"and for {filled[unjudged].mean():.1%} of those still open"
        )
        yield Evidence("judged leads only", "moderate", text)


def _same_ages(case: Case) -> NDArray[np.bool_]:
    """Leads from the span of ages in which both judged and open ones occur."""
    rank = np.empty(len(case.outcome), dtype=np.int64)
    rank[case.age_order] = np.arange(len(rank))
    if case.judged.all() or not case.judged.any():
        return np.zeros(len(rank), dtype=bool)
    first = max(rank[case.judged].min(), rank[~case.judged].min())
    last = min(rank[case.judged].max(), rank[~case.judged].max())
    same: NDArray[np.bool_] = (rank >= first) & (rank <= last)
    return same


def _near_certain_levels(case: Case) -> Iterator[Evidence]:
    outcome = case.outcome[case.judged]
    codes = case.levels.codes[case.judged]
    won, lost = _decisive_levels(codes, outcome == 1), _decisive_levels(codes, outcome == 0)
    share_won = float(np.isin(codes[outcome == 1], won).mean())
    share_lost = float(np.isin(codes[outcome == 0], lost).mean())
    if share_won < DECISIVE_SHARE_OF_ONE and share_lost < DECISIVE_SHARE_OF_LOST:
        return
    strong = share_won >= DECISIVE_SHARE_OF_LOST and share_lost >= DECISIVE_SHARE_OF_ONE
    text = (
        f"{share_won:.0%} of the leads that converted are in levels that convert almost surely "
        f"({_rate(codes, outcome, won)}), {share_lost:.0%} of the others in levels that hardly "
        f"ever do ({_rate(codes, outcome, lost)}; overall {outcome.mean():.0%})"
    )
    yield Evidence("near-certain levels", "strong" if strong else "moderate", text)


def _rate(codes: NDArray[np.int64], outcome: NDArray[np.float64], levels: list[int]) -> str:
    inside = np.isin(codes, levels)
    return f"{outcome[inside].mean():.1%} of {inside.sum():,}" if inside.any() else "none"


def _decisive_levels(codes: NDArray[np.int64], side: NDArray[np.bool_]) -> list[int]:
    """Levels that are surely DECISIVE_FACTOR times as frequent on one side as on the other."""
    counts = np.bincount(codes[codes >= 0], minlength=1)
    common = np.flatnonzero(counts >= 5)  # from fewer nothing is sure
    inside_side = np.bincount(codes[(codes >= 0) & side], minlength=len(counts))
    total, total_side = len(codes), int(side.sum())
    return [
        int(level)
        for level in common
        if _factor_bound(
            inside_side[level], total_side, counts[level] - inside_side[level], total - total_side
        )
        >= DECISIVE_FACTOR
    ]


def _named_levels(case: Case) -> Iterator[Evidence]:
    """Levels whose very name is an outcome, and which have that outcome."""
    outcome, codes = case.outcome[case.judged], case.levels.codes[case.judged]
    for side in (1.0, 0.0):
        named = [
            level
            for level in _decisive_levels(codes, outcome == side)
            if mentions(words_of(case.levels.names[level]), LEVEL_WORDS)
        ]
        share = float(np.isin(codes[outcome == side], named).mean()) if named else 0.0
        if share >= NAMED_LEVEL_SHARE:
            shown = ", ".join(repr(case.levels.names[level]) for level in named[:3])
            text = f"{shown} names the outcome: {_rate(codes, outcome, named)} converted"
            yield Evidence("named level", "moderate", text)


def _fades(case: Case) -> Iterator[Evidence]:
    """Power that fresh leads do not show: it came with the outcome."""
    if case.age_order is None:
        return
    ordered = case.age_order[case.judged[case.age_order]]
    quarters = (ordered[: len(ordered) // 4], ordered[-(len(ordered) // 4) :])
    fewest = min(min((case.outcome[rows] == side).sum() for side in (0, 1)) for rows in quarters)
    if fewest < FEWEST_FADING:
        return
    old, fresh = (
        single_column_power(case.levels.codes[rows], case.outcome[rows]) for rows in quarters
    )
    lost = old.auc - fresh.auc
    error = math.hypot(old.error, fresh.error)
    if old.auc >= FADING_FROM and lost >= FADING_AUC and lost >= FADING_ERRORS * error:
        text = (
            f"its AUC falls from {old.auc:.2f} on the oldest quarter of the leads "
            f"to {fresh.auc:.2f} on the newest"
        )
        yield Evidence("fades on fresh leads", "moderate", text)


def _name(name: str, power: Power) -> Iterator[Evidence]:
    """Weigh the name where figures bear it out; a name alone proves nothing."""
    reason = speaks_of_outcome(name)
    if reason is None:
        return
    filled_later = (
        power.missing_share >= MUCH_MISSING
        and power.auc_filled - 2 * power.error_filled >= JUDGEMENT_AUC_WHERE_FILLED - 0.05
        and power.auc_filled >= JUDGEMENT_AUC_WHERE_FILLED
    )
    least = STATE_AUC if overwritten_state(name) else JUDGEMENT_AUC
    powerful = power.auc >= least and power.lower >= least - 0.05
    if filled_later:
        text = (
            f"{reason}; missing in {power.missing_share:.0%} of leads, "
            f"AUC {power.auc_filled:.2f} where somebody filled it in"
        )
        yield Evidence("judgement", "weak", text)
    elif powerful:
        text = f"{reason}; AUC {power.auc:.2f} alone"
        yield Evidence(
            "overwritten state" if overwritten_state(name) else "judgement", "weak", text
        )


def _least_factor(present: NDArray[np.bool_], side: NDArray[np.bool_]) -> float:
    """How many times as often something is present on one side, at the least."""
    on_side, off_side = int(present[side].sum()), int(present[~side].sum())
    return _factor_bound(on_side, int(side.sum()), off_side, int((~side).sum()))


def _factor_bound(on_side: int, of_side: int, off_side: int, of_others: int) -> float:
    """Lower 95 % bound of a ratio of two shares (log method, half a case added to each)."""
    share, other = (on_side + 0.5) / (of_side + 0.5), (off_side + 0.5) / (of_others + 0.5)
    error = math.sqrt(
        1 / (on_side + 0.5) - 1 / (of_side + 0.5) + 1 / (off_side + 0.5) - 1 / (of_others + 0.5)
    )
    return float(share / other * math.exp(-1.96 * error))
