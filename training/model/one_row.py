"""Propensities of rows that come one at a time: equal to the last bit, without tables of one row.

scikit-learn and pandas take 50 ms to walk a single row past 170 columns; the same figures from
plain dictionaries and one NumPy row take 2 ms.
"""

from __future__ import annotations

import logging
import math
from threading import Lock
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd

from leadscore.training.fast_scoring.lightgbm_parser import NotCompiled
from leadscore.training.model.blending import blended
from leadscore.training.model.boosting import lay_out
from leadscore.training.model.one_row_line import RowLine
from leadscore.training.model.typical_rows import typical_and_empty

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from leadscore.training.model.funnel_model import FunnelModel
    from leadscore.training.model.stage_model import StageModel

    Cell = float | str | None

logger = logging.getLogger(__name__)

FEW_ROWS = 16  # with more, the time that a table costs is shared by enough rows

_kept: WeakKeyDictionary[FunnelModel, tuple[object, RowFunnel | None]] = WeakKeyDictionary()
_lock = Lock()


def row_funnel(model: FunnelModel) -> RowFunnel | None:
    """Lay a funnel out once for single rows; None where only tables do.

    Parameters
    ----------
    model
        The fitted funnel.

    Returns
    -------
    RowFunnel or None
        None, with a line in the log, where the model has something that is not known here, or
        where two rows made up come out differently.
    """
    with _lock:
        made_from, found = _kept.get(model, (None, None))
        if made_from is not model.stages_:  # never laid out, or fitted anew
            found = _proved(model)
            _kept[model] = model.stages_, found
        return found


def _proved(model: FunnelModel) -> RowFunnel | None:
    """Lay a funnel out, and see that it says of two rows what it says of a table of them."""
    try:
        found = RowFunnel(model)
    except NotCompiled as reason:
        logger.info("single rows are scored as tables: %s", reason)
        return None
    rows = typical_and_empty(model)
    said = found.predict(rows)
    if said is not None and said.equals(model.predict_table(rows)):
        return found
    logger.warning("single rows are scored as tables, as they differ here; please report it")
    return None


class RowFunnel:
    """What a fitted `FunnelModel` says of one row.

    Parameters
    ----------
    model
        The funnel.

    Raises
    ------
    NotCompiled
        Where a stage has something that is not known here.
    """

    def __init__(self, model: FunnelModel) -> None:
        self._features = list(model.features_)
        self._text = [name for name in self._features if name in set(model.text_)]
        numbers = [name for name in self._features if name not in set(self._text)]
        self._is_text = [name in set(self._text) for name in self._features]
        self._stages = {
            stage: _RowStage(fitted, numbers, self._text) for stage, fitted in model.stages_.items()
        }

    def propensities(self, row: Sequence[Cell]) -> dict[str, float]:
        """Score one row.

        Parameters
        ----------
        row
            A number, a text or None for each of the model's `features_`, in order; NaN is missing.

        Returns
        -------
        dict
            `p_sql`, `p_won`, as `FunnelModel.predict`.
        """
        cells = list(zip(row, self._is_text, strict=True))
        numbers = np.array([math.nan if c is None else c for c, text in cells if not text], "f8")
        words = [cell if isinstance(cell, str) else None for cell, text in cells if text]
        found = {stage: each.propensity(numbers, words) for stage, each in self._stages.items()}
        if len(found) > 1:
            from leadscore.training.model.funnel_model import SINCE_SQL  # noqa: PLC0415 - which imports this

            if not _is_missing(row[self._features.index(SINCE_SQL)]):
                found["sql"] = 1.0
            found["won"] = found["sql"] * found["won"]
        return {f"p_{stage}": found.get(stage, math.nan) for stage in ("sql", "won")}

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame | None:
        """Score a table of a few rows; None where a cell is of a kind that only tables know.

        Parameters
        ----------
        frame
            As for `FunnelModel.predict`.
        """
        if not set(self._features) <= set(frame.columns):
            return None  # and the table's own check says which is absent
        rows = frame[self._features].to_numpy(dtype="object").tolist()
        if not all(self._is_known(row) for row in rows):
            return None
        found = [self.propensities(row) for row in rows]
        return pd.DataFrame(found, index=frame.index, columns=["p_sql", "p_won"], dtype="float64")

    def _is_known(self, row: Sequence[object]) -> bool:
        return all(
            _is_missing(cell) or isinstance(cell, str if text else (int, float))
            for cell, text in zip(row, self._is_text, strict=True)
        )


