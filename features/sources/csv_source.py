"""CSV files: opened in DuckDB, or split line by line where each row keeps its place."""

from __future__ import annotations

import codecs
import csv
import io
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import duckdb
import ibis
import pandas as pd
import pyarrow as pa

from leadscore.features.core import DataError, unique
from leadscore.features.sources.report_lines import (
    head_records,
    header_at,
    is_notice,
    last_lines,
    notices_below,
)
from leadscore.features.sources.row_numbers import ROW, numbered_copy
from leadscore.features.sources.source_files import UNREADABLE, opened

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from leadscore.features.contract import Reading

DELIMITERS = (",", ";", "\t", "|")
ENCODINGS_OF_DUCKDB = {"utf-8", "utf8", "utf-8-sig"}
REPLACED = "\ufffd"  # in place of bytes that cannot be decoded


@dataclass(frozen=True)
class Layout:
    """Where in a CSV file its table is."""

    header: tuple[str, ...]
    skip: int  # lines above the header
    notices: int  # lines at the end that are no rows
    has_rows: bool


def copied_csv(connection: Backend, files: list[Path], *, reading: Reading, name: str) -> ir.Table:
    """Copy CSV files into DuckDB, numbered, every cell as text; columns are united by name.

    Lines that cannot be split stand in the table `broken_<name>` with columns `row`, `reason`.
    """
    rejects = {"rejects_table": f"rejects_{name}", "rejects_scan": f"rejects_scan_{name}"}
    for table in rejects.values():
        connection.raw_sql(f'DROP TABLE IF EXISTS "{table}"')
    layouts = _layouts(connection, files, reading=reading, name=name)
    options: dict[str, object] = {"store_rejects": True, **rejects}
    try:
        rows = _united(connection, layouts, reading=reading, name=name, **options)
        copy = connection.create_table(f"source_{name}", rows, overwrite=True)
        broken = _broken(connection, layouts, **rejects)
        connection.create_table(f"broken_{name}", broken, overwrite=True)
        return numbered_copy(copy)
    except duckdb.Error as error:
        message = f"{files[0]} cannot be read as CSV: {str(error).splitlines()[0]}"
        raise DataError(message) from error


def scanned_csv(connection: Backend, files: list[Path], *, reading: Reading, name: str) -> ir.Table:
    """Look at CSV files as `copied_csv` reads them, without a copy; broken lines are left out."""
    layouts = _layouts(connection, files, reading=reading, name=name)
    return _united(connection, layouts, reading=reading, name=name, ignore_errors=True)


def header_of(file: Path, reading: Reading) -> tuple[str, ...]:
    """Return the columns' names as the table will have them."""
    return layout_of(file, file, reading).header


def _layouts(
    connection: Backend, files: list[Path], *, reading: Reading, name: str
) -> dict[Path, Layout]:
    """Find the tables in files, or in their copies in UTF-8, as DuckDB reads little else."""
    copies = files
    if reading.encoding.lower() not in ENCODINGS_OF_DUCKDB:
        copies = [
            _as_utf8(file, reading.encoding, scratch_of(connection) / f"{name}_{number}.csv")
            for number, file in enumerate(files)
        ]
    layouts = {
        copy: layout_of(copy, file, reading) for copy, file in zip(copies, files, strict=True)
    }
    if not any(layout.has_rows for layout in layouts.values()):
        raise DataError(f"{files[0]} has a header and no rows. Export it again.")
    return layouts


def _united(
    connection: Backend,
    layouts: Mapping[Path, Layout],
    *,
    reading: Reading,
    name: str,
    **options: object,
) -> ir.Table:
    """Put files one after the other; a column that a file lacks is empty there."""
    parts = []
    runs = groupby(layouts, key=lambda file: (layouts[file].header, layouts[file].skip))
    for number, ((header, skip), files) in enumerate(runs):
        given = {"delim": reading.delimiter, "quote": '"', "escape": '"', "skip": skip, **options}
        part = connection.read_csv(
            [str(file) for file in files],
            table_name=f"csv_{name}_{number}",
            columns=dict.fromkeys(header, "VARCHAR"),
            auto_detect=False,
            header=True,
            **given,
        )
        parts.append(part)
    return united(parts)


def united(parts: Sequence[ir.Table]) -> ir.Table:
    """Put tables of text one after the other, their columns united by name in any case."""
    names: dict[str, str] = {}
    for part in parts:
        for column in part.columns:
            names.setdefault(column.lower(), column)
    if all(part.columns == parts[0].columns for part in parts):
        return ibis.union(*parts) if len(parts) > 1 else parts[0]
    selected = []
    for part in parts:
        own = {column.lower(): part[column] for column in part.columns}
        nothing = ibis.null("string")
        columns = {column: own.get(key, nothing) for key, column in names.items()}
        selected.append(part.select(**columns))
    return ibis.union(*selected)


def _broken(
    connection: Backend, layouts: Mapping[Path, Layout], *, rejects_table: str, rejects_scan: str
) -> pa.Table:
    """List the lines that were left out, but for the notices below the rows."""
    scans = connection.table(rejects_scan).select("scan_id", "file_id", "file_path")
    found = connection.table(rejects_table).inner_join(scans, ["scan_id", "file_id"]).to_pandas()
    # A line with several faults is listed once for each.
    lines = found.drop_duplicates(["file_path", "line"]).sort_values("line")
    kept = []
    for file, layout in layouts.items():
        here = lines[lines["file_path"] == str(file)]
        row = here["line"].astype("int64") - 1 - layout.skip
        reason = here["error_message"].str.split("\n").str[0]
        kept.append(
            pd.DataFrame({"row": row, "reason": reason}).head(max(0, len(here) - layout.notices))
        )
    schema = pa.schema([("row", pa.int64()), ("reason", pa.string())])
    return pa.Table.from_pandas(pd.concat(kept), schema=schema, preserve_index=False)


