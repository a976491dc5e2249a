"""The regression's inner loops in machine code: one column's part in many margins at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from leadscore.training.fast_scoring.jit import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from leadscore.training.model.design_columns import Ladder


LARGEST = 1e300  # as `model.logistic_model.LARGEST`; numba keeps machine code a file at a time


@compiled
def scale(
    values: NDArray[np.float64], ladder: Ladder, missing: float, scaled: NDArray[np.float64]
) -> None:
    """Put numbers on the scale of quantiles, as `QuantileTransformer` does to the last bit."""
    knots, last = ladder.knots, len(ladder.at_knot) - 1
    for row in range(len(values)):
        value = min(max(values[row], -LARGEST), LARGEST)
        below, step = 0, len(knots) // 2
        while step > 0:
            below += step * (knots[below + step - 1] < value)
            step //= 2
        if np.isnan(values[row]):
            scaled[row] = missing
        elif below > last:
            scaled[row] = 1.0
        elif below == 0 or knots[below] == value:
            scaled[row] = ladder.at_knot[below]
        else:
            # scikit-learn takes the mean of walking up to the value and walking down to it.
            slope = ladder.slope[below - 1]
            up = slope * (value - knots[below - 1]) + ladder.after[below - 1]
            down = slope * (knots[below] - value) - ladder.before[below]
            scaled[row] = 0.5 * (up - down)


@compiled
def add_numbers(
    scaled: NDArray[np.float64], typical: float, coefficient: float, total: NDArray[np.float64]
) -> None:
    """Add what a number's distance from the typical one says."""
    for row in range(len(total)):
        total[row] += (scaled[row] - typical) * coefficient


@compiled
def add_flags(
    code: NDArray[np.int32],
    flagged: int,
    typical: float,
    coefficient: float,
    total: NDArray[np.float64],
) -> None:
    """Add what having one code or not says."""
    yes, no = (1.0 - typical) * coefficient, (0.0 - typical) * coefficient
    for row in range(len(total)):
        total[row] += yes if code[row] == flagged else no
