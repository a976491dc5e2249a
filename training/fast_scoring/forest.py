"""Trees laid out for the inner loops: leaves from left to right, one bit each."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from leadscore.training.fast_scoring.sets import bin_sets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from leadscore.training.fast_scoring.bins import Binned
    from leadscore.training.fast_scoring.lightgbm_parser import Tree, TreeModel
    from leadscore.training.fast_scoring.sets import Sets


class Forest(NamedTuple):
    """The trees behind their nodes' sets.

    A tree's leaves, from left to right, are the bits of one word, or of several.
    """

    first_word: NDArray[np.int64]  # where each tree's words begin, of shape (trees + 1,)
    first_node: NDArray[np.int64]  # where each word's nodes begin: those with leaves to their left
    keep: NDArray[np.unsignedinteger]  # a node's leaves that remain when it sends a row right
    # Every bit set; then what turns a lone bit into its place among the word's values.
    hashing: NDArray[np.unsignedinteger]
    shift: int  # how many bits of the product to drop
    value: NDArray[np.float64]  # each leaf's by the hash of its bit, of shape (words, bits)


class _Masks(NamedTuple):
    """How leaves become bits: the type of a mask, its bits, and its de Bruijn sequence."""

    type: type[np.unsignedinteger]
    bits: int
    sequence: int
    shift: int

    @property
    def whole(self) -> int:
        """A mask with every bit set."""
        return (1 << self.bits) - 1


# A de Bruijn sequence, shifted by any number of places, starts with bits that no other shift gives
# (Leiserson, Prokop and Randall, Using de Bruijn Sequences to Index a 1 in a Computer Word, 1998).
NARROW = _Masks(np.uint32, 32, 0x077CB531, 27)
WIDE = _Masks(np.uint64, 64, 0x03F79D71B4CB0A89, 58)


def lay_out_forest(model: TreeModel, binned: Binned) -> tuple[Sets, Forest]:
    """Lay out the trees, with the bins that each node sends left, word after word."""
    masks = NARROW if all(len(tree.value) <= NARROW.bits for tree in model.trees) else WIDE
    first_word, first_node = [0], [0]
    plane: list[int] = []
    goes_left: list[NDArray[np.bool_]] = []
    keep: list[int] = []
    values: list[NDArray[np.float64]] = []
    for number, tree in enumerate(model.trees):
        for word in _words(tree, masks):
            plane += binned.plane[number][word.nodes].tolist()
            goes_left += list(binned.goes_left[number][word.nodes])
            keep += word.keep
            values.append(word.value)
            first_node.append(len(plane))
        first_word.append(len(values))
    sets = bin_sets(plane, goes_left, binned.used)
    return sets, Forest(
        np.array(first_word, dtype="int64"),
        np.array(first_node, dtype="int64"),
        np.array(keep, dtype=masks.type),
        np.array([masks.whole, masks.sequence], dtype=masks.type),
        masks.shift,
        np.array(values).reshape(-1, masks.bits),
    )


class _Word(NamedTuple):
    """Neighbouring leaves of a tree: the nodes with some of them to their left, and what remains.

    `value` is in the order of the hashes of the leaves' bits.
    """

    nodes: NDArray[np.int64]
    keep: list[int]
    value: NDArray[np.float64]


def _words(tree: Tree, masks: _Masks) -> Iterator[_Word]:
    order, to_the_left = leaves_below(tree)
    places = [(masks.sequence << bit & masks.whole) >> masks.shift for bit in range(masks.bits)]
    for first in range(0, len(order), masks.bits):
        own = order[first : first + masks.bits]
        inside = np.clip(to_the_left - first, 0, masks.bits)
        nodes = np.flatnonzero(inside[:, 1] > inside[:, 0])
        struck = [(1 << int(end)) - (1 << int(start)) for start, end in inside[nodes]]
        value = np.zeros(masks.bits)
        value[places[: len(own)]] = tree.value[own]
        yield _Word(nodes, [masks.whole & ~bits for bits in struck], value)


def leaves_below(tree: Tree) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return LightGBM's leaves from left to right, and each node's leaves to its left.

    The latter are the first of them and the one after the last, int64 of shape (leaves - 1, 2).
    """
    order: list[int] = []
    to_the_left = np.zeros((len(tree.left), 2), dtype="int64")
    waiting = [0 if len(tree.left) else -1]
    while waiting:
        node = waiting.pop()
        if node >= len(tree.left):  # its left side has been numbered
            to_the_left[node - len(tree.left), 1] = len(order)
        elif node < 0:
            order.append(~node)
        else:
            to_the_left[node, 0] = len(order)
            waiting += [int(tree.right[node]), node + len(tree.left), int(tree.left[node])]
    return np.array(order, dtype="int64"), to_the_left
