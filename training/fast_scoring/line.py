"""The regression's margins without laying out its matrix, to the last bit of scikit-learn's.

scikit-learn lays out every column for every row: quantiles by two interpolations, medians for what
is missing, flags, one column a word; then NumPy adds the products up. Here each column's part is
added to the margins straight away, in the order in which NumPy (pairwise, in eight lanes) or SciPy
(one by one, for sparse matrices) adds up the columns of a row.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from leadscore.training.fast_scoring.lightgbm_parser import NotCompiled
from leadscore.training.fast_scoring.line_terms import Block, terms_of
from leadscore.training.model.design_columns import word_codes

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import NDArray

    from leadscore.training.model.logistic_model import LinearModel

    Floats = NDArray[np.float64]

LANES, LONGEST = 8, 128  # of NumPy's pairwise summation
ROWS_A_BLOCK = 8_192  # eight lanes of them stay in a core's cache


class CompiledLine:
    """What a fitted `LinearModel` says.

    Parameters
    ----------
    model
        The regression.

    Raises
    ------
    NotCompiled
        Where its design is not one of `model.logistic_model.LinearDesign`'s.
    """

    def __init__(self, model: LinearModel) -> None:
        design = model.design_
        self._coefficients, self._level = model.coefficients_, model.level_
        self._typical, self._owner = model.typical_, design.owner_
        self._columns = len(model.columns_)
        self._is_sparse = bool(design.layout_.sparse_output_)
        self._numbers, self._words = design.numbers_, word_codes(design)
        self._terms = terms_of(design, self._words)
        if len(self._terms) != len(self._coefficients):
            raise NotCompiled("its regression has other columns than its design")

    def margin(self, frame: pd.DataFrame, *, threads: int = 1) -> Floats:
        """Return `LinearModel.margin` of the rows, float64 of shape (n,)."""
        found = np.empty(len(frame))
        everything = slice(0, len(self._terms))

        def score(rows: slice, block: Block) -> None:
            adding = self._one_by_one if self._is_sparse else self._pairwise
            found[rows] = adding(everything, block, rows.stop - rows.start) + self._level

        self._share_out(score, frame, threads)
        return found

    def contributions(self, frame: pd.DataFrame, *, threads: int = 1) -> Floats:
        """Return what every feature adds, float64 of shape (n, features), as `LinearModel` does."""
        found = np.zeros((self._columns, len(frame)))

        def explain(rows: slice, block: Block) -> None:
            for number, term in enumerate(self._terms):
                total = found[self._owner[number], rows]
                term.add(block, self._typical[number], self._coefficients[number], total)

        self._share_out(explain, frame, threads)
        return found.T

    def _one_by_one(self, terms: slice, block: Block, rows: int) -> Floats:
        total = np.zeros(rows)
        for number in range(terms.start, terms.stop):
            self._terms[number].add(block, 0.0, self._coefficients[number], total)
        return total

    def _pairwise(self, terms: slice, block: Block, rows: int) -> Floats:
        """Add up as NumPy's `pairwise_sum` does."""
        start, count = terms.start, terms.stop - terms.start
        if count > LONGEST:
            middle = start + count // 2 - count // 2 % LANES
            left = self._pairwise(slice(start, middle), block, rows)
            return left + self._pairwise(slice(middle, terms.stop), block, rows)
        if count < LANES:
            return self._one_by_one(terms, block, rows)
        lanes, rest = np.zeros((LANES, rows)), terms.stop - count % LANES
        for number in range(start, rest):
            lane = lanes[(number - start) % LANES]
            self._terms[number].add(block, 0.0, self._coefficients[number], lane)
        pairs = lanes[0::2] + lanes[1::2]
        total = (pairs[0] + pairs[1]) + (pairs[2] + pairs[3])
        for number in range(rest, terms.stop):
            self._terms[number].add(block, 0.0, self._coefficients[number], total)
        return np.asarray(total, dtype="float64")

    def _share_out(
        self, work: Callable[[slice, Block], None], frame: pd.DataFrame, threads: int
    ) -> None:
        numbers = {column: np.asarray(frame[column], dtype="float64") for column in self._numbers}
        codes = {each.column: each.codes(frame[each.column]) for each in self._words}

        def do(start: int) -> None:
            rows = slice(start, min(start + ROWS_A_BLOCK, len(frame)))
            # Copies are contiguous and may be written: one kind of array to compile for.
            own = {column: values[rows].copy() for column, values in numbers.items()}
            work(rows, Block(own, {column: code[rows] for column, code in codes.items()}))

        starts = range(0, len(frame), ROWS_A_BLOCK)
        if threads == 1 or len(starts) == 1:
            for start in starts:
                do(start)
            return
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(do, starts))
