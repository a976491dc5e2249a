"""A regression's margin of a single row, without scikit-learn's tables around one value each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from leadscore.training.fast_scoring.lightgbm_parser import NotCompiled
from leadscore.training.model.design_columns import (
    NO_COLUMN,
    Ladder,
    NumberColumns,
    number_columns,
    word_codes,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from leadscore.training.model.logistic_model import LinearModel

    Floats = NDArray[np.float64]


class RowLine:
    """What a fitted `LinearModel` says of one row, to the last bit of what it says of many.

    Parameters
    ----------
    model
        The regression.

    Raises
    ------
    NotCompiled
        Where its design is not one of `model.logistic_model.LinearDesign`'s.
    """

    def __init__(self, model: LinearModel) -> None:
        self._model, design = model, model.design_
        self._is_sparse = bool(design.layout_.sparse_output_)
        self._numbers = number_columns(design)
        self._words = word_codes(design)
        if np.isnan(self._numbers.missing).any():
            raise NotCompiled("a number of its regression was never known")
        widths = [len(each.places) for each in self._words]
        shown = [len(self._numbers.columns), len(self._numbers.flagged), *widths]
        if sum(shown) != len(model.coefficients_):
            raise NotCompiled("its regression has other columns than its design")
        self._starts = np.cumsum(shown)[1:].tolist()
        self._quantiles = _Quantiles(self._numbers) if self._numbers.columns else None

    @property
    def numbers(self) -> list[str]:
        """The numbers it asks for, in order."""
        return self._numbers.columns

    @property
    def words(self) -> list[str]:
        """The text columns it asks for, in order."""
        return [each.column for each in self._words]

    def margin(self, numbers: Floats, words: Sequence[str | None]) -> Floats:
        """Return the log-odds, float64 of shape (1,).

        Parameters
        ----------
        numbers
            One for each of `numbers`, missing where not known; float64.
        words
            One for each of `words`, None where not known.
        """
        from leadscore.training.model.logistic_model import LARGEST  # noqa: PLC0415 - which imports what this imports

        row = np.zeros((1, len(self._model.coefficients_)))
        if self._quantiles is not None:
            row[0, : len(numbers)] = self._quantiles.of(np.clip(numbers, -LARGEST, LARGEST))
            flags = np.isnan(numbers[self._numbers.flagged])
            row[0, len(numbers) : len(numbers) + len(flags)] = flags
        for start, codes, word in zip(self._starts, self._words, words, strict=False):
            place = codes.code(word)
            if place != NO_COLUMN:
                row[0, start + place] = 1.0
        if not self._is_sparse:
            return self._model.margin_of(row)
        # SciPy adds the columns of a sparse row up one by one; NumPy would add them in pairs.
        parts = np.cumsum(row[0] * self._model.coefficients_)
        return parts[-1:] + self._model.level_


class _Quantiles:
    """The ladders of all numbers side by side, so that one row climbs them all at once."""

    def __init__(self, numbers: NumberColumns) -> None:
        width = max(len(ladder.knots) for ladder in numbers.ladders)
        at = {name: _side_by_side(numbers.ladders, name, width) for name in Ladder._fields}
        self._ladder = Ladder(**at)
        self._last = np.array([len(ladder.at_knot) - 1 for ladder in numbers.ladders])
        self._missing = np.array(numbers.missing)
        self._own = np.arange(len(numbers.ladders))

    def of(self, value: Floats) -> Floats:
        """Put each number on its scale, as `fast_scoring.line_kernels.scale` does."""
        ladder, own = self._ladder, self._own
        below = (ladder.knots < value[:, None]).sum(axis=1)
        step = np.maximum(below - 1, 0)
        knot, slope = ladder.knots[own, below], ladder.slope[own, step]
        with np.errstate(invalid="ignore", over="ignore"):
            up = slope * (value - ladder.knots[own, step]) + ladder.after[own, step]
            down = slope * (knot - value) - ladder.before[own, below]
            scaled = 0.5 * (up - down)
        scaled = np.where((below == 0) | (knot == value), ladder.at_knot[own, below], scaled)
        scaled = np.where(below > self._last, 1.0, scaled)
        return np.where(np.isnan(value), self._missing, scaled)


def _side_by_side(ladders: Sequence[Ladder], name: str, width: int) -> Floats:
    found = np.full((len(ladders), width), np.inf if name == "knots" else 0.0)
    for row, ladder in zip(found, ladders, strict=True):
        values = getattr(ladder, name)
        row[: len(values)] = values
    return found
