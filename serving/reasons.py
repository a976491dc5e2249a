"""Why a lead scored as it did: its strongest facts, for and against, with its own numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from features.errors import ModelMismatch
from serving.wording import number, percent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from features.catalogue import Feature

    Numbers = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.int64]
    Texts = npt.NDArray[np.object_]

MIN_LOG_ODDS = 0.05  # less moves the odds by under 5 %: true perhaps, but no reason to call anybody
CHUNK = 50_000  # leads at a time, which bounds memory at some 200 MB whatever the night's size
LONGEST_TEXT = 60  # a campaign's name may be a paragraph; a reason is read at a glance
NOBODY = -1  # the code of no feature

Typical = float | str | None


@dataclass(frozen=True)
class _Told:
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
        features that share a `fact` are added up, so that one fact is one reason; it is told by
        its feature with the largest contribution of the same sign.
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
    told = [
        _Told(feature, _values(frame[feature.name], feature), typical.get(feature.name))
        for feature in features
    ]
    matrix = contributions[frame.columns].to_numpy(dtype=np.float64)
    facts = _facts(features)
    parts = [
        _chunk(matrix[start : start + CHUNK], facts, told, start, top)
        for start in range(0, len(frame), CHUNK)
    ]
    columns = {
        name: [texts for part in parts for texts in part[side]]
        for side, name in enumerate(("reasons_for", "reasons_against"))
    }
    return pd.DataFrame(columns, index=frame.index, dtype=object)


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


def _facts(features: Sequence[Feature]) -> list[Codes]:
    """List the columns of each fact, in the order of the catalogue."""
    columns: dict[str, list[int]] = {}
    for position, feature in enumerate(features):
        columns.setdefault(feature.fact, []).append(position)
    return [np.array(positions, dtype=np.int64) for positions in columns.values()]


def _chunk(
    matrix: Numbers, facts: Sequence[Codes], told: Sequence[_Told], start: int, top: int
) -> tuple[list[list[str]], list[list[str]]]:
    pro = _texts(_strongest(matrix, facts, top), told, start)
    con = _texts(_strongest(-matrix, facts, top), told, start)
    return pro, con


def _strongest(matrix: Numbers, facts: Sequence[Codes], top: int) -> Codes:
    """Choose the features to tell, of shape (leads, top): the best facts' largest contributions."""
    sums = np.empty((len(matrix), len(facts)))
    carriers = np.empty((len(matrix), len(facts)), dtype=np.int64)
    for position, columns in enumerate(facts):
        of_fact = matrix[:, columns]
        sums[:, position] = of_fact.sum(axis=1)
        carriers[:, position] = columns[of_fact.argmax(axis=1)]
    order = np.argsort(-sums, axis=1, kind="stable")[:, :top]
    chosen = np.take_along_axis(carriers, order, axis=1)
    chosen[np.take_along_axis(sums, order, axis=1) < MIN_LOG_ODDS] = NOBODY
    return chosen


def _texts(chosen: Codes, told: Sequence[_Told], start: int) -> list[list[str]]:
    texts = np.full(chosen.shape, None, dtype=object)
    for code in np.unique(chosen[chosen != NOBODY]):
        rows, ranks = np.nonzero(chosen == code)
        texts[rows, ranks] = _tell(told[code], told[code].content[start + rows])
    return [[text for text in row if text is not None] for row in texts.tolist()]


def _tell(told: _Told, values: Texts | Numbers) -> Texts:
    """Put the values of one feature into words, each different value once."""
    codes, different = pd.factorize(values, use_na_sentinel=False)
    sentences = [_sentence(told.feature, value, told.typical) for value in different.tolist()]
    return np.array(sentences, dtype=object)[codes]


def _sentence(feature: Feature, value: Typical, typical: Typical) -> str:
    words = feature.words[:1].upper() + feature.words[1:]
    if pd.isna(value):
        return f"{words}: {'never' if _is_recency(feature) else 'unknown'}"
    told = f"{words}: {_in_words(feature, value)}"
    if feature.kind == "flag" or pd.isna(typical):
        return told
    return f"{told} (typical lead: {_in_words(feature, typical)})"


def _is_recency(feature: Feature) -> bool:
    """Whether nothing is known because nothing happened: there is no time since it."""
    return feature.family in {"engagement", "history"} and " since " in feature.words


def _in_words(feature: Feature, value: Typical) -> str:
    if isinstance(value, str):
        return value if len(value) <= LONGEST_TEXT else f"{value[: LONGEST_TEXT - 1].rstrip()}…"
    amount = float(value or 0.0)
    if feature.kind == "flag":
        return "yes" if amount else "no"
    if feature.unit == "share":
        return percent(amount)
    # "Days since the latest visit: 3" says its unit already, "Longest silence: 3 days" does not.
    implied = feature.unit in {"", "events"} or feature.unit.rstrip("s") in feature.words.lower()
    return number(amount) if implied else f"{number(amount)} {_singular(feature.unit, amount)}"


def _singular(unit: str, amount: float) -> str:
    return unit.removesuffix("s") if amount == 1 else unit