def layout_of(file: Path, given: Path, reading: Reading) -> Layout:
    """Find the table in a CSV file, or in `file`, its copy in UTF-8.

    Raises
    ------
    DataError
        Where it cannot be read, or is split by another delimiter.
    """
    codec = codec_of(reading.encoding) if file == given else "utf-8"
    try:
        with opened_text(file, codec) as lines:
            records = head_records(lines, reading.delimiter)
            goes_on = next(lines, None) is not None
        place = header_at([cells for _, cells in records])
        skip, names = records[place] if records else (0, [])
        with opened(file) as stream:
            notices = notices_below(last_lines(stream), len(names), reading.delimiter)
    except (UnicodeError, LookupError, csv.Error) as error:
        raise _not_text(given, codec, error) from error
    except UNREADABLE as error:
        raise DataError(f"{given} cannot be read: {error}") from error
    _refuse_delimiter(given, names, reading.delimiter)
    # A blank line is written where there is nothing to tell yet, as of the events of a new system.
    below = [cells for _, cells in records[place + 1 :]]
    has_rows = goes_on or any(not cells or not is_notice(cells, len(names)) for cells in below)
    return Layout(tuple(without_repeats(tuple(names))), skip, notices, has_rows)


def _not_text(file: Path, encoding: str, error: Exception) -> DataError:
    return DataError(
        f"{file} is not {encoding} text ({error}). "
        'Set `reading.encoding` in leadscore.toml, such as "cp1252".'
    )


def _refuse_delimiter(file: Path, names: list[str], delimiter: str) -> None:
    if len(names) == 1:
        other = [mark for mark in DELIMITERS if mark != delimiter and mark in names[0]]
        if other:
            raise DataError(
                f"{file}: the header is one column when split at {delimiter!r}. "
                f"Set `reading.delimiter = {other[0]!r}` in leadscore.toml."
            )


def codec_of(encoding: str) -> str:
    """Return Python's codec for the contract's encoding; a byte order mark is no text."""
    return "utf-8-sig" if encoding.lower() in ENCODINGS_OF_DUCKDB else encoding


def opened_text(file: Path, codec: str, errors: str = "strict") -> TextIO:
    """Open a text file, packed or not, with its line ends as they are."""
    codecs.lookup(codec)  # before the file is open
    return io.TextIOWrapper(opened(file), codec, errors=errors, newline="")


def without_repeats(names: tuple[str, ...]) -> list[str]:
    """Make column names unique, and name those without: `City`, `City_2`, `column_3`."""
    found: list[str] = []
    for position, given in enumerate(names, start=1):
        used = {name.lower() for name in found}
        found.append(unique(given.strip() or f"column_{position}", used))
    return found


def scratch_of(connection: Backend) -> Path:
    """Return the folder of the connection's temporary files, deleted when it closes."""
    scratch = Path(str(connection.settings["temp_directory"]))
    scratch.mkdir(parents=True, exist_ok=True)
    return scratch


def _as_utf8(file: Path, encoding: str, copy: Path) -> Path:
    """Write a copy in UTF-8, as DuckDB reads little else."""
    try:
        with (
            opened_text(file, encoding) as lines,
            copy.open("w", encoding="utf-8", newline="") as out,
        ):
            while block := lines.read(1 << 20):
                out.write(block)
    except (UnicodeError, LookupError) as error:
        raise _not_text(file, encoding, error) from error
    except UNREADABLE as error:
        raise DataError(f"{file} cannot be read: {error}") from error
    return copy


def split_lines(
    file: Path, columns: Sequence[str], reading: Reading
) -> tuple[pa.Table, pd.DataFrame]:
    """Split a CSV file (also gzipped) in memory; an unclosed quote mark costs its own line alone.

    Returns
    -------
    rows : pa.Table
        The rows with one cell for each of `columns`, as text, and their number `ROW`, from 1.
    broken : DataFrame
        Columns `row` (int64), `reason` (str): the others.
    """
    with opened_text(file, codec_of(reading.encoding), errors="replace") as text:
        records = [cells for cells in _records(list(text), reading.delimiter) if cells]
    records = records[header_at(records) + 1 :]
    while records and is_notice(records[-1], len(columns)):
        records.pop()
    whole, broken = [], []
    for row, cells in enumerate(records, start=1):
        if len(cells) != len(columns):
            broken.append((row, f"{len(cells)} cells where the header has {len(columns)}"))
        elif REPLACED in "".join(cells):
            broken.append((row, f"not {reading.encoding} text"))
        else:
            whole.append((*cells, row))
    cells_of = zip(*whole, strict=True) if whole else [()] * (len(columns) + 1)
    types = [pa.string()] * len(columns) + [pa.int64()]
    arrays = [pa.array(values, kind) for values, kind in zip(cells_of, types, strict=True)]
    rows = pa.Table.from_arrays(arrays, names=[*columns, ROW])
    return rows, pd.DataFrame(broken, columns=["row", "reason"]).astype({"row": "int64"})


def _records(lines: list[str], delimiter: str) -> Iterator[list[str]]:
    """Split lines; where a cell of several lines goes wrong, start again after its first."""
    begin = 0
    while begin < len(lines):
        reader, read = csv.reader(lines[begin:], delimiter=delimiter, strict=True), 0
        try:
            for cells in reader:
                yield cells
                read = reader.line_num
        except csv.Error:
            yield next(csv.reader([lines[begin + read]], delimiter=delimiter))
            read += 1
        begin += read
