"""The inner loops in machine code; they hold no lock, so that threads can share the rows.

All of them work on bins, uint8 of shape (planes, rows): one plane after the other, so that a node
is looked up for many rows by one instruction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from leadscore.training.fast_scoring.jit import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from leadscore.training.fast_scoring.forest import Forest
    from leadscore.training.fast_scoring.paths import Paths
    from leadscore.training.fast_scoring.sets import Sets

ZERO = float(np.float32(1e-35))  # as `bins.ZERO`; numba keeps machine code a file at a time
ROWS_IN_CACHE = 2_048  # with their masks and margins they fill half of a core's nearest cache
INTERVAL, ONE_WORD = 0, 1  # as `sets.INTERVAL`, `sets.ONE_WORD`


@compiled
def bin_numbers(
    values: NDArray[np.float64],
    cuts: NDArray[np.float64],
    missing_bin: int,
    bins: NDArray[np.uint8],
) -> None:
    """Find each value's bin: how many cut points lie below it, by a search without branches."""
    half = len(cuts) // 2
    for row in range(len(values)):
        value = values[row]
        if abs(value) <= ZERO:
            value = 0.0
        below, step = 0, half
        while step > 0:
            below += step * (cuts[below + step - 1] < value)
            step //= 2
        bins[row] = missing_bin if np.isnan(value) else below


@compiled
def bin_categories(
    values: NDArray[np.float64], kind: NDArray[np.uint8], bins: NDArray[np.uint8]
) -> None:
    """Find each category's bin; LightGBM drops the decimals."""
    kinds = len(kind)
    for row in range(len(values)):
        value = values[row]
        bins[row] = kind[np.int64(value)] if value > -1.0 and value < kinds else 0


@compiled
def add_trees(
    bins: NDArray[np.uint8], sets: Sets, forest: Forest, margin: NDArray[np.float64]
) -> None:
    """Add each tree's leaf to each row's margin, in the order of the trees."""
    kept, waiting = np.empty(ROWS_IN_CACHE, forest.keep.dtype), np.empty(ROWS_IN_CACHE, np.bool_)
    for begin in range(0, len(margin), ROWS_IN_CACHE):
        of_some = margin[begin : begin + ROWS_IN_CACHE]
        remaining, waits = kept[: len(of_some)], waiting[: len(of_some)]
        for tree in range(len(forest.first_word) - 1):
            first, end = forest.first_word[tree], forest.first_word[tree + 1]
            waits[:] = True
            for word in range(first, end):
                remaining[:] = forest.hashing[0]
                for node in range(forest.first_node[word], forest.first_node[word + 1]):
                    of_plane = bins[sets.plane[node]][begin : begin + len(remaining)]
                    _strike(of_plane, sets, node, forest.keep[node], remaining)
                if end - first == 1:
                    _add_first_leaf(remaining, forest, forest.value[word], of_some)
                else:
                    _add_if_waiting(remaining, waits, forest, forest.value[word], of_some)


@compiled
def _strike(
    bins: NDArray[np.uint8],
    sets: Sets,
    node: int,
    keep: int,
    remaining: NDArray[np.unsignedinteger],
) -> None:
    """Strike out the leaves to the left of a node for the rows that it sends right."""
    if sets.test[node] == INTERVAL:
        start, width = sets.start[node], sets.width[node]
        for row in range(len(remaining)):
            left = np.uint8(bins[row] - start) <= width
            remaining[row] = remaining[row] if left else remaining[row] & keep
    elif sets.test[node] == ONE_WORD:
        word = sets.words[node, 0]
        for row in range(len(remaining)):
            left = (word >> np.uint64(bins[row] & 63)) & np.uint64(1)
            remaining[row] = remaining[row] if left else remaining[row] & keep
    else:
        words = sets.words[node]
        for row in range(len(remaining)):
            left = (words[bins[row] >> 6] >> np.uint64(bins[row] & 63)) & np.uint64(1)
            remaining[row] = remaining[row] if left else remaining[row] & keep


@compiled
def _add_first_leaf(
    remaining: NDArray[np.unsignedinteger],
    forest: Forest,
    value: NDArray[np.float64],
    margin: NDArray[np.float64],
) -> None:
    """Add the first leaf that is left; its place is a hash of its bit (a de Bruijn sequence)."""
    for row in range(len(remaining)):
        lone = remaining[row] & (~remaining[row] + 1)
        remaining[row] = lone * forest.hashing[1]
    for row in range(len(remaining)):
        margin[row] += value[remaining[row] >> forest.shift]


@compiled
def _add_if_waiting(
    remaining: NDArray[np.unsignedinteger],
    waits: NDArray[np.bool_],
    forest: Forest,
    value: NDArray[np.float64],
    margin: NDArray[np.float64],
) -> None:
    """Add the first leaf of the first word that has one left."""
    for row in range(len(remaining)):
        arrives = waits[row] and remaining[row] != 0
        waits[row] = waits[row] and not arrives
        lone = remaining[row] & (~remaining[row] + 1)
        remaining[row] = lone * forest.hashing[1]
        margin[row] += value[remaining[row] >> forest.shift] if arrives else 0.0


