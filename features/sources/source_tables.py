"""Opens the files and database tables that the contract names, as they are."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import accumulate
from typing import TYPE_CHECKING

import duckdb
import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from leadscore.features.core import DataError
from leadscore.features.sources.csv_dialect import dialect_of
from leadscore.features.sources.csv_source import copied_csv, scanned_csv, scratch_of
from leadscore.features.sources.json_lines import scanned_json
from leadscore.features.sources.postgres_pushdown import is_pushed, pushed_table
from leadscore.features.sources.remote_source import (
    address_of,
    connection_to,
    remote_batches,
    remote_table,
)
from leadscore.features.sources.row_numbers import ROW, numbered_copy
from leadscore.features.sources.source_files import (
    UNREADABLE,
    files_of,
    format_of,
    is_packed,
    opened,
    unpacked,
)
from leadscore.features.sources.workbooks import copied_workbooks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from leadscore.features.contract import Contract, Source
    from leadscore.features.sources.csv_dialect import Dialect
    from leadscore.features.sources.source_files import Format

IN_FILE, FILE = "file_row_number", "filename"  # as DuckDB calls where in which file a row stands
SAMPLED_BYTES = 1 << 16  # a few hundred lines, which tell how long lines are
PACKED_RATIO = 6  # how many times smaller gzip makes such tables, about
PACKED_ROW_BYTES = 20  # the least that a row takes in a workbook or a zip file, about


def open_source(
    connection: Backend,
    source: Source,
    *,
    contract: Contract,
    name: str,
    only: Sequence[Path] | None = None,
) -> ir.Table:
    """Open one table of the contract in DuckDB, every cell of CSV, Excel and JSON as text.

    Parameters
    ----------
    connection
        The DuckDB connection that will hold the table, or the database that holds it already.
    name
        The table in the contract: leads, events or outcomes.
    only
        Some of its files; by default all.

    Returns
    -------
    ir.Table
        The rows as they are and, in the last column, their numbers `ROW`, from 1; it is absent
        where another database holds them. Broken CSV lines are left out and stand in the
        connection's table `broken_<name>`: `row`, the line below its file's header, and `reason`.

    Raises
    ------
    DataError
        Where the file is missing, empty, unreadable or has another delimiter.
    """
    if is_pushed(connection):
        return pushed_table(connection, source, name=name)
    if source.address is not None:
        return _open_address(connection, source, name=name)
    files = list(only or files_of(contract, source, name=name))
    files, kind = _one_format(connection, files, name=name)
    if kind == "parquet":
        return _open_parquet(connection, files, name=name)
    if kind == "workbook":
        return copied_workbooks(connection, files, sheet=source.sheet, name=name)
    if kind == "csv":
        return copied_csv(connection, files, reading=contract.reading, name=name)
    rows = scanned_json(connection, files, name=name)
    return numbered_copy(connection.create_table(f"source_{name}", rows, overwrite=True))


def close_sources(connection: Backend, name: str) -> None:
    """Drop the copies of a table that `open_source` made, to free their memory."""
    for table in connection.list_tables():
        if table == f"source_{name}" or table.startswith(f"source_{name}_"):
            connection.drop_table(table, force=True)


def scan_files(
    connection: Backend, files: Sequence[Path], *, name: str, sheet: str | None = None
) -> tuple[ir.Table, Dialect | None]:
    """Look at files as `open_source` reads them, without a copy of the rows where that can be.

    Returns
    -------
    rows : ir.Table
        Without row numbers; broken CSV lines are left out.
    dialect : Dialect or None
        How CSV files are written.
    """
    files, kind = _one_format(connection, files, name=name)
    if kind == "csv":
        dialect = dialect_of(files)
        return scanned_csv(connection, files, reading=dialect.reading, name=name), dialect
    if kind == "parquet":
        return _scanned_parquet(connection, files), None
    if kind == "workbook":
        return copied_workbooks(connection, files, sheet=sheet, name=name).drop(ROW), None
    return scanned_json(connection, files, name=name), None


def _one_format(
    connection: Backend, files: Sequence[Path], *, name: str
) -> tuple[list[Path], Format]:
    """Unpack files where needed, and return their format, which must be the same."""
    found = unpacked(files, scratch_of(connection) / f"unpacked_{name}")
    kinds = {format_of(file): file for file in found}
    if len(kinds) > 1:
        first, other = list(kinds.values())[:2]
        raise DataError(
            f"{first} and {other} have different formats and cannot be read as one table. "
            f"Mend `{name}.path`, such as with *{first.suffix} at its end."
        )
    return found, next(iter(kinds))


def rows_about(source: Source, contract: Contract, *, name: str) -> int:
    """Estimate how many rows a table has: exact for Parquet and addresses, by size for others.

    A file that is missing, empty or unreadable raises `DataError`.
    """
    if source.address is not None:
        with _behind_address(source, name=name) as found:
            return int(found.count().to_pyarrow().as_py())
    return sum(_rows_in(file) for file in files_of(contract, source, name=name))


def _rows_in(file: Path) -> int:
    kind = format_of(file)
    if kind == "parquet" and not is_packed(file):
        return _rows_of_parquet(file)
    size = file.stat().st_size
    if kind in {"parquet", "workbook"} or file.suffix.lower() == ".zip":
        return size // PACKED_ROW_BYTES
    return _lines_about(file, size * (PACKED_RATIO if is_packed(file) else 1))


def _rows_of_parquet(file: Path) -> int:
    try:
        return int(pq.read_metadata(file).num_rows)
    except (OSError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{file} cannot be read as Parquet: {reason} Export it again.") from error


def _lines_about(file: Path, size: int) -> int:
    """Divide a file's size by that of its first lines; JSON may stand in one."""
    try:
        with opened(file) as content:
            start = content.read(SAMPLED_BYTES)
    except UNREADABLE as error:
        raise DataError(f"{file} cannot be read: {error}. Export it again.") from error
    lines = max(start.count(b"\n"), start.count(b"},{"))
    return int(size * lines / max(len(start), 1))


