"""Text by its distinct words, so that work is done once a word, not once a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Number = TypeVar("Number", np.float64, np.int64)


@dataclass(frozen=True)
class DistinctWords:
    """A text column as a dictionary."""

    words: list[str]  # each once; some may be in no row
    place: NDArray[np.integer]  # of each row's word, or -1 where it is missing

    def to_rows(self, values: NDArray[Number], *, missing: float) -> NDArray[Number]:
        """Give each row its word's value, or `missing`; `values` are in the order of `words`."""
        found: NDArray[Number] = np.append(values, values.dtype.type(missing))[self.place]
        return found

    def codes(self, vocabulary: Sequence[str], *, unknown: int) -> NDArray[np.int64]:
        """Give each of `words` its position in a vocabulary, or `unknown`; int64."""
        numbers = {word: number for number, word in enumerate(vocabulary)}
        return np.array([numbers.get(word, unknown) for word in self.words], dtype="int64")


def distinct_words(values: pd.Series[str] | pd.Series[float] | list[str | None]) -> DistinctWords:
    """Read a text column, given as str, as categories of str or as a list, as a dictionary.

    Examples
    --------
    >>> found = distinct_words(pd.Series(["web", "fair", None, "web"], dtype="str"))
    >>> found.words, found.place.tolist()
    (['web', 'fair'], [0, 1, -1, 0])
    """
    if isinstance(values, list):
        text = pa.array(values, pa.string())
    elif isinstance(values.dtype, pd.CategoricalDtype):
        words = [str(word) for word in values.cat.categories]
        return DistinctWords(words, values.cat.codes.to_numpy())
    else:
        text = pa.array(values if values.dtype == "str" else values.astype("str"))
    encoded = text.dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks() if encoded.num_chunks else pa.array([], encoded.type)
    place = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return DistinctWords(encoded.dictionary.to_pylist(), np.asarray(place))


def as_categories(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Turn text columns into categories, so that parts of the frame share their dictionaries."""
    found = {}
    for column in columns:
        if column in frame and not isinstance(frame[column].dtype, pd.CategoricalDtype):
            words = distinct_words(frame[column])
            kinds = pd.Index(words.words, dtype="str")
            found[column] = pd.Categorical.from_codes(words.place, categories=kinds)
    return frame.assign(**found) if found else frame
