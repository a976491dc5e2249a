"""The columns of a regression's design, one by one, as its margins add them up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from leadscore.training.fast_scoring.lightgbm_parser import NotCompiled
from leadscore.training.fast_scoring.line_kernels import add_flags, add_numbers, scale
from leadscore.training.model.design_columns import number_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from leadscore.training.model.design_columns import Ladder, WordCodes
    from leadscore.training.model.logistic_model import LinearDesign

    Floats = NDArray[np.float64]

IS_MISSING = 1


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
    numbers = number_columns(design)
    if np.isnan(numbers.missing).any():
        raise NotCompiled("a number of its regression was never known")
    laid_out = zip(numbers.columns, numbers.ladders, numbers.missing, strict=True)
    found: list[Term] = [_Scaled(*each) for each in laid_out]
    found += [_Missing(numbers.columns[place]) for place in numbers.flagged]
    return found + [_Word(each.column, place) for each in words for place in each.places]


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
