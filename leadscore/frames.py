"""Frames in memory, of any library that speaks Arrow, written as files that a contract can name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeGuard

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from leadscore.features.core import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


class ArrowStream(Protocol):
    """A table that Arrow can read: Polars, Arrow, Ibis, DuckDB and many more."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Hand the rows over."""


Frame: TypeAlias = pd.DataFrame | ArrowStream


def is_frame(given: object) -> TypeGuard[Frame]:
    """Whether something is a table that can be read."""
    return isinstance(given, pd.DataFrame) or hasattr(given, "__arrow_c_stream__")


def to_arrow(frame: object, *, name: str = "frame") -> pa.Table:
    """Return a frame as an Arrow table; a named index of a pandas frame becomes columns.

    Raises
    ------
    DataError
        Where it is no frame, two columns share a name, or a column mixes types.

    Examples
    --------
    >>> to_arrow(pd.DataFrame({"country": ["NL", "DE"]})).column_names
    ['country']
    """
    if isinstance(frame, pd.DataFrame):
        return _from_pandas(frame, name)
    if not is_frame(frame):
        raise DataError(
            f"{name}: {type(frame).__name__} is no frame. Give a pandas, Polars, Arrow or Ibis "
            "table; collect a lazy one first."
        )
    table = pa.table(frame)
    return table.rename_columns(_names(table.column_names, name))


def to_pandas(frame: object, *, name: str = "frame") -> pd.DataFrame:
    """Return a frame as a pandas frame; text becomes str."""
    if isinstance(frame, pd.DataFrame):
        return frame
    found: pd.DataFrame = to_arrow(frame, name=name).to_pandas()
    return found


def ids_of(frame: object, column: str | None) -> pd.Index[str]:
    """Return the ids that features have: a column as trimmed text, or numbers of the rows."""
    table = to_arrow(frame)
    if column is None:
        return pd.RangeIndex(1, len(table) + 1, name="lead_id").astype("str")
    cells: pd.Series[str] = table[column].cast(pa.string()).to_pandas()
    return pd.Index(cells.str.strip(), name="lead_id")


def write_frames(folder: Path, frames: Mapping[str, Frame | None]) -> dict[str, str]:
    """Write frames as Parquet files named after them.

    Returns
    -------
    dict of str to str
        By name the file in `folder`, of the frames that are not None.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for name, frame in frames.items():
        if frame is not None:
            files[name] = f"{name}.parquet"
            table = to_arrow(frame, name=name)
            try:
                pq.write_table(table, folder / files[name])
            except pa.ArrowException as error:
                raise DataError(f"{name}: {error.args[-1]}; make such columns text") from error
    return files


def _from_pandas(frame: pd.DataFrame, name: str) -> pa.Table:
    named = [level for level in frame.index.names if level is not None]
    if named and not set(named) <= set(frame.columns):  # else the index repeats a column
        frame = frame.reset_index()
    frame = frame.set_axis(_names(frame.columns, name), axis=1)
    zoned = list(frame.select_dtypes("datetimetz").columns)
    frame = frame.assign(**{column: frame[column].dt.tz_convert(None) for column in zoned})
    try:
        table = pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowException, TypeError) as error:
        raise DataError(
            f"{name}: a column cannot be read ({error.args[-1]}); make it text or numbers"
        ) from error
    for column in zoned:  # PyArrow 25 meets a deprecation of pandas 3.1 where it reads zones itself
        place = table.schema.get_field_index(column)
        moments = table[column].cast(pa.timestamp(table.field(place).type.unit, "UTC"))
        table = table.set_column(place, column, moments)
    return table


def _names(columns: Iterable[object], name: str) -> list[str]:
    """Return columns' names as files have them: text without blanks around it."""
    names = [str(column).strip() for column in columns]
    twice = sorted({each for each in names if names.count(each) > 1})
    if twice:
        raise DataError(f"{name} has two columns {twice[0]!r}; rename one")
    return names
