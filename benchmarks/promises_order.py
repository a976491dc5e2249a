"""The order in which `tiers.cutoffs` tests cut-offs, as a procedure that MAPIE can be lent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from mapie.risk_control.fwer_control import FWERProcedure

if TYPE_CHECKING:
    from numpy.typing import NDArray


class StrictestFirst(FWERProcedure):  # type: ignore[misc]
    """Test cut-offs in the order given, each at the full level; the first to fail is the last.

    MAPIE refuses its own fixed sequence to a prediction that is no threshold on rows alone, for
    its parameters may have no order. Those of a lead's first time at a cut-off have one.
    """

    def _init_state(self, n_lambdas: int, delta: float) -> None:
        self._count, self._level, self._next = n_lambdas, delta, 0

    def _select_next_hypothesis(self, p_values: NDArray[np.float64]) -> int | None:  # noqa: ARG002
        return self._next if self._next < self._count else None

    def _local_significance_levels(self) -> NDArray[np.float64]:
        return np.full(self._count, self._level)

    def _update_on_reject(self, hypothesis_index: int) -> None:
        self._next = hypothesis_index + 1
