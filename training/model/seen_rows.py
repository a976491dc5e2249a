"""Rows as trees see them, column by column, so that nobody lays out what no tree asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from leadscore.training.model.boosting import MOST_WORDS, lay_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from leadscore.training.model.boosting import TextColumns


class SeenRows:
    """Rows that are scored, as one member's trees see them.

    Parameters
    ----------
    codes
        What `TextEncoder.columns_of` gives: float64, each of shape (n,).
    text
        Which of them are text.
    rates
        What `WordRates` says of the rows; only `native` does without.
    words
        As in the recipe.
    """

    def __init__(
        self,
        codes: Sequence[NDArray[np.float64]],
        text: TextColumns,
        rates: NDArray[np.float64] | None,
        words: str,
    ) -> None:
        self._codes, self._text, self._rates = codes, text, rates
        self._words = "native" if rates is None else words
        self._text_at = {position: at for at, position in enumerate(text.positions)}

    def __len__(self) -> int:
        return len(self._codes[0])

    def part(self, column: int, rows: slice) -> NDArray[np.float64]:
        """Return some rows of one column of `matrix`, float64."""
        if column >= len(self._codes):
            at, word = divmod(column - len(self._codes), MOST_WORDS)
            is_word = self._codes[self._text.positions[at]][rows] == word
            return np.asarray(is_word, dtype="float64")
        codes, at = self._codes[column][rows], self._text_at.get(column, -1)
        if self._rates is None or at < 0 or self._words == "native":
            return codes
        if self._words == "rates" or self._text.is_wide[at]:
            return self._rates[rows, at]
        return np.isnan(codes).astype("float64")

    def matrix(self, rows: slice = slice(None)) -> NDArray[np.float64]:
        """Return some rows as LightGBM takes them, float64 of shape (n, len(owners))."""
        codes = np.column_stack([values[rows] for values in self._codes])
        rates = None if self._rates is None else self._rates[rows]
        return lay_out(codes, self._text, rates, self._words)
