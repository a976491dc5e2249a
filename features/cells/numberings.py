"""Whole numbers that number things, told from those that measure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

MOST_HOLES = 10  # numbers a row between the first and the last: a busy system skips some
MOST_SPREAD = 100  # the largest over the smallest; keys that are drawn have about one length


def is_sequence(numbers: pd.Series[float]) -> bool:
    """Whether whole numbers follow one another: 1, 2, 3 or 1007, 1008, with hardly a hole.

    Examples
    --------
    >>> import pandas as pd
    >>> is_sequence(pd.Series([7.0, 8.0, 10.0])), is_sequence(pd.Series([7.0, 800.0, 9000.0]))
    (True, False)
    """
    values = np.unique(numbers.to_numpy(dtype=np.float64))
    return len(values) > 1 and bool(values[-1] - values[0] < 2 * len(values))


def may_be_keys(numbers: pd.Series[float]) -> bool:
    """Whether whole numbers may be keys: nearly dense, or all of about one length.

    What is measured is spread wider: revenues of 12,000 and of 80,000,000.
    """
    values = np.unique(np.abs(numbers.to_numpy(dtype=np.float64)))
    if len(values) < 2 or not bool((values == np.round(values)).all()):
        return False
    dense = bool(values[-1] - values[0] <= MOST_HOLES * len(values))
    smallest = float(np.quantile(values, 0.01))  # the first keys of a system are shorter
    return dense or bool(values[-1] <= MOST_SPREAD * max(smallest, 1.0))
