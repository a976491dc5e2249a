"""Opens the files and database tables that the contract names, as they are."""

from __future__ import annotations

import csv
import gzip
import os
from glob import glob, has_magic
from pathlib import Path
from typing import TYPE_CHECKING

import ibis

from features.errors import DataError

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from features.contract import Contract, Source

OTHER_DELIMITERS = (",", ";", "\t", "|")
ENCODINGS_OF_DUCKDB = {"utf-8", "utf8", "utf-8-sig"}


def open_source(connection: Backend, source: Source, *, contract: Contract, name: str) -> ir.Table:
    """Open one table of the contract in DuckDB, every CSV cell as text.

    Parameters
    ----------
    connection
        The DuckDB connection that will hold the table.
    source
        A file, glob or connection address of the contract.
    contract
        The contract, for its folder and reading settings.
    name
        The table's word in the contract: leads, events or outcomes.

    Returns
    -------
    ir.Table
        The rows as they are. CSV lines that are broken are left out and stand in the
        connection's table `broken_<name>` with their line number and text.

    Raises
    ------
    DataError
        Where the file is missing, empty, unreadable or has another delimiter.
    """
    if source.address is not None:
        return _open_address(connection, source, name=name)
    files = _files(contract.directory, str(source.path), name=name)
    if files[0].suffix.lower() in {".parquet", ".pq"}:
        return _open_parquet(connection, files)
    return _open_csv(connection, files, contract=contract, name=name)


def _open_address(connection: Backend, source: Source, *, name: str) -> ir.Table:
    """Copy a table from behind an Ibis address, batch by batch."""
    address = str(source.address)
    if address.startswith("env:"):
        variable = address.removeprefix("env:")
        if variable not in os.environ:
            raise DataError(f"`{name}.address` names the variable {variable}, which is not set")
        address = os.environ[variable]
    scheme = address.split(":", 1)[0]
    try:
        remote = ibis.connect(address).table(str(source.table))
    except Exception as error:
        # Every driver raises its own kinds; the address may hold a password and is not repeated.
        message = f"`{name}`: table {source.table!r} behind {scheme}:… cannot be opened: "
        raise DataError(message + str(error).splitlines()[0].replace(address, "…")) from None
    batches = remote.to_pyarrow_batches()
    return connection.create_table(f"source_{name}", batches.read_all(), overwrite=True)


def _files(directory: Path, path: str, *, name: str) -> list[Path]:
    """The files a path or glob stands for, in order of their names."""
    full = str(directory / path)
    files = [Path(found) for found in sorted(glob(full))] if has_magic(path) else [Path(full)]
    if not files or not files[0].exists():
        message = f"{full} does not exist. Mend `{name}.path` in leadscore.toml, or put the file there."
        raise DataError(message)
    for file in files:
        if file.is_dir():
            raise DataError(f"{file} is a folder; give a file or a glob such as {path}/*.parquet")
        if file.stat().st_size == 0:
            raise DataError(f"{file} is empty. Export it again, with its header line.")
    return files


def _open_parquet(connection: Backend, files: list[Path]) -> ir.Table:
    try:
        return connection.read_parquet([str(file) for file in files], union_by_name=True)
    except Exception as error:  # DuckDB's own error classes share no public base with a file name
        message = f"{files[0]} cannot be read as Parquet: {str(error).splitlines()[0]}"
        raise DataError(message) from error


def _open_csv(
    connection: Backend, files: list[Path], *, contract: Contract, name: str
) -> ir.Table:
    reading = contract.reading
    headers = {tuple(_header(file, reading.delimiter, reading.encoding)) for file in files}
    if len(headers) > 1:
        raise DataError(f"the files of `{name}.path` have different header lines; make them agree")
    header = without_repeats(headers.pop())
    if reading.encoding.lower() not in ENCODINGS_OF_DUCKDB:
        files = [_as_utf8(connection, file, reading.encoding) for file in files]
    try:
        table = connection.read_csv(
            [str(file) for file in files],
            table_name=f"csv_{name}",
            columns=dict.fromkeys(header, "VARCHAR"),
            auto_detect=False,
            header=True,
            delim=reading.delimiter,
            quote='"',
            escape='"',
            store_rejects=True,
            rejects_table=f"broken_{name}",
            rejects_scan=f"broken_scan_{name}",
        )
        return connection.create_table(f"source_{name}", table, overwrite=True)
    except Exception as error:
        message = f"{files[0]} cannot be read as CSV: {str(error).splitlines()[0]}"
        raise DataError(message) from error


def _header(file: Path, delimiter: str, encoding: str) -> list[str]:
    """The names in a CSV file's first line; refuses a delimiter that is plainly another."""
    encoding = "utf-8-sig" if encoding.lower() in ENCODINGS_OF_DUCKDB else encoding
    try:
        with (
            gzip.open(file, "rt", encoding=encoding, newline="")
            if file.suffix.lower() == ".gz"
            else file.open(encoding=encoding, newline="")
        ) as lines:
            names = next(csv.reader(lines, delimiter=delimiter), [])
            has_rows = next(lines, None) is not None
    except (UnicodeDecodeError, gzip.BadGzipFile, csv.Error) as error:
        message = f'{file} is not {encoding} text ({error}). Set `reading.encoding`, such as "cp1252".'
        raise DataError(message) from error
    if len(names) == 1:
        other = [mark for mark in OTHER_DELIMITERS if mark != delimiter and mark in names[0]]
        if other:
            message = (
                f"{file}: the header is one column when split at {delimiter!r}. "
                f"Set `reading.delimiter = {other[0]!r}` in leadscore.toml."
            )
            raise DataError(message)
    if not has_rows:
        raise DataError(f"{file} has a header and no rows. Export it again.")
    return names


def without_repeats(names: tuple[str, ...]) -> list[str]:
    """Name columns that share a name, or have none, apart: `City`, `City_2`, `column_3`."""
    seen: set[str] = set()
    apart = []
    for position, given in enumerate(names, start=1):
        base = given.strip() or f"column_{position}"
        name, count = base, 1
        while name.lower() in seen:
            count += 1
            name = f"{base}_{count}"
        seen.add(name.lower())
        apart.append(name)
    return apart


def _as_utf8(connection: Backend, file: Path, encoding: str) -> Path:
    """Write a copy in UTF-8 beside the connection's scratch files, as DuckDB reads little else."""
    scratch = Path(str(connection.settings["temp_directory"]))
    scratch.mkdir(parents=True, exist_ok=True)
    copy = scratch / f"{file.stem}.utf8.csv"
    opener = gzip.open if file.suffix.lower() == ".gz" else open
    try:
        with opener(file, "rt", encoding=encoding, newline="") as lines, copy.open(
            "w", encoding="utf-8", newline=""
        ) as out:
            while block := lines.read(1 << 20):
                out.write(block)
    except (UnicodeDecodeError, LookupError) as error:
        raise DataError(f"{file} is not {encoding} text: {error}") from error
    return copy
