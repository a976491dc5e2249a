"""Which words mean won or lost, and which stage of the funnel."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leadscore.features.cells import NO, YES
from leadscore.features.contract import OUTCOME_STAGES, speaks_of_outcome, words_of
from leadscore.features.core import DataError
from leadscore.features.onboarding.profiles import vocabulary

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leadscore.features.contract import Stage
    from leadscore.features.onboarding.profiles import ColumnProfile

_NEGATION = re.compile(r"(not|non|no|never|un|in)[ -]?")

_SHORT = {word for word in YES if len(word) == 1}  # `nox` is no denial

SHOWN_WORDS = 8  # of a column's words in a message
CANDIDATE_WORDS = 12  # columns of more words are no targets


@dataclass(frozen=True)
class TargetWords:
    """The words of a target column for reached, not reached, and not yet known."""

    positive: tuple[str, ...]
    negative: tuple[str, ...]
    unknown: tuple[str, ...] = ()


def find_target(columns: Mapping[str, ColumnProfile], *, path: str, stage: Stage) -> str:
    """Find the one outcome column; `DataError` where none or several may be it."""
    found = []
    for name, column in columns.items():
        words = words_of(name)
        named = speaks_of_outcome(name) is not None or bool({"target", "y", "label"} & set(words))
        if named and 1 < column.distinct <= CANDIDATE_WORDS:
            both = _by_words(column, stage)
            if both.positive and both.negative:
                found.append(name)
    if len(found) == 1:
        return found[0]
    which = f"These could be it: {', '.join(map(repr, found))}. " if found else ""
    raise DataError(
        f"{path}: which column tells the outcome? {which}"
        "Name it with --target COL, or give a table of stages with --outcomes FILE."
    )


def target_words(column: ColumnProfile, *, path: str, stage: Stage) -> TargetWords:
    """Classify the words of a target; what is not understood is not yet known.

    Raises
    ------
    DataError
        Where the column is empty, a measured number, or no word is understood.
    """
    if column.kind == "empty":
        raise DataError(
            f"{path}: target {column.name!r} is empty in every row. Choose another column."
        )
    words = _by_words(column, stage)
    numeric_surplus = column.kind == "number" and bool(words.unknown)
    if numeric_surplus or not (words.positive or words.negative):
        raise DataError(
            f"{path}: target {column.name!r} is not binary: {_seen(column)}. Choose a column of "
            "two outcomes such as 0/1, yes/no or Won/Lost with --target, or add one to the file."
        )
    return words


def _by_words(column: ColumnProfile, stage: Stage) -> TargetWords:
    cells = [str(cell) for cell in column.counts.index]
    known = vocabulary().cells
    yes = {_plain(word) for word in YES}
    positive_words = {*known.positive, *yes, *(known.positive_sql if stage == "sql" else ())}
    positive = tuple(cell for cell in cells if _plain(cell) in positive_words)
    negative = tuple(cell for cell in cells if _is_negative(cell, positive_words))
    rest = tuple(cell for cell in cells if cell not in {*positive, *negative})
    # Of exactly two words, one understood, the other is its opposite unless it says "still open".
    is_pair = len(cells) == 2 and len(rest) == 1 and column.kind != "number"
    if is_pair and _plain(rest[0]) not in known.open:
        return TargetWords(positive or rest, negative or rest)
    return TargetWords(positive, negative, rest)


def _is_negative(cell: str, positive_words: set[str]) -> bool:
    plain = _plain(cell)
    negation = _NEGATION.match(plain)
    denied = negation is not None and plain[negation.end() :].strip() in positive_words - _SHORT
    no = {_plain(word) for word in NO}
    return plain in vocabulary().cells.negative or plain in no or denied


def _plain(cell: str) -> str:
    """Write a cell in lower case with single spaces, so that `Closed-Won` is `closed_won`."""
    if re.fullmatch(r"-?\d+(\.0+)?", cell):
        return str(int(float(cell)))
    return " ".join(words_of(cell)) or cell.casefold()


def _seen(column: ColumnProfile) -> str:
    if column.kind == "number" and column.distinct > SHOWN_WORDS:
        return f"{column.distinct:,} different numbers"
    if column.distinct_share > 0.5 and column.distinct > SHOWN_WORDS:  # may be names of people
        return f"{column.distinct:,} different texts"
    shown = ", ".join(repr(str(cell)) for cell in column.counts.index[:SHOWN_WORDS])
    more = column.distinct - SHOWN_WORDS
    return f"it holds {shown}" + (f" and {more:,} more" if more > 0 else "")


def stage_words(column: ColumnProfile, *, path: str) -> tuple[dict[str, list[str]], list[str]]:
    """Map the words of an outcomes table to stages, and list those that are none.

    Where no word is understood, it raises `DataError`.
    """
    stages = {str(cell): stage_of(str(cell)) for cell in column.counts.index}
    by_stage = {
        stage: [cell for cell, found in stages.items() if found == stage]
        for stage in OUTCOME_STAGES
        if stage in stages.values()
    }
    if not by_stage:
        raise DataError(
            f"{path}: none of the stages in {column.name!r} is understood: {_seen(column)}. "
            f"The stages are {', '.join(OUTCOME_STAGES)}; rename yours in the file."
        )
    return by_stage, [cell for cell, stage in stages.items() if stage is None]


def understands_stages(column: ColumnProfile) -> bool:
    """Whether a column has a word for a stage of the funnel."""
    return any(stage_of(str(cell)) is not None for cell in column.counts.index)


def stage_of(cell: str) -> str | None:
    """Return the stage that a cell names; None where it names none."""
    plain = _plain(cell)
    stages = vocabulary().cells.stages
    return next((stage for stage, known in stages.items() if plain in known), None)
