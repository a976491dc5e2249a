"""The columns of a regression's design, one by one, as its margins add them up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from training.compiled.line_kernels import Ladder, add_flags, add_numbers, scale
from training.compiled.model_text import NotCompiled
from training.words import distinct_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from training.linear import LinearDesign

    Floats = NDArray[np.float64]

IS_MISSING = 1
NO_COLUMN = -1  # of a word that training did not show, where no column stands for rare ones


@dataclass(frozen=True)
class Block:
    """Some rows.

    Parameters
    ----------
    numbers
        Their numbers by column, float64.
    codes
        Their words by column, each by the place of its design column among the text column's.
    """

    numbers: dict[str, Floats]
    codes: dict[str, NDArray[np.int32]]


class Term(Protocol):
    """One column of the design."""

    def add(self, block: Block, typical: float, coefficient: float, total: Floats) -> None:
        """Add to each row's total what the column's distance from the typical value says."""
        ...


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

    def codes(self, values: pd.Series[str]) -> NDArray[np.int32]:
        """Return the place for each row, int32 of shape (n,)."""
        from training.linear import MISSING_WORD  # noqa: PLC0415 - which imports this

        told = distinct_words(values)
        places = [self.place.get(word, self.other) for word in told.words]
        missing = self.place.get(MISSING_WORD, self.other)
        return told.told(np.array(places, dtype="int64"), missing=missing).astype("int32")


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


def terms_of(design: LinearDesign, words: Sequence[WordCodes]) -> list[Term]:
    """Read the columns of a design, in its order: numbers, what is missing, words.

    Parameters
    ----------
    design
        A fitted design.
    words
        Its words.

    Returns
    -------
    list of Term

    Raises
    ------
    NotCompiled
        Where a number was never known.
    """
    found: list[Term] = []
    if design.numbers_:
        to_quantile, impute = (
            step for _name, step in design.layout_.named_transformers_["numbers"].steps
        )
        if np.isnan(impute.statistics_).any():
            raise NotCompiled("a number of its regression was never known")
        for place, column in enumerate(design.numbers_):
            ladder = _ladder(to_quantile.quantiles_[:, place], to_quantile.references_)
            found.append(_Scaled(column, ladder, float(impute.statistics_[place])))
        found += [_Missing(design.numbers_[place]) for place in impute.indicator_.features_]
    return found + [_Word(each.column, place) for each in words for place in each.places]


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


@dataclass(frozen=True)
class _Scaled:
    """A number as its quantile; `missing` is the quantile of one that is not known."""

    column: str
    ladder: Ladder
    missing: float

    def add(self, block: Block, typical: float, coefficient: float, total: Floats) -> None:
        scaled = np.empty(len(total))
        scale(block.numbers[self.column], self.ladder, self.missing, scaled)
        add_numbers(scaled, typical, coefficient, total)


@dataclass(frozen=True)
class _Missing:
    """Whether a number is missing."""

    column: str

    def add(self, block: Block, typical: float, coefficient: float, total: Floats) -> None:
        is_missing = np.isnan(block.numbers[self.column]).astype("int32")
        add_flags(is_missing, IS_MISSING, typical, coefficient, total)


@dataclass(frozen=True)
class _Word:
    """Whether a column has a word, or one of the rare ones."""

    column: str
    place: int

    def add(self, block: Block, typical: float, coefficient: float, total: Floats) -> None:
        add_flags(block.codes[self.column], self.place, typical, coefficient, total)
