"""The model's own cut points: each column becomes bytes by which every node can be looked up.

Two values of a column that no node tells apart have the same bin, so a node is fully described by
which of its plane's 256 bins go left.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from leadscore.training.fast_scoring.lightgbm_parser import (
    CATEGORICAL,
    DEFAULT_LEFT,
    MISSING_MASK,
    MISSING_NAN,
    MISSING_SHIFT,
    MISSING_ZERO,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from leadscore.training.fast_scoring.lightgbm_parser import Tree, TreeModel

BINS = 256  # a byte
MOST_CUTS = BINS - 2  # the last cut has a bin on either side, and missing values have their own
ZERO = float(np.float32(1e-35))  # LightGBM takes what is not farther from zero for zero
BELOW_ZERO = math.nextafter(-ZERO, -math.inf)

Node = tuple[int, int]  # its tree and its place in it


@dataclass(frozen=True)
class Plane:
    """How one column becomes bytes; a column with more cut points than a byte holds has several."""

    column: int
    # Numbers: the cut points in order, filled up with infinity to shape (2^k,); a value's bin is
    # how many lie below it. Empty for categories.
    cuts: NDArray[np.float64]
    missing_bin: int  # of numbers
    # Categories: the bin of each; those beyond have bin 0, as missing ones. Empty for numbers.
    kind: NDArray[np.uint8]


@dataclass(frozen=True)
class Binned:
    """The planes of a model, and its nodes as sets of bins."""

    planes: tuple[Plane, ...]
    plane: tuple[NDArray[np.int64], ...]  # by tree, the plane of each node
    goes_left: tuple[NDArray[np.bool_], ...]  # by tree, the bins sent left; shape (nodes, 256)
    used: NDArray[np.bool_]  # which bins there can be, of shape (planes, 256)


def bin_model(model: TreeModel) -> Binned:
    """Choose the planes, and look every bin up in every node as LightGBM would."""
    plane = tuple(np.zeros(len(tree.column), dtype="int64") for tree in model.trees)
    goes_left = tuple(np.zeros((len(tree.column), BINS), dtype="bool") for tree in model.trees)
    planes: list[Plane] = []
    used: list[NDArray[np.bool_]] = []
    for (column, is_text), nodes in sorted(_by_column(model).items()):
        share = _category_planes if is_text else _number_planes
        for made, there, left_of in share(column, nodes, model.trees):
            for (tree, node), left in left_of.items():
                plane[tree][node] = len(planes)
                goes_left[tree][node] = left
            planes.append(made)
            used.append(there)
    return Binned(tuple(planes), plane, goes_left, np.array(used, dtype="bool").reshape(-1, BINS))


Shared = tuple[Plane, "NDArray[np.bool_]", "dict[Node, NDArray[np.bool_]]"]


def _by_column(model: TreeModel) -> dict[tuple[int, bool], list[Node]]:
    nodes: dict[tuple[int, bool], list[Node]] = defaultdict(list)
    for number, tree in enumerate(model.trees):
        is_text = (tree.decision & CATEGORICAL).astype("bool")
        for place, column in enumerate(tree.column):
            nodes[int(column), bool(is_text[place])].append((number, place))
    return nodes


def _number_planes(column: int, nodes: Sequence[Node], trees: Sequence[Tree]) -> Iterator[Shared]:
    """Distribute a column's cut points among planes, in order."""
    by_cut: dict[float, list[Node]] = defaultdict(list)
    for tree, node in nodes:
        by_cut[float(trees[tree].threshold[node])].append((tree, node))
    missing = {_missing(trees[tree], node) for tree, node in nodes}
    # Where zero counts as missing it needs a bin of its own.
    zero = {BELOW_ZERO, 0.0} if MISSING_ZERO in missing else set()
    cuts, room = sorted(by_cut), MOST_CUTS - len(zero)
    for start in range(0, len(cuts), room):
        own = cuts[start : start + room]
        at = np.array(sorted({*own, *zero}))
        used = np.zeros(BINS, dtype="bool")
        used[: len(at) + 2] = True
        left_of = {
            (tree, node): _goes_left(at, trees[tree], node)
            for cut in own
            for tree, node in by_cut[cut]
        }
        filled = np.full(1 << len(at).bit_length(), np.inf)
        filled[: len(at)] = at
        yield Plane(column, filled, len(at) + 1, np.empty(0, dtype="uint8")), used, left_of


def _goes_left(cuts: NDArray[np.float64], tree: Tree, node: int) -> NDArray[np.bool_]:
    """Decide for one value of each bin what LightGBM's `Tree::NumericalDecision` decides."""
    value = np.full(BINS, np.nan)
    value[: len(cuts)], value[len(cuts)] = cuts, np.inf
    missing, default = _missing(tree, node), bool(tree.decision[node] & DEFAULT_LEFT)
    if missing != MISSING_NAN:
        value[np.isnan(value)] = 0.0
    left = value <= tree.threshold[node]
    if missing == MISSING_NAN:
        left[np.isnan(value)] = default
    if missing == MISSING_ZERO:
        left[np.abs(value) <= ZERO] = default
    return np.asarray(left, dtype="bool")


def _missing(tree: Tree, node: int) -> int:
    return int(tree.decision[node]) >> MISSING_SHIFT & MISSING_MASK


def _category_planes(column: int, nodes: Sequence[Node], trees: Sequence[Tree]) -> Iterator[Shared]:
    """Put as many nodes on a plane as leave no more kinds of categories than a byte holds."""
    kinds: dict[int, int] = {}
    kept: dict[Node, int] = {}
    for tree, node in nodes:
        own = trees[tree].categories[int(trees[tree].threshold[node])].tolist()
        finer = _told_apart(kinds, own)
        if len(set(finer.values()) | {0}) > BINS:
            yield _category_plane(column, kinds, list(kept), trees)
            finer, kept = _told_apart({}, own), {}
        kinds = finer
        kept[tree, node] = len(kept)
    yield _category_plane(column, kinds, list(kept), trees)


def _told_apart(kinds: dict[int, int], own: Sequence[int]) -> dict[int, int]:
    """Renumber the kinds of categories once one more node separates its own."""
    inside, fresh = set(own), {(0, False): 0}
    finer = {}
    for category in [*kinds, *(each for each in own if each not in kinds)]:
        key = (kinds.get(category, 0), category in inside)
        finer[category] = fresh.setdefault(key, len(fresh))
    return finer


def _category_plane(
    column: int, kinds: dict[int, int], nodes: Sequence[Node], trees: Sequence[Tree]
) -> Shared:
    kind = np.zeros(max(kinds, default=-1) + 1, dtype="uint8")
    kind[list(kinds)] = list(kinds.values())
    used = np.zeros(BINS, dtype="bool")
    used[: max(kinds.values(), default=0) + 1] = True
    left_of = {}
    for tree, node in nodes:
        left = np.zeros(BINS, dtype="bool")
        left[kind[trees[tree].categories[int(trees[tree].threshold[node])]]] = True
        left_of[tree, node] = left
    return Plane(column, np.empty(0), 0, kind), used, left_of
