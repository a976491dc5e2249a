"""Candidate conditions of a scorecard: each a yes or no that a person would write."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from leadscore.features.families import Feature

Test = Literal["at_least", "less_than", "one_of", "known", "unknown"]

MIN_SHARE = 0.005  # of the leads; what is rarer moves nobody's list
SHARE_BETWEEN_CUTS = 0.01  # nearer cuts part the same leads
MIN_LEADS = 30  # and its weight would rest on chance
MAX_SHARE = 0.75  # beyond it the opposite condition is the better rule
MAX_WORDS = 8  # longer lists are not read
STRENGTH_OF_PRIOR = 20.0  # leads by which a word's effect is drawn towards none
STEPS_OF_EFFECT = (0.25, 0.5, 1.0, 1.5)  # log-odds from which words make a group
MAX_WHOLE_NUMBERS = 31  # a scale with so few steps is cut at any of them
CUTS_BY_UNIT = {
    "days": (1, 2, 3, 7, 14, 30, 60, 90, 180, 365, 730),
    "hours": (1, 2, 4, 8, 12, 24, 48, 72, 168, 336, 720),
}
ROUND = (1.0, 5.0, 2.0, 3.0, 1.5, 7.0)  # times powers of ten: what people choose, likeliest first
# What a CRM cannot add up by itself: sums that fade with time, and trends.
NEEDS_MORE_THAN_A_CRM = ("decayed_count", "trend")


@dataclass(frozen=True)
class Condition:
    """One yes-or-no question about a lead; an unknown value is a no.

    `at_least` and `less_than` compare with `cut`, `one_of` with `any_of`; `known` and `unknown` are
    about whether there is a value. `words` is what a person reads.
    """

    feature: str
    test: Test
    cut: float | None
    any_of: tuple[str, ...]
    words: str

    def holds(self, frame: pd.DataFrame) -> NDArray[np.bool_]:
        """Answer for each lead, bool of shape (n,)."""
        column = frame[self.feature]
        if self.test in {"known", "unknown"}:
            absent = column.isna().to_numpy(dtype=bool)
            return absent if self.test == "unknown" else ~absent
        if self.test == "one_of":
            return column.isin(self.any_of).to_numpy(dtype=bool)
        numbers = column.to_numpy(dtype="float64", na_value=np.nan)
        cut = np.float64(self.cut)
        return numbers >= cut if self.test == "at_least" else numbers < cut

    def overlaps(self, other: Condition) -> bool:
        """Whether the other is about more, less or some of the same."""
        same = (self.feature, self.test) == (other.feature, other.test)
        return same and (self.test != "one_of" or not set(self.any_of).isdisjoint(other.any_of))


def possible_conditions(
    frame: pd.DataFrame, log_odds: NDArray[np.float64], catalogue: Sequence[Feature]
) -> list[Condition]:
    """List the conditions that enough leads meet and enough leads do not.

    Numbers are cut where people would cut them (1, 2, 3, 5, 10, a week, a month). Words stand
    alone, or in groups of those whose leads are likely, or unlikely, to convert. What a CRM
    cannot compute, such as sums that fade with time, is left out. `log_odds` are the model's.
    """
    found: list[Condition] = []
    for feature in catalogue:
        if feature.measure in NEEDS_MORE_THAN_A_CRM or feature.name not in frame:
            continue
        column = frame[feature.name]
        of_values = (
            _of_words(feature, column, log_odds)
            if feature.kind == "text"
            else _of_numbers(feature, column)
        )
        candidates = [_known_or_not(feature, column), *of_values]
        found += [each for each in candidates if _divides(each.holds(frame))]
    return found


def _divides(holds: NDArray[np.bool_]) -> bool:
    least = max(MIN_LEADS, MIN_SHARE * len(holds))
    return bool(least <= holds.sum() <= MAX_SHARE * len(holds))


def _known_or_not(feature: Feature, column: pd.Series[float]) -> Condition:
    test: Test = "unknown" if column.isna().mean() <= 0.5 else "known"
    # A time since something is unknown only where it never happened.
    word = {"unknown": "never", "known": "ever"}[test] if feature.is_time_since else test
    return Condition(feature.name, test, None, (), f"{_start(feature)}: {word}")


def _of_numbers(feature: Feature, column: pd.Series[float]) -> Iterator[Condition]:
    """Cut a number; cuts that part the same leads count once."""
    known = np.asarray(column.dropna(), dtype="float64")
    if not len(known):
        return
    unknown, shares = 1 - len(known) / len(column), [0.0, 1.0]
    for cut in _cuts(feature, known):
        above = float((known >= cut).mean())
        if min(abs(above - other) for other in shares) < SHARE_BETWEEN_CUTS:
            continue
        shares.append(above)
        # Of two opposites the rarer is listed: points for what sets leads apart.
        if above <= 0.5 or unknown > SHARE_BETWEEN_CUTS:
            yield Condition(feature.name, "at_least", cut, (), _at_least(feature, cut))
        if above > 0.5 or unknown > SHARE_BETWEEN_CUTS:
            yield Condition(feature.name, "less_than", cut, (), _less_than(feature, cut))


def _cuts(feature: Feature, known: NDArray[np.float64]) -> list[float]:
    """List the bounds people would choose, the likeliest first."""
    if feature.kind == "flag":
        return [1.0]
    different = np.unique(known)
    if len(different) <= MAX_WHOLE_NUMBERS and (different == np.round(different)).all():
        return [float(each) for each in different[1:]]
    if feature.unit in CUTS_BY_UNIT:
        return [float(each) for each in CUTS_BY_UNIT[feature.unit]]
    low, high = np.quantile(known, (SHARE_BETWEEN_CUTS, 1 - SHARE_BETWEEN_CUTS))
    sizes = np.abs([each for each in (low, high) if each] or [1.0])
    powers = range(int(np.floor(np.log10(max(sizes.min(), sizes.max() / 1e4)))), 13)
    grid = [round(step * 10.0**power, 9) for step in ROUND for power in powers]
    return [each for size in (0.0, *grid) for each in (size, -size) if low < each <= high]


def _of_words(
    feature: Feature, column: pd.Series[str], log_odds: NDArray[np.float64]
) -> Iterator[Condition]:
    """Try each common word alone, and the words that stand out most together."""
    apart = pd.Series(log_odds - log_odds.mean(), index=column.index).groupby(column)
    leads = apart.size()
    effect = apart.sum() / (leads + STRENGTH_OF_PRIOR)
    weight = (effect.abs() * leads).sort_values(ascending=False, kind="stable")
    for word in weight.index:
        yield _one_of(feature, [word])
    for start, end in combinations((*STEPS_OF_EFFECT, np.inf), 2):
        for side in (effect.between(start, end), effect.between(-end, -start)):
            chosen = [word for word in weight.index if side[word]][:MAX_WORDS]
            if len(chosen) > 1:
                yield _one_of(feature, chosen)


def _one_of(feature: Feature, values: Sequence[str]) -> Condition:
    words = f"{_start(feature)}: {', '.join(values[:-1])}{' or ' * (len(values) > 1)}{values[-1]}"
    return Condition(feature.name, "one_of", None, tuple(values), words)


def _at_least(feature: Feature, cut: float) -> str:
    if feature.kind == "flag":
        return f"{_start(feature)}: yes"
    return f"{_start(feature)}: {_amount(feature, cut)} or more"


def _less_than(feature: Feature, cut: float) -> str:
    if feature.kind == "flag":
        return f"{_start(feature)}: no"
    if cut == 1 and feature.unit in {"events", "times", "kinds"}:
        return f"{_start(feature)}: none"
    return f"{_start(feature)}: less than {_amount(feature, cut)}"


def _start(feature: Feature) -> str:
    return feature.words[:1].upper() + feature.words[1:]


def _amount(feature: Feature, cut: float) -> str:
    if feature.unit == "share":
        return f"{100 * cut:g} %"
    # From a thousand on digits are grouped, below :g writes as many as there are.
    return f"{cut:,.0f}" if abs(cut) >= 1000 else f"{cut:g}"