class _RowStage:
    """One stage: the text columns' dictionaries, and where each part finds its numbers."""

    def __init__(self, stage: StageModel, numbers: list[str], text: list[str]) -> None:
        encoder, rates = stage.encoder_, stage.rates_
        self._stage = stage
        self._columns = stage.text_columns
        own = [name for name in encoder.columns_ if name not in encoder.vocabulary_]
        self._width = len(encoder.columns_)
        self._number_at = [encoder.columns_.index(name) for name in own]
        self._numbers = [numbers.index(name) for name in own]
        self._words = [text.index(name) for name in encoder.vocabulary_]
        self._code = [_numbered(words) for words in encoder.vocabulary_.values()]
        self._layouts = set(stage.words_)
        self._rates = None
        if self._layouts != {"native"}:
            self._rates = [_rated(rates.words_[name], rates.rates_[name]) for name in rates.columns]
            self._rated = [text.index(name) for name in rates.columns]
        self._line = None if stage.linear_ is None else RowLine(stage.linear_)
        if self._line is not None:
            self._line_numbers = [numbers.index(name) for name in self._line.numbers]
            self._line_words = [text.index(name) for name in self._line.words]

    def propensity(self, numbers: NDArray[np.float64], words: Sequence[str | None]) -> float:
        """Return the calibrated propensity of one row."""
        stage = self._stage
        seen = {layout: self._seen(numbers, words, layout) for layout in self._layouts}
        members = [
            np.asarray(booster.predict(seen[layout], raw_score=True, num_threads=1))
            for booster, layout in zip(stage.boosters_, stage.words_, strict=True)
        ]
        linear = None
        if self._line is not None:
            own = [words[at] for at in self._line_words]
            linear = self._line.margin(numbers[self._line_numbers], own)
        margin = blended(np.mean(members, axis=0), linear, stage.linear_weight_)
        return float(stage.calibrator_.predict(margin)[0])

    def _seen(
        self, numbers: NDArray[np.float64], words: Sequence[str | None], layout: str
    ) -> NDArray[np.float64]:
        """Lay one row out as a member's trees see it, float64 of shape (1, columns)."""
        codes = np.empty((1, self._width))
        codes[0, self._number_at] = numbers[self._numbers]
        codes[0, self._columns.positions] = [
            code.get(words[at], math.nan) for at, code in zip(self._words, self._code, strict=True)
        ]
        if self._rates is None:
            return codes
        rates = [each.of(words[at]) for at, each in zip(self._rated, self._rates, strict=True)]
        return lay_out(codes, self._columns, np.array([rates]), layout)


class _Rated:
    """The rate of each word of one column."""

    def __init__(self, rates: Mapping[str, float], *, missing: float, other: float) -> None:
        self._rates, self._missing, self._other = rates, missing, other

    def of(self, word: str | None) -> float:
        return self._missing if word is None else self._rates.get(word, self._other)


def _rated(words: Sequence[str], rates: Sequence[float]) -> _Rated:
    """Read what `WordRates` keeps: a rate a word, then a missing value's and any other word's."""
    *known, missing, other = rates
    return _Rated(dict(zip(words, known, strict=True)), missing=missing, other=other)


def _numbered(words: Sequence[str]) -> dict[str | None, float]:
    return {word: float(number) for number, word in enumerate(words)}


def _is_missing(cell: object) -> bool:
    return cell is None or cell is pd.NA or (isinstance(cell, float) and math.isnan(cell))
