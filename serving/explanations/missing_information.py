"""Which unknown facts are worth asking for: those that, once known, may move the score most."""

from __future__ import annotations

from collections import ChainMap
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from leadscore.training.dataset import SINCE_SQL
from leadscore.training.encoding import as_categories
from leadscore.training.model import ATTRIBUTES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from leadscore.features.families import Feature
    from leadscore.training.model import FunnelModel, StageModel

    Indices = npt.NDArray[np.intp]
    Numbers = npt.NDArray[np.float64]
    Answer = Mapping[str, float | str]

MIN_POINTS = 1.0  # of the score; nobody asks a customer a question for less
CHUNK = 50_000  # rows at a time, which bounds memory at some 200 MB whatever the night's size
# What to ask for where a fact is not asked for by its own words.
ASKED_FOR = {
    "seniority": "job title",
    "department": "job title",
    "email_kind": "e-mail address",
}
# Where the latest touch came from is unknown because there was none; and nobody asks for a name
# or a number to see whether they are plausible.
NOT_ASKED = ("touch_", "name_implausible", "phone_implausible")


@dataclass(frozen=True)
class _Question:
    """Something to ask for.

    Parameters
    ----------
    words
        What it is called.
    lacking
        The features that are all missing where it is to be asked.
    answers
        Its features' values for each usual answer.
    """

    words: str
    lacking: list[str]
    answers: list[Answer]


def missing_facts(
    frame: pd.DataFrame, model: FunnelModel, catalogue: Sequence[Feature], *, top: int = 2
) -> pd.Series[str]:
    """Tell each lead's unknown facts that would most change its score, were they known.

    Parameters
    ----------
    frame
        The leads' features: float64 and string columns, a row a lead, those of
        `model.features_`.
    model
        The fitted funnel. An unknown fact is given each of its usual values in turn
        (`model.usual_`), and the lead is scored again.
    catalogue
        The words of the features.
    top
        How many facts, at most.

    Returns
    -------
    Series of list of str
        On the index of `frame`: the facts with the largest mean absolute change of the score
        first, each with the scores that its usual values give. Left out are changes of less than
        a point, and all of leads that are SQL already. A channel is asked for only where nothing
        of it is known: who came without a campaign has none to tell.
    """
    stage = model.stages_[model.first_stage]
    is_open = _is_open(frame, model)
    seen = as_categories(frame[stage.encoder_.columns_], model.text_)  # once for all answers
    effects = []
    for question in _questions(model, catalogue):
        unknown = frame[question.lacking].isna().all(axis=1).to_numpy() & is_open
        rows = np.flatnonzero(unknown)
        if rows.size:
            effects.append(_effect(question, stage, seen, rows))
    told = _strongest(effects, rows=len(frame), top=top)
    return pd.Series(told, index=frame.index, dtype=object)


def _is_open(frame: pd.DataFrame, model: FunnelModel) -> npt.NDArray[np.bool_]:
    """Tell the leads whose score can still move."""
    if len(model.stages_) > 1:
        return frame[SINCE_SQL].isna().to_numpy()
    return np.ones(len(frame), dtype="bool")


def _questions(model: FunnelModel, catalogue: Sequence[Feature]) -> list[_Question]:
    """List what may be asked for; facts that one answer tells are one question."""
    usual = model.usual_
    used = set(model.stages_[model.first_stage].encoder_.columns_) & set(usual)
    facts: dict[str, list[Feature]] = {}
    for each in catalogue:
        is_attribute = each.family in ATTRIBUTES and not each.fact.startswith(NOT_ASKED)
        if is_attribute and each.name in used:
            facts.setdefault(each.fact, []).append(each)
    channel = [each.name for features in facts.values() for each in features if _is_channel(each)]
    asked: dict[str, list[list[Feature]]] = {}
    for fact, features in facts.items():
        asked.setdefault(ASKED_FOR.get(fact, features[0].words), []).append(features)
    return [
        _Question(
            words, channel if _is_channel(told[0][0]) else _names(told), _answers(told, usual)
        )
        for words, told in asked.items()
    ]


def _is_channel(feature: Feature) -> bool:
    return feature.family == "channel"


def _names(facts: Sequence[Sequence[Feature]]) -> list[str]:
    return [each.name for features in facts for each in features]


def _answers(
    facts: Sequence[Sequence[Feature]], usual: Mapping[str, Sequence[float | str]]
) -> list[Answer]:
    """Combine the usual values of some facts; within a fact they go together."""
    each_fact = []
    for features in facts:
        names = [each.name for each in features]
        together = zip(*(usual[name] for name in names), strict=True)
        each_fact.append([dict(zip(names, values, strict=True)) for values in together])
    return [dict(ChainMap(*parts)) for parts in product(*each_fact)]


def _effect(
    question: _Question, stage: StageModel, frame: pd.DataFrame, rows: Indices
) -> pd.DataFrame:
    """Find how far each answer moves the score of the given rows, and put it into words."""
    now = _scores(stage, frame, rows, [{}])
    were = _scores(stage, frame, rows, question.answers)
    moved = np.abs(were - now).mean(axis=0)
    words = question.words[:1].upper() + question.words[1:]
    told = [
        f"{words} unknown: knowing it could move the score to {_range(low, high)}"
        for low, high in zip(were.min(axis=0), were.max(axis=0), strict=True)
    ]
    return pd.DataFrame({"row": rows, "moved": moved, "told": told})


def _scores(
    stage: StageModel, frame: pd.DataFrame, rows: Indices, answers: Sequence[Answer]
) -> Numbers:
    """Score some of the rows as though each answer were known in turn, from 0 to 100.

    Returns
    -------
    ndarray of shape (answers, rows), float64
    """
    parts, at_once = [], max(CHUNK // len(answers), 1)
    for start in range(0, len(rows), at_once):
        some = rows[start : start + at_once]
        part = frame.iloc[np.tile(some, len(answers))]
        known = {name: _given(name, answers, repeats=len(some)) for name in answers[0]}
        found = 100 * stage.propensity(part.assign(**known))
        parts.append(found.reshape(len(answers), len(some)))
    return np.concatenate(parts, axis=1)


def _given(name: str, answers: Sequence[Answer], *, repeats: int) -> Numbers | pd.Categorical:
    """Write down what each answer says of a feature, as often as there are rows."""
    values = [answer[name] for answer in answers]
    if isinstance(values[0], str):
        return pd.Categorical(np.repeat(np.array(values, dtype=object), repeats))
    return np.repeat(np.asarray(values, dtype="float64"), repeats)


def _range(low: float, high: float) -> str:
    least, most = round(low), round(high)
    return f"{least}" if least == most else f"{least}-{most}"


def _strongest(effects: Sequence[pd.DataFrame], *, rows: int, top: int) -> list[list[str]]:
    """Choose each row's facts that move the score most."""
    told: list[list[str]] = [[] for _ in range(rows)]
    if effects:
        every = pd.concat(effects)
        worth_it = every[every["moved"] >= MIN_POINTS]
        ranked = worth_it.sort_values(["row", "moved", "told"], ascending=[True, False, True])
        chosen = ranked.groupby("row").head(top)
        for row, sentence in zip(chosen["row"], chosen["told"], strict=True):
            told[row].append(sentence)
    return told
