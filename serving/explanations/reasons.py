"""Why a lead scored as it did: its strongest facts, for and against, with its own numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from leadscore.features.core import ModelMismatch, ago, looks_personal, number, percent, shortened
from leadscore.serving.explanations.fact_groups import columns_of_facts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from leadscore.features.families import Feature

    Numbers = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.int64]
    Texts = npt.NDArray[np.object_]

MIN_LOG_ODDS = 0.05  # less moves the odds by under 5 %: true perhaps, but no reason to call anybody
CHUNK = 50_000  # leads at a time, which bounds memory at some 200 MB whatever the night's size
NOBODY = -1  # the code of no feature
# Nobody can check a count in which older events weigh less, so it tells its fact only where it
# contributes four times what the plain counts and dates do.
DECAYED_WEIGHT = 0.25
LEAST_DECAYED = 0.1  # less is an event of months ago
HOURS_A_DAY = 24
MILLION = 1_000_000

Typical = float | str | None


@dataclass(frozen=True)
class _Column:
    """What is needed to put one feature's value into words."""

    feature: Feature
    content: Texts | Numbers
    typical: Typical


def reasons(
    frame: pd.DataFrame,
    contributions: pd.DataFrame,
    catalogue: Sequence[Feature],
    typical: Mapping[str, Typical],
    *,
    top: int = 3,
) -> pd.DataFrame:
    """Tell each lead's strongest reasons, for and against, in plain words.

    Parameters
    ----------
    frame
        The leads' features: float64 and string columns, a row a lead.
    contributions
        The same rows and columns: what each feature adds to the log-odds (TreeSHAP). Those of
        features that tell one fact (`fact_groups`) are added up, so that it is one reason. It
        is told by its feature with the largest contribution of the same sign; by a fading count
        only where no plain one comes near it.
    catalogue
        The words of every feature of `frame`.
    typical
        Each feature's usual value, as the comparison; none is told where it is None or left out.
    top
        How many reasons each way, at most.

    Returns
    -------
    pd.DataFrame
        `reasons_for`, `reasons_against` (lists of str, strongest first), on the index of `frame`.

    Raises
    ------
    ModelMismatch
        Where a feature is not in the catalogue or has no contribution.
    """
    known = {feature.name: feature for feature in catalogue}
    _refuse_unknown(frame, contributions, known)
    features = [known[str(name)] for name in frame.columns]
    columns = [
        _Column(feature, _values(frame[feature.name], feature), typical.get(feature.name))
        for feature in features
    ]
    matrix = contributions[frame.columns].to_numpy(dtype=np.float64)
    facts = columns_of_facts(features)
    parts = [
        _chunk(matrix[start : start + CHUNK], facts, columns, start, top)
        for start in range(0, len(frame), CHUNK)
    ]
    texts = {
        name: [texts for part in parts for texts in part[side]]
        for side, name in enumerate(("reasons_for", "reasons_against"))
    }
    return pd.DataFrame(texts, index=frame.index, dtype=object)


def _refuse_unknown(
    frame: pd.DataFrame, contributions: pd.DataFrame, known: Mapping[str, Feature]
) -> None:
    if not frame.index.equals(contributions.index):
        raise ValueError("the leads of `frame` and of `contributions` differ")
    for where, names in (("in the catalogue", known), ("among the contributions", contributions)):
        lacking = [str(name) for name in frame.columns if name not in names]
        if lacking:
            raise ModelMismatch(
                f"{len(lacking)} features are not {where}: {', '.join(lacking[:5])}. The model and "
                "this version of leadscore do not belong together; train again."
            )


def _values(column: pd.Series, feature: Feature) -> Texts | Numbers:
    if feature.kind == "text":
        return column.astype(object).where(column.notna(), None).to_numpy(dtype=object)
    return column.to_numpy(dtype=np.float64)


def _chunk(
    matrix: Numbers, facts: Sequence[Codes], columns: Sequence[_Column], start: int, top: int
) -> tuple[list[list[str]], list[list[str]]]:
    weight = np.array(
        [1.0 if each.feature.measure != "decayed_count" else DECAYED_WEIGHT for each in columns]
    )
    pro = _texts(_strongest(matrix, facts, weight, top), columns, start)
    con = _texts(_strongest(-matrix, facts, weight, top), columns, start)
    return pro, con