@compiled
def add_contributions(
    bins: NDArray[np.uint8], sets: Sets, paths: Paths, found: NDArray[np.float64]
) -> None:
    """Add each leaf's SHAP values to the columns' contributions, of shape (columns, rows)."""
    rows = bins.shape[1]
    off, many_off = np.empty(rows, np.uint16), np.empty(rows, np.uint64)
    widest = 0  # the most slots for which a table of every pattern is worth its while
    while widest < 16 and (2 << widest) <= rows:
        widest += 1
    table, product = np.empty((widest, 1 << widest)), np.empty(1 << widest)
    for leaf in range(len(paths.value)):
        first, slots = paths.first_slot[leaf], paths.first_slot[leaf + 1] - paths.first_slot[leaf]
        if slots <= widest:
            _mark_path(bins, sets, paths, leaf, off)
            _tabulate(paths, leaf, table, product)
            for slot in range(slots):
                of_slot, of_column = table[slot], found[paths.column[first + slot]]
                for row in range(rows):
                    of_column[row] += of_slot[off[row]]
        else:
            _mark_path(bins, sets, paths, leaf, many_off)
            for row in range(rows):
                _add_single(paths, leaf, many_off[row], row, found)


@compiled
def _mark_path(
    bins: NDArray[np.uint8], sets: Sets, paths: Paths, leaf: int, off: NDArray[np.unsignedinteger]
) -> None:
    """Set a bit for each slot by which a row is off the path to a leaf."""
    off[:] = 0
    for condition in range(paths.first_condition[leaf], paths.first_condition[leaf + 1]):
        bit = np.uint64(1) << np.uint64(paths.slot[condition])
        _mark(bins[sets.plane[condition]], sets, condition, bit, off)


@compiled
def _mark(
    bins: NDArray[np.uint8],
    sets: Sets,
    condition: int,
    bit: np.uint64,
    off: NDArray[np.unsignedinteger],
) -> None:
    """Set the bit of the rows whose bin is not in the set."""
    if sets.test[condition] == INTERVAL:
        start, width = sets.start[condition], sets.width[condition]
        for row in range(len(off)):
            on = np.uint8(bins[row] - start) <= width
            off[row] = off[row] if on else off[row] | bit
    elif sets.test[condition] == ONE_WORD:
        word = sets.words[condition, 0]
        for row in range(len(off)):
            on = (word >> np.uint64(bins[row] & 63)) & np.uint64(1)
            off[row] = off[row] if on else off[row] | bit
    else:
        words = sets.words[condition]
        for row in range(len(off)):
            on = (words[bins[row] >> 6] >> np.uint64(bins[row] & 63)) & np.uint64(1)
            off[row] = off[row] if on else off[row] | bit


@compiled
def _tabulate(
    paths: Paths, leaf: int, table: NDArray[np.float64], product: NDArray[np.float64]
) -> None:
    """Give each slot's Shapley value of a leaf, for every pattern of slots that are off the path.

    With some columns known the leaf is worth its value times, for each known column, whether the
    row stays on the path, and for each other one the share of training rows that do: a product.
    A column's Shapley value is the integral, over t from 0 to 1, of its own change times the
    product of all others' terms, each so far on the way from the share to the truth (Owen 1972).
    """
    first, slots = paths.first_slot[leaf], paths.first_slot[leaf + 1] - paths.first_slot[leaf]
    order = (slots + 1) // 2
    for slot in range(slots):
        table[slot, : 1 << slots] = 0.0
    for point in range(order):
        t = paths.points[order, point]
        product[0] = paths.weights[order, point] * paths.value[leaf]
        for slot in range(slots):
            away = paths.share[first + slot] * (1.0 - t)
            for pattern in range(1 << slot):
                product[pattern + (1 << slot)] = product[pattern] * away
                product[pattern] *= away + t
        for slot in range(slots):
            share = paths.share[first + slot]
            away = share * (1.0 - t)
            change_on, change_off = (1.0 - share) / (away + t), -share / away
            of_slot, half = table[slot], 1 << slot
            for begin in range(0, 1 << slots, 2 * half):
                for pattern in range(begin, begin + half):
                    of_slot[pattern] += product[pattern] * change_on
                for pattern in range(begin + half, begin + 2 * half):
                    of_slot[pattern] += product[pattern] * change_off


@compiled
def _add_single(paths: Paths, leaf: int, off: int, row: int, found: NDArray[np.float64]) -> None:
    """Add one row's Shapley values of a leaf: the same figures as in the table."""
    first, slots = paths.first_slot[leaf], paths.first_slot[leaf + 1] - paths.first_slot[leaf]
    order = (slots + 1) // 2
    own = np.zeros(slots)
    for point in range(order):
        t = paths.points[order, point]
        product = paths.weights[order, point] * paths.value[leaf]
        for slot in range(slots):
            away = paths.share[first + slot] * (1.0 - t)
            product *= away if (off >> np.uint64(slot)) & np.uint64(1) else away + t
        for slot in range(slots):
            share = paths.share[first + slot]
            away = share * (1.0 - t)
            is_off = (off >> np.uint64(slot)) & np.uint64(1)
            own[slot] += product * (-share / away if is_off else (1.0 - share) / (away + t))
    for slot in range(slots):
        found[paths.column[first + slot], row] += own[slot]
