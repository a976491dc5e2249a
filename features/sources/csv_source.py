"""CSV files: opened in DuckDB, or split line by line where each row keeps its place."""

from __future__ import annotations

import csv
import gzip
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, cast

import pandas as pd
import pyarrow as pa

from leadscore.features.core import DataError, unique
from leadscore.features.sources.row_numbers import ROW, numbered_copy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from leadscore.features.contract import Contract, Reading

DELIMITERS = (",", ";", "\t", "|")
ENCODINGS_OF_DUCKDB = {"utf-8", "utf8", "utf-8-sig"}
REPLACED = "\ufffd"  # in place of bytes that cannot be decoded


def open_csv(connection: Backend, files: list[Path], *, contract: Contract, name: str) -> ir.Table:
    """Open CSV files of the same header line, every cell as text, as `open_source` does."""
    reading = contract.reading
    found = [_header(file, reading.delimiter, reading.encoding) for file in files]
    headers = {tuple(names) for names, _ in found}
    if len(headers) > 1:
        raise DataError(f"the files of `{name}.path` have different header lines; make them agree")
    if not any(has_rows for _, has_rows in found):
        raise DataError(f"{files[0]} has a header and no rows. Export it again.")
    header = without_repeats(headers.pop())
    if reading.encoding.lower() not in ENCODINGS_OF_DUCKDB:
        scratch = _scratch(connection)
        files = [
            _as_utf8(file, reading.encoding, scratch / f"{name}_{number}.csv")
            for number, file in enumerate(files)
        ]
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
        copy = connection.create_table(f"source_{name}", table, overwrite=True)
        return numbered_copy(copy)
    except Exception as error:
        message = f"{files[0]} cannot be read as CSV: {str(error).splitlines()[0]}"
        raise DataError(message) from error


def _header(file: Path, delimiter: str, encoding: str) -> tuple[list[str], bool]:
    """Read a CSV file's first line, and whether more follow; refuse another delimiter."""
    encoding = codec_of(encoding)
    try:
        with opened_text(file, encoding) as lines:
            names = next(csv.reader(lines, delimiter=delimiter), [])
            has_rows = next(lines, None) is not None
    except (UnicodeError, LookupError, csv.Error) as error:
        raise DataError(
            f"{file} is not {encoding} text ({error}). "
            'Set `reading.encoding` in leadscore.toml, such as "cp1252".'
        ) from error
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{file} cannot be read: {error}") from error
    if len(names) == 1:
        other = [mark for mark in DELIMITERS if mark != delimiter and mark in names[0]]
        if other:
            raise DataError(
                f"{file}: the header is one column when split at {delimiter!r}. "
                f"Set `reading.delimiter = {other[0]!r}` in leadscore.toml."
            )
    return names, has_rows


def codec_of(encoding: str) -> str:
    """Return Python's codec for the contract's encoding; a byte order mark is no text."""
    return "utf-8-sig" if encoding.lower() in ENCODINGS_OF_DUCKDB else encoding


def opened_text(file: Path, codec: str, errors: str = "strict") -> TextIO:
    """Open a text file, gzipped or not, with its line ends as they are."""
    opener = gzip.open if file.suffix.lower() == ".gz" else open
    return cast("TextIO", opener(file, "rt", encoding=codec, errors=errors, newline=""))


def without_repeats(names: tuple[str, ...]) -> list[str]:
    """Make column names unique, and name those without: `City`, `City_2`, `column_3`."""
    found: list[str] = []
    for position, given in enumerate(names, start=1):
        used = {name.lower() for name in found}
        found.append(unique(given.strip() or f"column_{position}", used))
    return found


def _scratch(connection: Backend) -> Path:
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
    except UnicodeError as error:
        raise DataError(f"{file} is not {encoding} text: {error}") from error
    except (OSError, EOFError, zlib.error) as error:
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
        records = [cells for cells in _records(list(text), reading.delimiter) if cells][1:]
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