def _strongest(matrix: Numbers, facts: Sequence[Codes], weight: Numbers, top: int) -> Codes:
    """Choose the features to tell, of shape (leads, top): the best facts' largest contributions."""
    sums = np.empty((len(matrix), len(facts)))
    carriers = np.empty((len(matrix), len(facts)), dtype=np.int64)
    for position, columns in enumerate(facts):
        of_fact = matrix[:, columns]
        sums[:, position] = of_fact.sum(axis=1)
        carriers[:, position] = columns[(of_fact * weight[columns]).argmax(axis=1)]
    order = np.argsort(-sums, axis=1, kind="stable")[:, :top]
    chosen = np.take_along_axis(carriers, order, axis=1)
    chosen[np.take_along_axis(sums, order, axis=1) < MIN_LOG_ODDS] = NOBODY
    return chosen


def _texts(chosen: Codes, columns: Sequence[_Column], start: int) -> list[list[str]]:
    texts = np.full(chosen.shape, None, dtype=object)
    for code in np.unique(chosen[chosen != NOBODY]):
        rows, ranks = np.nonzero(chosen == code)
        texts[rows, ranks] = _in_words(columns[code], columns[code].content[start + rows])
    return [[text for text in row if text is not None] for row in texts.tolist()]


def _in_words(column: _Column, values: Texts | Numbers) -> Texts:
    """Put the values of one feature into words, each different value once."""
    codes, different = pd.factorize(values, use_na_sentinel=False)
    sentences = [_sentence(column.feature, value, column.typical) for value in different.tolist()]
    return np.array(sentences, dtype=object)[codes]


def _sentence(feature: Feature, value: Typical, typical: Typical) -> str:
    told = value_in_words(feature, value)
    start = f"{subject(feature)}: {told}"
    if pd.isna(value) or feature.kind == "flag" or pd.isna(typical):
        return start
    usual = value_in_words(feature, typical)
    if feature.is_time_since:  # of the leads to whom it ever happened, who may be few
        return f"{start}, as is typical" if told == usual else f"{start} (typically {usual})"
    same, other = ", as for the typical lead", f" (typical lead: {usual})"
    return start + (same if told == usual else other)


def subject(feature: Feature) -> str:
    """Say what a feature's value is told of: "Latest visit" of the days since the latest visit."""
    words = feature.since or feature.words
    return words[:1].upper() + words[1:]


def value_in_words(feature: Feature, value: Typical) -> str:
    """Write a feature's value as reasons do: with its unit unless the feature's words imply it."""
    if pd.isna(value):
        nothing = "none" if feature.family in {"history", "account"} else "unknown"
        return "never" if feature.is_time_since else nothing
    if isinstance(value, str):
        return "not shown, it looks personal" if looks_personal(value) else shortened(value)
    amount = float(value or 0.0)
    if feature.kind == "flag":
        return "yes" if amount else "no"
    if feature.unit == "share":
        return percent(amount)
    if feature.is_time_since:
        return ago(amount / HOURS_A_DAY if feature.unit == "hours" else amount)
    return _amount_in_words(feature, amount)


def _amount_in_words(feature: Feature, amount: float) -> str:
    if feature.measure == "decayed_count":
        return "under 0.1" if 0 < amount < LEAST_DECAYED else f"{amount:.1f}".removesuffix(".0")
    if feature.measure == "trend":
        return (
            f"{number(abs(amount))} {'fewer' if amount < 0 else 'more'}" if amount else "the same"
        )
    told = f"{number(amount / MILLION)} million" if abs(amount) >= MILLION else number(amount)
    # "Pricing views so far: 3" says its unit already, "Longest silence: 3 days" does not.
    implied = feature.unit in {"", "events"} or feature.unit.rstrip("s") in feature.words.lower()
    return told if implied else f"{told} {_singular(feature.unit, amount)}"


def _singular(unit: str, amount: float) -> str:
    return unit.removesuffix("s") if amount == 1 else unit
