"""The rules of the audit: what in a column's cells and name shows that it knows the outcome."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from leadscore.features.contract import mentions, overwritten_state, speaks_of_outcome, words_of
from leadscore.training.leakage import thresholds as at
from leadscore.training.leakage.column_power import Auc, Levels, Power, single_column_power

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

Weight = Literal["strong", "moderate", "weak"]


@dataclass(frozen=True)
class Evidence:
    """One observation against a column; `weight` says how far it goes alone."""

    kind: str
    weight: Weight
    text: str


@dataclass(frozen=True)
class ColumnData:
    """A column of the leads table beside the outcomes."""

    name: str
    levels: Levels
    outcome: NDArray[np.float64]  # 1, 0, or NaN where not yet known
    age_order: NDArray[np.int64] | None  # rows from the oldest lead to the newest, where dated

    @property
    def is_known(self) -> NDArray[np.bool_]:
        """Where the outcome is known."""
        return ~np.isnan(self.outcome)

    @property
    def known(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Codes and outcomes of the leads whose outcome is known."""
        return self.levels.codes[self.is_known], self.outcome[self.is_known]


def evidence_against(column: ColumnData) -> tuple[Power, list[Evidence]]:
    """Apply every rule; return the column's power alone and the evidence, strongest first."""
    power = single_column_power(*column.known)
    found = [
        *_too_good(power),
        *_follows_missingness(power),
        *_one_outcome_only(column),
        *_known_outcomes_only(column),
        *_near_certain_levels(column),
        *_named_levels(column),
        *_fades(column),
        *_name(column.name, power),
    ]
    order = ("strong", "moderate", "weak")
    return power, sorted(found, key=lambda each: order.index(each.weight))


def _too_good(power: Power) -> Iterator[Evidence]:
    whole, filled = power.auc, power.auc_filled
    much_missing = power.missing_share >= at.MUCH_MISSING
    where = f"; where it is filled in ({1 - power.missing_share:.0%} of leads) {filled.value:.2f}"
    text = f"alone it ranks leads with an AUC of {whole.value:.2f}{where if much_missing else ''}"
    if whole.value >= at.NEAR_PERFECT_AUC and whole.lower >= at.NEAR_PERFECT_LOWER:
        yield Evidence("near-perfect", "strong", text)
    elif whole.value >= at.IMPLAUSIBLE_AUC and whole.lower >= at.HONEST_AUC:
        yield Evidence("implausible power", "moderate", text)
    elif much_missing and filled.value >= at.IMPLAUSIBLE_AUC and filled.lower >= at.HONEST_AUC:
        yield Evidence("power where filled in", "moderate", text)


def _follows_missingness(power: Power) -> Iterator[Evidence]:
    auc = power.auc_missing
    if auc.value < at.MISSINGNESS_AUC or auc.lower < at.MISSINGNESS_LOWER:
        return
    text = (
        f"whether it is filled in follows the outcome (AUC {auc.value:.2f}): "
        f"{power.filled_positive:.0%} of those who converted, "
        f"{power.filled_negative:.0%} of the others"
    )
    decisive = auc.value >= at.DECISIVE_MISSINGNESS_AUC
    yield Evidence("missingness", "strong" if decisive else "moderate", text)


def _one_outcome_only(column: ColumnData) -> Iterator[Evidence]:
    """Present (or absent) almost only for one outcome, though for few: missingness AUC is low."""
    codes, outcome = column.known
    for present, word in ((codes >= 0, "filled in"), (codes < 0, "missing")):
        for side, who in ((1.0, "converted"), (0.0, "did not convert")):
            share = float(present[outcome == side].mean())
            factor = _least_factor(present, outcome == side)
            if share >= at.PRESENT_SHARE and factor >= at.DECISIVE_FACTOR:
                text = (
                    f"it is {word} for {share:.0%} of the leads that {who} and for "
                    f"{present[outcome != side].mean():.1%} of the others"
                )
                yield Evidence("one outcome only", "moderate", text)
                return


def _known_outcomes_only(column: ColumnData) -> Iterator[Evidence]:
    """Find columns filled in once the outcome is known, among leads of the same age if dated."""
    chosen = np.ones(len(column.outcome), dtype=bool)
    if column.age_order is not None:
        chosen = _same_ages(column.is_known, column.age_order)
    known, still_open = column.is_known & chosen, ~column.is_known & chosen
    if min(known.sum(), still_open.sum()) < at.FEWEST_OPEN:
        return
    filled = column.levels.codes >= 0
    share = float(filled[known].mean())
    factor = _least_factor(filled[chosen], known[chosen])
    if share >= at.KNOWN_FILLED and factor >= at.KNOWN_FACTOR:
        text = (
            f"it is filled in for {share:.0%} of the leads whose outcome is known "
            f"and for {filled[still_open].mean():.1%} of those still open"
        )
        yield Evidence("judged leads only", "moderate", text)


