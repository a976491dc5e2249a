"""Who scores: the compiled trees, or LightGBM where they cannot."""

from __future__ import annotations

import logging
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakKeyDictionary

import numpy as np

from leadscore.training.fast_scoring.lightgbm_parser import NotCompiled

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from leadscore.training.fast_scoring.compiled_trees import CompiledTrees
    from leadscore.training.fast_scoring.lightgbm_parser import Booster
    from leadscore.training.fast_scoring.line import CompiledLine
    from leadscore.training.model.logistic_model import LinearModel

logger = logging.getLogger(__name__)

# With fewer rows LightGBM is done before numba is imported and the trees are laid out (a second);
# what was laid out before serves any number of rows.
SCORED_FROM, EXPLAINED_FROM = 10_000, 2_000
NO_NUMBA = "%s itself scores; `pip install 'leadscore[fast]'` brings numba, which is faster"
DIFFERS = (
    "%s itself scores, as the compiled scorer differs from it on this machine; please report it"
)
PROVED_ROWS = 256  # that LightGBM scores, too, before anybody trusts the compiled trees

# By model object, and never part of what is saved.
_kept: WeakKeyDictionary[Any, CompiledTrees | None] = WeakKeyDictionary()
_kept_lines: WeakKeyDictionary[Any, tuple[object, CompiledLine | None]] = WeakKeyDictionary()
_lock = Lock()


class LaidOut(Protocol):
    """Rows that are given by column or as a matrix."""

    def __len__(self) -> int:
        """Count the rows."""
        ...

    def part(self, column: int, rows: slice) -> NDArray[np.float64]:
        """Return some rows of one column, float64."""
        ...

    def matrix(self, rows: slice = ...) -> NDArray[np.float64]:
        """Return some rows whole, float64 of shape (n, k)."""
        ...


def raw_score(booster: Booster, rows: LaidOut, *, threads: int) -> NDArray[np.float64]:
    """Return the sum of each row's leaves, the same to the last bit whoever adds them up.

    Parameters
    ----------
    booster
        A LightGBM model; it must not grow afterwards.
    rows
        The columns that it was taught.
    threads
        How many share the rows out.

    Returns
    -------
    ndarray of shape (n,), float64
    """
    compiled = _compiled(booster, rows, from_rows=SCORED_FROM)
    if compiled is not None:
        return compiled.raw_score(rows, threads=threads)
    found = booster.predict(rows.matrix(), raw_score=True, num_threads=threads)
    return np.asarray(found, dtype="float64")


def contributions(
    booster: Booster, rows: LaidOut, *, owner: NDArray[np.int64], threads: int
) -> NDArray[np.float64]:
    """Split each raw score exactly into what every feature adds (SHAP values).

    Parameters
    ----------
    booster, rows, threads
        As for `raw_score`.
    owner
        For each column the feature it comes from, int64.

    Returns
    -------
    ndarray of shape (n, features + 1), float64
        The last column is the base, the same for all.
    """
    compiled = _compiled(booster, rows, from_rows=EXPLAINED_FROM)
    if compiled is not None:
        try:
            return compiled.contributions(rows, owner=owner, threads=threads)
        except NotCompiled as reason:
            logger.info("LightGBM itself explains this model: %s", reason)
    parts = np.asarray(booster.predict(rows.matrix(), pred_contrib=True, num_threads=threads))
    found = np.zeros((int(owner.max()) + 2, len(rows)))
    np.add.at(found, owner, parts[:, :-1].T)
    found[-1] = parts[:, -1]
    return found.T


def compiled_line(model: LinearModel, frame: pd.DataFrame) -> CompiledLine | None:
    """Compile a regression once, and see that it says of some rows what scikit-learn says.

    Parameters
    ----------
    model
        The fitted regression.
    frame
        Features.

    Returns
    -------
    CompiledLine or None
        None where scikit-learn must score: few rows and none before, no numba, or anything
        unknown.
    """
    with _lock:
        made_from, line = _kept_lines.get(model, (None, None))
        if made_from is not model.coefficients_:  # never compiled, or fitted anew
            if len(frame) < SCORED_FROM:
                return None
            line = _proved_line(model, frame.iloc[:PROVED_ROWS])
            _kept_lines[model] = model.coefficients_, line
        return line


def _proved_line(model: LinearModel, first: pd.DataFrame) -> CompiledLine | None:
    try:
        from leadscore.training.fast_scoring.line import CompiledLine  # noqa: PLC0415
    except ImportError:
        logger.info(NO_NUMBA, "scikit-learn")
        return None
    try:
        line = CompiledLine(model)
    except NotCompiled as reason:
        logger.info("scikit-learn itself scores this regression: %s", reason)
        return None
    said = model.margin_of(model.design_.transform(first))
    if np.array_equal(line.margin(first), said):
        return line
    logger.warning(DIFFERS, "scikit-learn")
    return None


def _compiled(booster: Booster, rows: LaidOut, *, from_rows: int) -> CompiledTrees | None:
    """Compile a model once there are rows enough; None where LightGBM must score it."""
    with _lock:
        if booster not in _kept:
            if len(rows) < from_rows:
                return None
            _kept[booster] = _proved(booster, rows)
        return _kept[booster]


def _proved(booster: Booster, rows: LaidOut) -> CompiledTrees | None:
    """Compile a model, and see that it says of the first rows what LightGBM says."""
    try:
        from leadscore.training.fast_scoring.compiled_trees import CompiledTrees  # noqa: PLC0415 - half a second
    except ImportError:
        logger.info(NO_NUMBA, "LightGBM")
        return None
    try:
        compiled = CompiledTrees.from_booster(booster)
    except NotCompiled as reason:
        logger.info("LightGBM itself scores this model: %s", reason)
        return None
    first = slice(0, PROVED_ROWS)
    said = booster.predict(rows.matrix(first), raw_score=True, num_threads=1)
    if np.array_equal(compiled.raw_score(rows, some=first), np.asarray(said)):
        return compiled
    logger.warning(DIFFERS, "LightGBM")
    return None
