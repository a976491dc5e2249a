"""CSV files as tables: their header, delimiter and encoding, and lines that cannot be split."""

from __future__ import annotations

import csv
import gzip
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from leadscore.features.core import DataError, unique
from leadscore.features.sources.row_numbers import numbered_copy

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from leadscore.features.contract import Contract

DELIMITERS = (",", ";", "\t", "|")
ENCODINGS_OF_DUCKDB = {"utf-8", "utf8", "utf-8-sig"}


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
    encoding = "utf-8-sig" if encoding.lower() in ENCODINGS_OF_DUCKDB else encoding
    try:
        with (
            gzip.open(file, "rt", encoding=encoding, newline="")
            if file.suffix.lower() == ".gz"
            else file.open(encoding=encoding, newline="")
        ) as lines:
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
            message = (
                f"{file}: the header is one column when split at {delimiter!r}. "
                f"Set `reading.delimiter = {other[0]!r}` in leadscore.toml."
            )
            raise DataError(message)
    return names, has_rows


def without_repeats(names: tuple[str, ...]) -> list[str]:
    """Name columns that share a name, or have none, apart: `City`, `City_2`, `column_3`."""
    seen: set[str] = set()
    apart = []
    for position, given in enumerate(names, start=1):
        name = unique(given.strip() or f"column_{position}", seen)
        seen.add(name.lower())
        apart.append(name)
    return apart


def _scratch(connection: Backend) -> Path:
    """Return the folder of the connection's own scratch files, which goes when it closes."""
    scratch = Path(str(connection.settings["temp_directory"]))
    scratch.mkdir(parents=True, exist_ok=True)
    return scratch


def _as_utf8(file: Path, encoding: str, copy: Path) -> Path:
    """Write a copy in UTF-8, as DuckDB reads little else."""
    opener = gzip.open if file.suffix.lower() == ".gz" else open
    try:
        with (
            opener(file, "rt", encoding=encoding, newline="") as lines,
            copy.open("w", encoding="utf-8", newline="") as out,
        ):
            while block := lines.read(1 << 20):
                out.write(block)
    except UnicodeError as error:
        raise DataError(f"{file} is not {encoding} text: {error}") from error
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{file} cannot be read: {error}") from error
    return copy
