"""What a regression's design makes of one number and one word, read off scikit-learn's parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from leadscore.training.model.text_dictionary import distinct_words

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from leadscore.training.model.logistic_model import LinearDesign

    Floats = NDArray[np.float64]

NO_COLUMN = -1  # of a word that training did not show, where no column stands for rare ones


class Ladder(NamedTuple):
    """A number's quantiles without repeats.

    Parameters
    ----------
    knots
        The quantiles in order, float64, filled up with infinity to a power of two. The other
        arrays have an entry for each before the filling.
    at_knot
        What a number that equals a knot becomes.
    after, before
        The level just after each knot, and just before it.
    slope
        From each knot to the next.
    """

    knots: NDArray[np.float64]
    at_knot: NDArray[np.float64]
    after: NDArray[np.float64]
    before: NDArray[np.float64]
    slope: NDArray[np.float64]


@dataclass(frozen=True)
class NumberColumns:
    """How the design sees numbers.

    Parameters
    ----------
    columns
        Their names, in order.
    ladders
        The quantiles of each.
    missing
        What each becomes where it is not known; missing itself where it never was in training.
    flagged
        The places of those that have a design column saying whether they are missing.
    """

    columns: list[str]
    ladders: list[Ladder]
    missing: list[float]
    flagged: list[int]


@dataclass(frozen=True)
class WordCodes:
    """Which design column stands for a word.

    Parameters
    ----------
    column
        The text column.
    place
        Of the words seen in training, the place of the design column that stands for them.
    other
        That of any other word.
    """

    column: str
    place: dict[str, int]
    other: int

    @property
    def places(self) -> list[int]:
        """The places that have a design column, in order."""
        return sorted({*self.place.values(), self.other} - {NO_COLUMN})

    def code(self, word: str | None) -> int:
        """Return the place of one word, None for a missing one."""
        from leadscore.training.model.logistic_model import MISSING_WORD  # noqa: PLC0415 - which imports this

        return self.place.get(MISSING_WORD if word is None else word, self.other)

    def codes(self, values: pd.Series[str]) -> NDArray[np.int32]:
        """Return the place for each row, int32 of shape (n,)."""
        told = distinct_words(values)
        places = np.array([self.code(word) for word in told.words], dtype="int64")
        return told.told(places, missing=self.code(None)).astype("int32")


def number_columns(design: LinearDesign) -> NumberColumns:
    """Read how a fitted design sees numbers."""
    if not design.numbers_:
        return NumberColumns([], [], [], [])
    to_quantile, impute = (
        step for _name, step in design.layout_.named_transformers_["numbers"].steps
    )
    ladders = [_ladder(column, to_quantile.references_) for column in to_quantile.quantiles_.T]
    flagged = impute.indicator_.features_.tolist()
    return NumberColumns(list(design.numbers_), ladders, impute.statistics_.tolist(), flagged)


def word_codes(design: LinearDesign) -> list[WordCodes]:
    """Read which column of the design stands for which word.

    Parameters
    ----------
    design
        A fitted design.

    Returns
    -------
    list of WordCodes
        One for each text column, in order.
    """
    if not design.words_:
        return []
    fitted = design.layout_.named_transformers_["words"]
    found = []
    for column, kinds, rare in zip(
        design.words_, fitted.categories_, fitted.infrequent_categories_, strict=True
    ):
        seldom = set() if rare is None else set(rare)
        common = [word for word in kinds if word not in seldom]
        other = len(common) if seldom else NO_COLUMN
        place = {word: number for number, word in enumerate(common)}
        found.append(WordCodes(column, place | dict.fromkeys(seldom, other), other))
    return found


def _ladder(quantiles: Floats, levels: Floats) -> Ladder:
    different, first = np.unique(quantiles, return_index=True)
    last = np.append(first[1:], len(quantiles)) - 1
    knots = np.full(1 << len(different).bit_length(), np.inf)
    knots[: len(different)] = different
    after, before = levels[last], levels[first]
    at_knot = 0.5 * (after + before)
    at_knot[-1], at_knot[0] = 1.0, 0.0  # in this order: a number that never varies is 0
    slope = np.append((before[1:] - after[:-1]) / np.diff(different), 0.0)
    return Ladder(knots, at_knot, after, before, slope)
