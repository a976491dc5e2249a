"""Machine code from Python functions, kept on disk where there is a place for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

from numba import njit

if TYPE_CHECKING:
    from collections.abc import Callable

Loop = TypeVar("Loop", bound="Callable[..., object]")


def compiled(loop: Loop) -> Loop:
    """Compile a function of numbers and NumPy arrays when it is first called; it holds no lock.

    What it calls must be in the same file.
    """
    try:
        return cast("Loop", njit(nogil=True, cache=True)(loop))
    except RuntimeError:  # numba knows no folder it may write to, as in a read-only install
        return cast("Loop", njit(nogil=True)(loop))
