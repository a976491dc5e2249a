"""Opens the files and database tables that the contract names, as they are."""

from __future__ import annotations

import gzip
import zlib
from contextlib import contextmanager
from glob import glob, has_magic
from itertools import accumulate
from typing import TYPE_CHECKING
from uuid import uuid4

import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from leadscore.features.core import DataError
from leadscore.features.sources.csv_source import open_csv
from leadscore.features.sources.postgres_pushdown import is_pushed, pushed_table
from leadscore.features.sources.remote_source import (
    address_of,
    connection_to,
    places_of,
    remote_batches,
    remote_table,
)
from leadscore.features.sources.row_numbers import ROW, numbered_copy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from leadscore.features.contract import Contract, Source

IN_FILE, FILE = "file_row_number", "filename"  # as DuckDB calls where in which file a row stands
SAMPLED_BYTES = 1 << 16  # a few hundred lines, which tell how long lines are
PACKED_RATIO = 6  # how many times smaller gzip makes such tables, about


def open_source(
    connection: Backend,
    source: Source,
    *,
    contract: Contract,
    name: str,
    only: Sequence[Path] | None = None,
) -> ir.Table:
    """Open one table of the contract in DuckDB, every CSV cell as text.

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
        connection's table `broken_<name>` with their line number.

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
    if _is_parquet(files):
        return _open_parquet(connection, files, name=name)
    return open_csv(connection, files, contract=contract, name=name)


def close_sources(connection: Backend, name: str) -> None:
    """Drop the copies of a table that `open_source` made, to free their memory."""
    for table in connection.list_tables():
        if table == f"source_{name}" or table.startswith(f"source_{name}_"):
            connection.drop_table(table, force=True)


def file_states(contract: Contract) -> list[tuple[str, int, int]]:
    """Return path, bytes and nanosecond of change of every file of a contract's tables.

    A table behind an address has a new state every time, as its changes cannot be seen.
    """
    states = []
    for name, source in places_of(contract).items():
        if source.address is not None:
            states.append((uuid4().hex, 0, 0))
        else:
            states += [state_of(file) for file in files_of(contract, source, name=name)]
    return states


def state_of(file: Path) -> tuple[str, int, int]:
    """Return a file's path, bytes and nanosecond of change."""
    state = file.stat()
    return str(file), state.st_size, state.st_mtime_ns


def files_of(contract: Contract, source: Source, *, name: str) -> list[Path]:
    """Find the files that hold a table, in order of their names.

    Raises
    ------
    DataError
        Where there is none, or one is empty or a folder.
    """
    directory, path = contract.directory, str(source.path)
    files = [directory / path]
    if has_magic(path) and not files[0].exists():
        found = glob(path, root_dir=directory)  # noqa: PTH207 - Path.glob takes no absolute ones
        files = [directory / each for each in sorted(found)]
    if not files or not files[0].exists():
        raise DataError(
            f"{directory / path} does not exist. Mend `{name}.path` in leadscore.toml, or put "
            "the file there."
        )
    for file in files:
        if file.is_dir():
            raise DataError(f"{file} is a folder; give a file or a glob such as {path}/*.parquet")
        if file.stat().st_size == 0:
            raise DataError(f"{file} is empty. Export it again, with its header line.")
    return files


def rows_about(source: Source, contract: Contract, *, name: str) -> int:
    """Estimate how many rows a table has: exact for Parquet and addresses, by size for text.

    A file that is missing, empty or unreadable raises `DataError`.
    """
    if source.address is not None:
        with _behind_address(source, name=name) as found:
            return int(found.count().to_pyarrow().as_py())
    files = files_of(contract, source, name=name)
    if _is_parquet(files):
        return sum(_rows_of_parquet(file) for file in files)
    return sum(_lines_about(file) for file in files)


def _rows_of_parquet(file: Path) -> int:
    try:
        return int(pq.read_metadata(file).num_rows)
    except (OSError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{file} cannot be read as Parquet: {reason} Export it again.") from error


def _lines_about(file: Path) -> int:
    """Divide a file's size by that of its first lines."""
    is_packed = file.suffix.lower() == ".gz"
    try:
        with gzip.open(file) if is_packed else file.open("rb") as content:
            start = content.read(SAMPLED_BYTES)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{file} cannot be read: {error}. Export it again.") from error
    size = file.stat().st_size * (PACKED_RATIO if is_packed else 1)
    return int(size * start.count(b"\n") / max(len(start), 1))


def parquet_files(source: Source, contract: Contract, *, name: str) -> list[Path]:
    """List a table's files as `files_of` does; none where they are not Parquet."""
    files = [] if source.address is not None else files_of(contract, source, name=name)
    return files if _is_parquet(files) else []


def _is_parquet(files: list[Path]) -> bool:
    return bool(files) and is_parquet(files[0])


def is_parquet(file: Path) -> bool:
    """Whether a file is Parquet by its name; all else is taken for CSV."""
    return file.suffix.lower() in {".parquet", ".pq"}


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
    try:
        rows = connection.read_parquet(paths, union_by_name=True)
        if {IN_FILE, FILE} & {column.lower() for column in rows.columns}:
            return rows.mutate(**{ROW: ibis.row_number() + 1})
        # `row_number` would run on one thread; the rows' places in their files are known.
        rows = connection.read_parquet(
            paths, union_by_name=True, **dict.fromkeys((IN_FILE, FILE), True)
        )
    except Exception as error:  # DuckDB's own error classes share no public base
        reason = str(error).splitlines()[0]
        raise DataError(f"{files[0]} cannot be read as Parquet: {reason}") from error
    if len(files) == 1:
        return rows.mutate(**{ROW: rows[IN_FILE] + 1}).drop(IN_FILE, FILE)
    starts = pa.table({FILE: paths, ROW: list(accumulate(counts[:-1], initial=1))})
    first = connection.create_table(f"files_of_{name}", starts, overwrite=True)
    found = rows.left_join(first, rows[FILE] == first[FILE])
    return found.mutate(**{ROW: found[ROW] + found[IN_FILE]}).drop(IN_FILE, FILE, f"{FILE}_right")
