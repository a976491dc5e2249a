"""LightGBM's saved text as plain arrays, and what of it the compiled scorer does not know."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

# A node's decision type: one bit for each of the first two, then two bits for what is missing.
CATEGORICAL, DEFAULT_LEFT = 1, 2
MISSING_SHIFT, MISSING_MASK = 2, 3
MISSING_ZERO, MISSING_NAN = 1, 2  # 0: nothing is missing
BITS_A_WORD = 32  # of LightGBM's category sets


class NotCompiled(Exception):  # noqa: N818 - no error: LightGBM scores instead
    """A model has something that the compiled scorer does not know; says what."""


class Booster(Protocol):
    """The parts of LightGBM's booster that are used."""

    def model_to_string(self) -> str:
        """Return the trees that `predict` uses, every figure to its last bit."""

    def predict(self, data: NDArray[np.float64], **kwargs: Any) -> object:
        """Score rows."""


@dataclass(frozen=True)
class Tree:
    """One tree as LightGBM stores it; arrays from `column` on have a value an inner node."""

    value: NDArray[np.float64]  # what each leaf adds to the margin
    leaf_count: NDArray[np.int64]  # training rows
    column: NDArray[np.int64]
    threshold: NDArray[np.float64]  # for categories the number of the node's set
    decision: NDArray[np.int64]
    left: NDArray[np.int64]  # inner nodes from 0, leaves as -1, -2, …
    right: NDArray[np.int64]
    count: NDArray[np.int64]  # training rows
    categories: tuple[NDArray[np.int64], ...]  # of each set, which go left


@dataclass(frozen=True)
class TreeModel:
    """The trees of a model, in the order they are added up, and how many columns it expects."""

    columns: int
    trees: tuple[Tree, ...]


def read_model(booster: Booster) -> TreeModel:
    """Read the trees that `booster.predict` uses.

    Raises
    ------
    NotCompiled
        For several classes, averaged trees (random forests) and linear trees.
    """
    head, *trees = _sections(booster.model_to_string())
    if int(head["num_tree_per_iteration"]) != 1:
        raise NotCompiled("it has several classes")
    if "average_output" in head:
        raise NotCompiled("it averages its trees, as random forests do")
    return TreeModel(int(head["max_feature_idx"]) + 1, tuple(_tree(each) for each in trees))


def _sections(text: str) -> Iterator[dict[str, str]]:
    """Split the text into its head and one section a tree."""
    body = text.split("\nend of trees", 1)[0]
    for section in body.split("\nTree="):
        pairs = (line.partition("=") for line in section.splitlines())
        yield {name: value for name, _equals, value in pairs}


def _tree(section: dict[str, str]) -> Tree:
    if int(section.get("is_linear", "0")):
        raise NotCompiled("its leaves hold regressions (linear trees)")
    return Tree(
        value=_floats(section, "leaf_value"),
        leaf_count=_ints(section, "leaf_count"),
        column=_ints(section, "split_feature"),
        threshold=_floats(section, "threshold"),
        decision=_ints(section, "decision_type"),
        left=_ints(section, "left_child"),
        right=_ints(section, "right_child"),
        count=_ints(section, "internal_count"),
        categories=_categories(section),
    )


def _floats(section: dict[str, str], name: str) -> NDArray[np.float64]:
    return np.array([float(word) for word in section.get(name, "").split()], dtype="float64")


def _ints(section: dict[str, str], name: str) -> NDArray[np.int64]:
    return np.array([int(word) for word in section.get(name, "").split()], dtype="int64")


def _categories(section: dict[str, str]) -> tuple[NDArray[np.int64], ...]:
    """Read each set's categories from its bits."""
    ends = _ints(section, "cat_boundaries")
    words = _ints(section, "cat_threshold").astype("uint32")
    bits = np.unpackbits(words.astype("<u4").view("uint8"), bitorder="little")
    return tuple(
        np.flatnonzero(bits[start * BITS_A_WORD : end * BITS_A_WORD]).astype("int64")
        for start, end in pairwise(ends)
    )
