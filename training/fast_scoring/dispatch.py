"""Scores and explains LightGBM models: compiled where rows are many, else by LightGBM."""

from __future__ import annotations

import logging
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakKeyDictionary

import numpy as np

from leadscore.training.fast_scoring.lightgbm_parser import NotCompiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from leadscore.training.fast_scoring.compiled_trees import CompiledTrees
    from leadscore.training.fast_scoring.lightgbm_parser import Booster

logger = logging.getLogger(__name__)

# With fewer rows LightGBM is done before numba is imported and the trees are compiled (a second);
# once compiled, trees score any number of rows.
SCORED_FROM, EXPLAINED_FROM = 10_000, 2_000
VERIFIED_ROWS = 256  # that LightGBM scores, too, before the compiled trees are trusted

# By model object, and never part of what is saved.
_kept: WeakKeyDictionary[Any, CompiledTrees | None] = WeakKeyDictionary()
_lock = Lock()


class BoosterRows(Protocol):
    """Rows that are read by column or as a matrix."""

    def __len__(self) -> int:
        """Count the rows."""

    def part(self, column: int, rows: slice) -> NDArray[np.float64]:
        """Return some rows of one column, float64."""

    def matrix(self, rows: slice = ...) -> NDArray[np.float64]:
        """Return some rows whole, float64 of shape (n, k)."""


def raw_score(booster: Booster, rows: BoosterRows, *, threads: int) -> NDArray[np.float64]:
    """Return the sum of each row's leaves, float64; the booster must not grow later."""
    compiled = _compiled(booster, rows, from_rows=SCORED_FROM)
    if compiled is not None:
        return compiled.raw_score(rows, threads=threads)
    found = booster.predict(rows.matrix(), raw_score=True, num_threads=threads)
    return np.asarray(found, dtype="float64")


def contributions(
    booster: Booster, rows: BoosterRows, *, owner: NDArray[np.int64], threads: int
) -> NDArray[np.float64]:
    """Split each raw score exactly into what every feature adds (SHAP values).

    `owner` has for each column the feature it comes from, int64. Returns float64 of shape
    (n, features + 1); the last column is the base, the same for all.
    """
    compiled = _compiled(booster, rows, from_rows=EXPLAINED_FROM)
    if compiled is not None:
        try:
            return compiled.contributions(rows, owner=owner, threads=threads)
        except NotCompiled as reason:
            logger.info("LightGBM explains this model: %s", reason)
    parts = np.asarray(booster.predict(rows.matrix(), pred_contrib=True, num_threads=threads))
    found = np.zeros((int(owner.max()) + 2, len(rows)))
    np.add.at(found, owner, parts[:, :-1].T)
    found[-1] = parts[:, -1]
    return found.T


def _compiled(booster: Booster, rows: BoosterRows, *, from_rows: int) -> CompiledTrees | None:
    """Compile a model once there are enough rows; None where LightGBM must score it."""
    with _lock:
        if booster not in _kept:
            if len(rows) < from_rows:
                return None
            _kept[booster] = _verified(booster, rows)
        return _kept[booster]


def _verified(booster: Booster, rows: BoosterRows) -> CompiledTrees | None:
    """Compile a model, and check the first rows against LightGBM."""
    from leadscore.training.fast_scoring.compiled_trees import CompiledTrees  # noqa: PLC0415 - half a second

    try:
        compiled = CompiledTrees.from_booster(booster)
    except NotCompiled as reason:
        logger.info("LightGBM scores this model: %s", reason)
        return None
    first = slice(0, VERIFIED_ROWS)
    expected = booster.predict(rows.matrix(first), raw_score=True, num_threads=1)
    if np.array_equal(compiled.raw_score(rows, some=first), np.asarray(expected)):
        return compiled
    logger.warning("LightGBM scores this model: compiled, it differs here; please report it")
    return None
