"""Sets of bins as the inner loops test them: the cheapest of three tests that is exact."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from leadscore.training.fast_scoring.bins import BINS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

INTERVAL, ONE_WORD, WORDS = 0, 1, 2
BITS = 64  # of a machine word


class Sets(NamedTuple):
    """Sets of bins, one after the other."""

    plane: NDArray[np.int64]
    # Whether a bin is looked up in an interval (modulo 256, so that unused bins may lie within),
    # in one word of 64 bits, or in four.
    test: NDArray[np.uint8]
    start: NDArray[np.uint8]  # the interval's first bin
    width: NDArray[np.uint8]  # how many follow
    words: NDArray[np.uint64]  # the set's bits, of shape (sets, 4)


def bin_sets(
    plane: Sequence[int] | NDArray[np.int64],
    holds: Sequence[NDArray[np.bool_]],
    used: NDArray[np.bool_],
) -> Sets:
    """Choose each set's test.

    `holds` says for each set which bins are in it, bool of shape (256,); `used` which bins each
    plane has, bool of shape (planes, 256).
    """
    places = np.asarray(plane, dtype="int64")
    held = np.asarray(holds, dtype="bool").reshape(-1, BINS)
    test, start, width = np.zeros((3, len(held)), dtype="uint8")
    for number in np.unique(places):
        rows = places == number
        test[rows], start[rows], width[rows] = _tests(held[rows], np.flatnonzero(used[number]))
    bits = np.uint64(1) << np.arange(BITS, dtype="uint64")
    words = [held[:, at : at + BITS] @ bits for at in range(0, BINS, BITS)]
    return Sets(places, test, start, width, np.stack(words, axis=1))


def _tests(
    held: NDArray[np.bool_], bins: NDArray[np.int64]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    """Find the interval, round the circle of bins, that holds these bins and no others in use."""
    inside = held[:, bins]
    opens, closes = inside & ~np.roll(inside, 1, axis=1), inside & ~np.roll(inside, -1, axis=1)
    is_interval = opens.sum(axis=1) == 1
    start, end = bins[opens.argmax(axis=1)], bins[closes.argmax(axis=1)]
    other = ONE_WORD if bins[-1] < BITS else WORDS
    test = np.where(is_interval, INTERVAL, other).astype("uint8")
    return test, start.astype("uint8"), ((end - start) % BINS).astype("uint8")
