"""The way to every leaf, from which SHAP values follow."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from leadscore.training.fast_scoring.lightgbm_parser import NotCompiled
from leadscore.training.fast_scoring.sets import bin_sets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from leadscore.training.fast_scoring.bins import Binned
    from leadscore.training.fast_scoring.lightgbm_parser import Tree, TreeModel
    from leadscore.training.fast_scoring.sets import Sets

MOST_COLUMNS = 64  # on the way to a leaf: a machine word has a bit for each


class Paths(NamedTuple):
    """The way to every leaf, for exact SHAP; a leaf has a slot for each column on its path."""

    value: NDArray[np.float64]  # what each leaf adds
    first_condition: NDArray[np.int64]  # where each leaf's conditions begin, shape (leaves + 1,)
    first_slot: NDArray[np.int64]
    slot: NDArray[np.int64]  # of each condition
    column: NDArray[np.int64]  # of each slot
    share: NDArray[np.float64]  # of the training rows at a slot's nodes, those on towards the leaf
    points: NDArray[np.float64]  # Gauss-Legendre points on [0, 1], a row for each number of them
    weights: NDArray[np.float64]


@dataclass(frozen=True)
class _Path:
    """The way to a node: by plane the bins that stay on it, by column the share of rows that do."""

    bins: dict[int, NDArray[np.bool_]] = field(default_factory=dict)
    share: dict[int, float] = field(default_factory=dict)

    def further(self, plane: int, bins: NDArray[np.bool_], column: int, share: float) -> _Path:
        """Go one node down."""
        stay = self.bins[plane] & bins if plane in self.bins else bins
        shares = self.share | {column: self.share.get(column, 1.0) * share}
        return _Path(self.bins | {plane: stay}, shares)


def lay_out_paths(model: TreeModel, binned: Binned) -> tuple[Sets, Paths]:
    """Lay out the way to every leaf but that of trees with one, and the bins that stay on it.

    Raises
    ------
    NotCompiled
        Where a path has too many columns, or nodes do not say how many training rows they had.
    """
    laid_out = _LaidOut(binned)
    for number, tree in enumerate(model.trees):
        for leaf, path in _paths(tree, binned.plane[number], binned.goes_left[number]):
            laid_out.add(float(tree.value[leaf]), path)
    return laid_out.arrays()


class _LaidOut:
    """Paths one after the other."""

    def __init__(self, binned: Binned) -> None:
        self._binned = binned
        self._value: list[float] = []
        self._plane: list[int] = []
        self._stays: list[NDArray[np.bool_]] = []
        self._slot: list[int] = []
        self._column: list[int] = []
        self._share: list[float] = []
        self._conditions, self._slots = [0], [0]

    def add(self, value: float, path: _Path) -> None:
        """Append the way to one leaf."""
        if len(path.share) > MOST_COLUMNS:
            raise NotCompiled(f"a leaf lies behind more than {MOST_COLUMNS} columns")
        slots = {column: slot for slot, column in enumerate(path.share)}
        self._value.append(value)
        self._plane += path.bins
        self._stays += path.bins.values()
        self._slot += [slots[self._binned.planes[plane].column] for plane in path.bins]
        self._column += path.share
        self._share += path.share.values()
        self._conditions.append(len(self._plane))
        self._slots.append(len(self._column))

    def arrays(self) -> tuple[Sets, Paths]:
        """Return what the inner loops take."""
        sets = bin_sets(self._plane, self._stays, self._binned.used)
        points, weights = _gauss_legendre()
        return sets, Paths(
            np.array(self._value),
            _whole(self._conditions),
            _whole(self._slots),
            _whole(self._slot),
            _whole(self._column),
            np.array(self._share),
            points,
            weights,
        )


def expected_margin(model: TreeModel) -> float:
    """Return the mean margin of the training rows, as LightGBM's `Tree::ExpectedValue` gives it."""
    total = 0.0
    for tree in model.trees:
        if len(tree.value) == 1:
            total += float(tree.value[0])
        else:
            total += float(sum(tree.leaf_count / tree.count[0] * tree.value))
    return total


def _paths(
    tree: Tree, plane: NDArray[np.int64], goes_left: NDArray[np.bool_]
) -> Iterator[tuple[int, _Path]]:
    """Walk to each leaf of a tree with several."""
    if len(tree.value) == 1:
        return
    if len(tree.leaf_count) != len(tree.value) or min(tree.leaf_count.min(), tree.count.min()) <= 0:
        raise NotCompiled("its nodes do not say how many training rows they had")
    waiting = [(0, _Path())]
    while waiting:
        node, path = waiting.pop()
        if node < 0:
            yield ~node, path
            continue
        for child, stays in ((tree.right, ~goes_left[node]), (tree.left, goes_left[node])):
            below = int(child[node])
            count = tree.leaf_count[~below] if below < 0 else tree.count[below]
            share = float(count / tree.count[node])
            further = path.further(int(plane[node]), stays, int(tree.column[node]), share)
            waiting.append((below, further))


def _whole(numbers: list[int]) -> NDArray[np.int64]:
    return np.array(numbers, dtype="int64")


def _gauss_legendre() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Tabulate the rules with which polynomials of any path's degree are integrated exactly."""
    most = MOST_COLUMNS // 2
    points, weights = np.zeros((2, most + 1, most))
    for order in range(1, most + 1):
        at, weight = np.polynomial.legendre.leggauss(order)
        points[order, :order], weights[order, :order] = (at + 1) / 2, weight / 2
    return points, weights
