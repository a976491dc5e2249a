"""Feature rows as a request brings them: read, checked, and refused without repeating a value."""

from __future__ import annotations

import json
from math import isnan
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd

from leadscore.features.core import DataError, ModelMismatch
from leadscore.training.encoding import FeatureColumns, distinct_words, listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from leadscore.training.model import FunnelModel

Row: TypeAlias = "list[float | str | None]"

SPLIT, RECORDS = "dataframe_split", "dataframe_records"


def tables_in(body: bytes | str | Mapping[str, object]) -> Mapping[str, object] | None:
    """Read a request's JSON body; None where its rows are in another of MLflow's formats.

    Raises
    ------
    DataError
        Where it is no JSON.
    """
    try:
        # A whole number may be longer than any float; it is infinite then, as in CSV.
        found = json.loads(body, parse_int=float) if isinstance(body, (bytes, str)) else body
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise DataError(f"the request is no JSON: {error.msg} at {place}") from None
    except UnicodeDecodeError:
        raise DataError("the request is no JSON: it is not encoded in UTF-8") from None
    if isinstance(found, dict) and len({SPLIT, RECORDS} & set(found)) == 1:
        return found
    return None


def rows_of(request: Mapping[str, object], model: FunnelModel) -> list[Row]:
    """Take a model's features out of a request, in the model's order.

    Parameters
    ----------
    request
        `dataframe_split` with `columns` and `data`, or `dataframe_records`, a list of rows by
        name. Columns that are no feature of the model are passed over.

    Returns
    -------
    list of list
        For each row a number, a text or None for each of the model's `features_`.

    Raises
    ------
    DataError
        Where it is no table, or a cell is of another kind than its feature; says where, not what.
    ModelMismatch
        Where a feature is absent.
    """
    found = _by_record(request[RECORDS], model) if RECORDS in request else None
    rows = _by_place(request[SPLIT], model) if found is None else found
    is_text = [name in set(model.text_) for name in model.features_]
    for number, row in enumerate(rows, 1):
        for cell, text, name in zip(row, is_text, model.features_, strict=True):
            if cell is not None and not isinstance(cell, str if text else (int, float)):
                kind = "a text" if text else "a number"
                raise DataError(f"row {number}, feature {name!r}: {kind} or null is expected")
    return rows


def score_rows(rows: Sequence[Row], model: FunnelModel) -> list[dict[str, float | None]]:
    """Score rows that `rows_of` has read.

    Returns
    -------
    list of dict
        `p_sql` and `p_won` of each row, None for a stage that the model has not.
    """
    found = model.predict(_columns(rows, model))
    return [
        {str(name): None if isnan(p) else p for name, p in row.items()}
        for row in found.to_dict("records")
    ]


def _by_record(records: object, model: FunnelModel) -> list[Row]:
    if not isinstance(records, list) or not all(isinstance(each, dict) for each in records):
        raise DataError(f"`{RECORDS}` is no list of rows, each an object with the features' names")
    for number, record in enumerate(records, 1):
        _check_names(record, model, f"row {number}")
    return [[record[name] for name in model.features_] for record in records]


def _by_place(table: object, model: FunnelModel) -> list[Row]:
    columns = table.get("columns") if isinstance(table, dict) else None
    rows = table.get("data") if isinstance(table, dict) else None
    if not isinstance(columns, list) or not isinstance(rows, list):
        raise DataError(f"`{SPLIT}` is no object with the lists `columns` and `data`")
    at = {name: place for place, name in enumerate(columns) if isinstance(name, str)}
    _check_names(at, model, "the request")
    for number, row in enumerate(rows, 1):
        if not isinstance(row, list) or len(row) != len(columns):
            raise DataError(f"row {number} is no list of {len(columns)} values, one a column")
    places = [at[name] for name in model.features_]
    return [[row[place] for place in places] for row in rows]


def _check_names(given: Mapping[str, object], model: FunnelModel, where: str) -> None:
    absent = [name for name in model.features_ if name not in given]
    if absent:
        raise ModelMismatch(
            f"{where} lacks {listed(absent)}; the model needs {len(model.features_)} features, "
            "null where nothing is known"
        )


def _columns(rows: Sequence[Row], model: FunnelModel) -> FeatureColumns:
    """Lay rows out by column; a frame of 170 columns for one row would take milliseconds."""
    text = set(model.text_)
    cells = zip(*rows, strict=True) if rows else ([] for _ in model.features_)
    columns = {
        name: distinct_words(values) if name in text else np.array(values, dtype="float64")
        for name, values in zip(model.features_, map(list, cells), strict=True)
    }
    return FeatureColumns(columns, pd.RangeIndex(len(rows)))