def _same_ages(is_known: NDArray[np.bool_], age_order: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Find the leads from the span of ages in which both known and open outcomes occur."""
    rank = np.empty(len(is_known), dtype=np.int64)
    rank[age_order] = np.arange(len(rank))
    if is_known.all() or not is_known.any():
        return np.zeros(len(rank), dtype=bool)
    first = max(rank[is_known].min(), rank[~is_known].min())
    last = min(rank[is_known].max(), rank[~is_known].max())
    return np.asarray((rank >= first) & (rank <= last))


def _near_certain_levels(column: ColumnData) -> Iterator[Evidence]:
    codes, outcome = column.known
    won, lost = _decisive_levels(codes, outcome == 1), _decisive_levels(codes, outcome == 0)
    share_won = float(np.isin(codes[outcome == 1], won).mean())
    share_lost = float(np.isin(codes[outcome == 0], lost).mean())
    if share_won < at.DECISIVE_SHARE_OF_ONE and share_lost < at.DECISIVE_SHARE_OF_LOST:
        return
    strong = share_won >= at.DECISIVE_SHARE_OF_LOST and share_lost >= at.DECISIVE_SHARE_OF_ONE
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
    on_side = np.bincount(codes[(codes >= 0) & side], minlength=len(counts))
    of_side = int(side.sum())
    return [
        int(level)
        for level in np.flatnonzero(counts >= 5)  # from fewer nothing is sure
        if _factor_bound(
            on_side[level], of_side, counts[level] - on_side[level], len(codes) - of_side
        )
        >= at.DECISIVE_FACTOR
    ]


def _named_levels(column: ColumnData) -> Iterator[Evidence]:
    """Find levels whose very name is an outcome, and which have that outcome."""
    codes, outcome = column.known
    names = column.levels.names
    for side in (1.0, 0.0):
        decisive = _decisive_levels(codes, outcome == side)
        named = [level for level in decisive if mentions(words_of(names[level]), at.LEVEL_WORDS)]
        share = float(np.isin(codes[outcome == side], named).mean()) if named else 0.0
        if share >= at.NAMED_LEVEL_SHARE:
            shown = ", ".join(repr(names[level]) for level in named[:3])
            text = f"{shown} names the outcome: {_rate(codes, outcome, named)} converted"
            yield Evidence("named level", "moderate", text)


def _fades(column: ColumnData) -> Iterator[Evidence]:
    """Power that fresh leads do not show: it came with the outcome."""
    if column.age_order is None:
        return
    ordered = column.age_order[column.is_known[column.age_order]]
    quarters = (ordered[: len(ordered) // 4], ordered[-(len(ordered) // 4) :])
    fewest = min((column.outcome[rows] == side).sum() for rows in quarters for side in (0, 1))
    if fewest < at.FEWEST_FADING:
        return
    old, fresh = (
        single_column_power(column.levels.codes[rows], column.outcome[rows]).auc
        for rows in quarters
    )
    lost = old.value - fresh.value
    by_chance = at.FADING_ERRORS * math.hypot(old.error, fresh.error)
    if old.value >= at.FADING_FROM and lost >= at.FADING_AUC and lost >= by_chance:
        text = (
            f"its AUC falls from {old.value:.2f} on the oldest quarter of the leads "
            f"to {fresh.value:.2f} on the newest"
        )
        yield Evidence("fades on fresh leads", "moderate", text)


def _name(name: str, power: Power) -> Iterator[Evidence]:
    """Weigh the name where figures bear it out; a name alone proves nothing."""
    reason = speaks_of_outcome(name)
    if reason is None:
        return
    filled, is_state = power.auc_filled, bool(overwritten_state(name))
    if power.missing_share >= at.MUCH_MISSING and _reaches(filled, at.JUDGEMENT_AUC_WHERE_FILLED):
        text = (
            f"{reason}; missing in {power.missing_share:.0%} of leads, "
            f"AUC {filled.value:.2f} where somebody filled it in"
        )
        yield Evidence("judgement", "weak", text)
    elif _reaches(power.auc, at.STATE_AUC if is_state else at.JUDGEMENT_AUC):
        text = f"{reason}; AUC {power.auc.value:.2f} alone"
        yield Evidence("overwritten state" if is_state else "judgement", "weak", text)


def _reaches(auc: Auc, least: float) -> bool:
    return auc.value >= least and auc.lower >= least - 0.05


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
