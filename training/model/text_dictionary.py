"""Text by its distinct words: what is asked of a word is asked once a word, not once a row."""

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
    """A text column as a dictionary.

    Parameters
    ----------
    words
        Every word of the column, once; some may be in no row.
    place
        For each row the place of its word, or -1 where it is missing; int of shape (n,).
    """

    words: list[str]
    place: NDArray[np.integer]

    def told(self, of_words: NDArray[Number], *, missing: float) -> NDArray[Number]:
        """Tell each row what is known of its word.

        Parameters
        ----------
        of_words
            A figure of each of `words`, in their order.
        missing
            The figure of a missing word.

        Returns
        -------
        ndarray of shape (n,)
            Of the type of `of_words`.
        """
        found: NDArray[Number] = np.append(of_words, of_words.dtype.type(missing))[self.place]
        return found

    def numbered(self, vocabulary: Sequence[str], *, unknown: int) -> NDArray[np.int64]:
        """Give each of `words` its number in a vocabulary, or `unknown`; int64."""
        numbers = {word: number for number, word in enumerate(vocabulary)}
        return np.array([numbers.get(word, unknown) for word in self.words], dtype="int64")


def distinct_words(values: pd.Series[str] | pd.Series[float]) -> DistinctWords:
    """Read a text column as a dictionary; at once where it is one already.

    Parameters
    ----------
    values
        Text as str, or as categories of str.

    Returns
    -------
    DistinctWords

    Examples
    --------
    >>> found = distinct_words(pd.Series(["web", "fair", None, "web"], dtype="str"))
    >>> found.words, found.place.tolist()
    (['web', 'fair'], [0, 1, -1, 0])
    """
    if isinstance(values.dtype, pd.CategoricalDtype):
        words = [str(word) for word in values.cat.categories]
        return DistinctWords(words, values.cat.codes.to_numpy())
    text = values if values.dtype == "str" else values.astype("str")
    encoded = pa.array(text).dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks() if encoded.num_chunks else pa.array([], encoded.type)
    place = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return DistinctWords(encoded.dictionary.to_pylist(), np.asarray(place))


def as_categories(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Turn text columns into categories, so that all who read them share one dictionary.

    Parameters
    ----------
    frame
        Features.
    columns
        Its text columns; those that it has not are passed over.

    Returns
    -------
    DataFrame
        The same rows and words.
    """
    found = {}
    for column in columns:
        if column in frame and not isinstance(frame[column].dtype, pd.CategoricalDtype):
            told = distinct_words(frame[column])
            words = pd.Index(told.words, dtype="str")
            found[column] = pd.Categorical.from_codes(told.place, categories=words)
    return frame.assign(**found) if found else frame
