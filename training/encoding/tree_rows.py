"""Rows as trees see them: text as codes, as the rates of earlier leads, or word by word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from leadscore.training.encoding.ordered_target_encoder import WordRates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from leadscore.training.encoding.text_encoder import TextEncoder

MOST_WORDS = 12  # of a column get a column of their own; the rate stands for the rest


@dataclass(frozen=True)
class TextColumns:
    """The positions of the text columns, and which have more words than get a column each."""

    positions: list[int]
    is_wide: list[bool]

    @classmethod
    def of(cls, encoder: TextEncoder) -> TextColumns:
        """Return those of the codes that an encoder gives."""
        is_wide = [len(words) > MOST_WORDS for words in encoder.vocabulary_.values()]
        return cls(encoder.text_positions, is_wide)


@dataclass(frozen=True)
class TrainingMatrix:
    """The rows that trees grow on, in the order of time."""

    frame: pd.DataFrame
    codes: NDArray[np.float64]  # by `TextEncoder`, of shape (n, k)
    text: TextColumns
    is_new: NDArray[np.bool_]  # by `TextEncoder.new_words`, of shape (n, text columns)
    outcome: NDArray[np.float64]
    weight: NDArray[np.float64]  # how much a row counts
    place: NDArray[np.float64]  # in time, from 0 to 1
    order: NDArray[np.int64]  # for rates: which lead comes before which

    @property
    def text_columns(self) -> list[str]:
        """The names of the text columns."""
        return [str(self.frame.columns[position]) for position in self.text.positions]

    def weights(self, half_life: float | None) -> NDArray[np.float64]:
        """Weigh the rows, later ones higher where there is a half-life; 1 on average."""
        weight = self.weight * recency_weight(self.place, half_life)
        return np.asarray(weight / weight.mean(), dtype="float64")

    def take(self, rows: NDArray[np.int64]) -> TrainingMatrix:
        """Return some of the rows."""
        return TrainingMatrix(
            self.frame.iloc[rows],
            self.codes[rows],
            self.text,
            self.is_new[rows],
            self.outcome[rows],
            self.weight[rows],
            self.place[rows],
            self.order[rows],
        )


def training_matrix(
    frame: pd.DataFrame,
    encoder: TextEncoder,
    outcome: pd.Series[float],
    lead: pd.Series[str],
    weight: pd.Series[float] | None = None,
    *,
    by_time: bool,
    seed: int,
) -> TrainingMatrix:
    """Lay out rows, in the order of time where they have one.

    Without dates the order for rates is drawn, as CatBoost draws it. By default all count alike.
    """
    order = pd.factorize(lead)[0].astype("int64")
    if not by_time:
        drawn = np.random.default_rng(seed).permutation(int(order.max()) + 1)
        order = drawn[order].astype("int64")
    codes = encoder.transform(frame)
    return TrainingMatrix(
        frame,
        codes,
        TextColumns.of(encoder),
        encoder.new_words(codes, order),
        np.asarray(outcome, dtype="float64"),
        np.ones(len(frame)) if weight is None else np.asarray(weight, dtype="float64"),
        places(lead),
        order,
    )


def lay_out_training(matrix: TrainingMatrix, words: str) -> tuple[NDArray[np.float64], WordRates]:
    """Lay out training rows as trees see them: with the rates, and the words, known by then."""
    rates, codes = WordRates(matrix.text_columns), matrix.codes
    earlier = rates.fit_transform(matrix.frame, matrix.outcome, matrix.order)
    if words == "native":
        codes, positions = codes.copy(), matrix.text.positions
        codes[:, positions] = np.where(matrix.is_new, np.nan, codes[:, positions])
    return lay_out(codes, matrix.text, earlier, words), rates


def lay_out(
    codes: NDArray[np.float64], text: TextColumns, rates: NDArray[np.float64], words: str
) -> NDArray[np.float64]:
    """Lay out rows that are predicted as trees see them; see `SeenRows`."""
    return SeenRows(list(codes.T), text, rates, words).matrix()


class SeenRows:
    """Rows as trees see them, column by column, so that only what trees need is laid out.

    Parameters
    ----------
    codes
        The columns of `TextEncoder.columns_of`.
    rates
        The rates and shares of `WordRates`, float64 of shape (n, 2 x text columns).
    words
        As in the recipe. After the codes comes the share of each text column's word; `each` puts
        a column for each of the commonest words after these.
    """

    def __init__(
        self,
        codes: Sequence[NDArray[np.float64]],
        text: TextColumns,
        rates: NDArray[np.float64],
        words: str,
    ) -> None:
        self._codes, self._text, self._rates, self._words = codes, text, rates, words
        self._text_at = {position: at for at, position in enumerate(text.positions)}

    def __len__(self) -> int:
        return len(self._codes[0])

    def part(self, column: int, rows: slice) -> NDArray[np.float64]:
        """Return some rows of one column of `matrix`, float64."""
        beyond, texts = column - len(self._codes), len(self._text.positions)
        if 0 <= beyond < texts:
            return self._rates[rows, texts + beyond]
        if beyond >= texts:
            at, word = divmod(beyond - texts, MOST_WORDS)
            is_word = self._codes[self._text.positions[at]][rows] == word
            return np.asarray(is_word, dtype="float64")
        codes, at = self._codes[column][rows], self._text_at.get(column, -1)
        if at < 0 or self._words == "native":
            return codes
        if self._words == "rates" or self._text.is_wide[at]:
            return self._rates[rows, at]
        return np.isnan(codes).astype("float64")

    def matrix(self, rows: slice = slice(None)) -> NDArray[np.float64]:
        """Return some rows as LightGBM takes them, float64 of shape (n, len(owners))."""
        columns = len(owners(len(self._codes), self._text, self._words))
        return np.column_stack([self.part(column, rows) for column in range(columns)])


def owners(columns: int, text: TextColumns, words: str) -> NDArray[np.int64]:
    """Return for each column that trees see the feature it comes from, int64."""
    own = np.arange(columns, dtype="int64")
    of_text = own[text.positions]
    each = np.repeat(of_text, MOST_WORDS if words == "each" else 0)
    return np.concatenate([own, of_text, each])


def places(lead: pd.Series[str]) -> NDArray[np.float64]:
    """Give each row its lead's place in the order of time, from 0 to just below 1; float64."""
    return np.asarray(pd.factorize(lead)[0] / max(lead.nunique(), 1), dtype="float64")


def recency_weight(place: NDArray[np.float64], half_life: float | None) -> NDArray[np.float64]:
    """Weigh training rows by how late they are, 1 on average; None: all count alike.

    `place` is each row's place in time from 0 (oldest) to 1, `half_life` the share of the history
    after which a lead counts half.
    """
    if half_life is None:
        return np.ones(len(place))
    weight = 0.5 ** ((place.max() - place) / half_life)
    return np.asarray(weight / weight.mean(), dtype="float64")
