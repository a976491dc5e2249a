"""A feature frame read once for all parts of a model: numbers as float64, text by its words."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd

from leadscore.features.core import ModelMismatch, nearest
from leadscore.training.encoding.text_dictionary import DistinctWords, distinct_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    Column: TypeAlias = pd.Series[float] | pd.Series[str] | NDArray[np.float64] | DistinctWords

NAMED = 5  # of the features that are absent; the rest are counted


class FeatureColumns:
    """Features by column, each converted when it is first needed.

    `columns` has by name a number as float64; a text as str, as categories of str, or by its words.
    """

    def __init__(self, columns: pd.DataFrame | Mapping[str, Column], index: pd.Index[int]) -> None:
        self.index = index
        self._columns = columns
        self._numbers: dict[str, NDArray[np.float64]] = {}
        self._words: dict[str, DistinctWords] = {}

    @classmethod
    def of(cls, features: Features) -> FeatureColumns:
        """Return columns as they are, and those of a frame."""
        if isinstance(features, pd.DataFrame):
            return cls(features, features.index)
        return features

    def __len__(self) -> int:
        return len(self.index)

    def numbers(self, column: str) -> NDArray[np.float64]:
        """Return a number, float64 of shape (n,), missing as NaN; not to be written to."""
        if column not in self._numbers:
            self._numbers[column] = _numbers(self._columns[column])
        return self._numbers[column]

    def words(self, column: str) -> DistinctWords:
        """Return a text column by its distinct words."""
        if column not in self._words:
            self._words[column] = _words(self._columns[column])
        return self._words[column]

    def require(self, columns: Sequence[str]) -> None:
        """Raise `ModelMismatch` with the names of the columns that are absent."""
        absent = [column for column in columns if column not in self._columns]
        if absent:
            hint = f" {nearest(absent[0], map(str, self._columns))}" if len(absent) == 1 else ""
            raise ModelMismatch(
                f"the frame lacks {listed(absent)} of the {len(columns)} features that the model "
                f"needs.{hint} `leadscore.feature_frame` makes such a frame from leads, events "
                "and outcomes."
            )


Features: TypeAlias = pd.DataFrame | FeatureColumns


def _numbers(values: Column) -> NDArray[np.float64]:
    if isinstance(values, pd.Series) and values.dtype != "float64":
        return np.asarray(values.to_numpy("float64", na_value=np.nan), dtype="float64")
    return np.asarray(values)


def _words(values: Column) -> DistinctWords:
    if isinstance(values, DistinctWords):
        return values
    return distinct_words(values if isinstance(values, pd.Series) else pd.Series(values))


def listed(names: Iterable[str]) -> str:
    """List the first few names and count the rest.

    Examples
    --------
    >>> listed("abcdefg")
    "'a', 'b', 'c', 'd', 'e' and 2 more"
    """
    every = list(names)
    rest = len(every) - NAMED
    return ", ".join(map(repr, every[:NAMED])) + (f" and {rest} more" if rest > 0 else "")
