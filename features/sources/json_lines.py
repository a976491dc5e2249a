"""JSON lines, and JSON files that are one list: objects become rows of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import ibis.expr.datatypes as dt

from leadscore.features.core import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

# Columns come from every row, as a rare field may begin far down; none becomes a map.
WHOLE_FILE = {"sample_size": -1, "map_inference_threshold": -1, "field_appearance_threshold": 0}


def scanned_json(connection: Backend, files: Sequence[Path], *, name: str) -> ir.Table:
    """Look at JSON files: an object is a row, its fields are columns of text, as they are written.

    Fields of objects within become columns `a.b`, lists of plain values `a;b`, other lists stay
    JSON.

    Raises
    ------
    DataError
        Where a file is no JSON, or its rows are no objects.
    """
    paths = [str(file) for file in files]
    try:
        found = connection.read_json(
            paths, table_name=f"shape_{name}", union_by_name=True, **WHOLE_FILE
        )
        shape = found.schema()
        _refuse_wrapped(files[0], found, shape)
        columns = {column: _as_text(kind) for column, kind in shape.items()}
        rows = connection.read_json(
            paths, table_name=f"json_{name}", columns=columns, union_by_name=True
        )
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise DataError(
            f"{files[0]} cannot be read as JSON: {reason} Write an object a line, or one list of "
            "objects."
        ) from error
    cells = [
        cell.name(label)
        for column, kind in shape.items()
        for label, cell in _cells(column, rows[column], kind)
    ]
    return rows.select(cells)


def _refuse_wrapped(file: Path, found: ir.Table, shape: ir.Schema) -> None:
    """Refuse files whose rows are no objects, or stand in a field of one object."""
    if shape.names == ("json",) and not shape["json"].is_struct():
        raise DataError(f"{file} holds no objects. Write an object with named fields a line.")
    lists = [name for name, kind in shape.items() if _is_list_of_objects(kind)]
    if lists and found.limit(2).count().to_pyarrow().as_py() == 1:
        raise DataError(
            f"{file} is one object, with rows in {lists[0]!r}. Save that list alone in the file."
        )


def _is_list_of_objects(kind: dt.DataType) -> bool:
    return isinstance(kind, dt.Array) and kind.value_type.is_struct()


def _as_text(kind: dt.DataType) -> str:
    """Write DuckDB's type for the same shape with text in place of plain values."""
    if isinstance(kind, dt.Struct):
        fields = (f'"{_quoted(name)}" {_as_text(each)}' for name, each in kind.fields.items())
        return f"STRUCT({', '.join(fields)})"
    return "VARCHAR[]" if _is_plain_list(kind) else "VARCHAR"


def _quoted(name: str) -> str:
    return name.replace('"', '""')


def _is_plain_list(kind: dt.DataType) -> bool:
    return isinstance(kind, dt.Array) and not kind.value_type.is_nested()


def _cells(label: str, value: ir.Value, kind: dt.DataType) -> Iterator[tuple[str, ir.Value]]:
    """Yield the plain cells of a field, each with its column's name."""
    if isinstance(kind, dt.Struct):
        for field, each in kind.fields.items():
            yield from _cells(f"{label}.{field}", value[field], each)
    elif _is_plain_list(kind):
        yield label, value.join(";")
    else:
        yield label, value