def place_of(contract: Contract, source: Source) -> str:
    """Return what messages call a table: its name in the database, or its file."""
    tables = getattr(source, "tables", {})
    if tables:
        return ", ".join(place_of(contract, each) for each in tables.values())
    return source.table or str(contract.directory / str(source.path))


def _open_address(connection: Backend, source: Source, *, name: str) -> ir.Table:
    """Copy a table from behind an Ibis address, batch by batch."""
    with _behind_address(source, name=name) as found:
        batches = remote_batches(found, lead_id=source.lead_id)
        empty = batches.schema.empty_table()
        copy = connection.create_table(f"source_{name}", empty, overwrite=True)
        for batch in batches:
            connection.insert(f"source_{name}", pa.Table.from_batches([batch]))
    return numbered_copy(copy)


@contextmanager
def _behind_address(source: Source, *, name: str) -> Iterator[ir.Table]:
    """Find a table behind an Ibis address."""
    address = str(address_of(source, name=name))
    with connection_to(address, what=f"`{name}`: table {source.table!r}") as remote:
        yield remote_table(remote, str(source.table))


def _open_parquet(connection: Backend, files: list[Path], *, name: str) -> ir.Table:
    paths, counts = [str(file) for file in files], [_rows_of_parquet(file) for file in files]
    rows = _scanned_parquet(connection, files)
    if {IN_FILE, FILE} & {column.lower() for column in rows.columns}:
        return rows.mutate(**{ROW: ibis.row_number() + 1})
    # `row_number` would run on one thread; the rows' places in their files are known.
    rows = _scanned_parquet(connection, files, **dict.fromkeys((IN_FILE, FILE), True))
    if len(files) == 1:
        return rows.mutate(**{ROW: rows[IN_FILE] + 1}).drop(IN_FILE, FILE)
    starts = pa.table({FILE: paths, ROW: list(accumulate(counts[:-1], initial=1))})
    first = connection.create_table(f"files_of_{name}", starts, overwrite=True)
    found = rows.left_join(first, rows[FILE] == first[FILE])
    return found.mutate(**{ROW: found[ROW] + found[IN_FILE]}).drop(IN_FILE, FILE, f"{FILE}_right")


def _scanned_parquet(connection: Backend, files: list[Path], **options: bool) -> ir.Table:
    try:
        paths = [str(file) for file in files]
        return connection.read_parquet(paths, union_by_name=True, **options)
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{files[0]} cannot be read as Parquet: {reason}") from error
