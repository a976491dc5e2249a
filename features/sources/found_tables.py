"""Which tables a path holds: each file, each sheet, files of a folder with the same columns."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from dataclasses import dataclass
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING

import ibis

from leadscore.features.core import DataError
from leadscore.features.sources.csv_dialect import dialect_of
from leadscore.features.sources.csv_source import header_of
from leadscore.features.sources.source_files import files_at, format_of, table_files, unpacked
from leadscore.features.sources.source_tables import scan_files
from leadscore.features.sources.workbooks import sheets_of

if TYPE_CHECKING:
    from collections.abc import Iterable

PLAIN_TEXT = {".csv", ".tsv", ".txt"}
HEADER_BYTES = 20_000  # the longest header that is looked for


@dataclass(frozen=True)
class FoundTable:
    """A table that a path holds: what goes to `path` and `sheet` of the contract."""

    path: str  # of a file, a folder, or a glob of files with the same columns
    sheet: str | None
    columns: tuple[str, ...]  # none where a file beside others has no rows
    files: tuple[Path, ...]


def tables_in(path: str | Path) -> list[FoundTable]:
    """List the tables that a file, folder or glob holds, in order of their names.

    Each sheet of a workbook is a table. Files of a folder with the same columns, in any order, are
    one table where a folder or glob names exactly these.

    Raises
    ------
    DataError
        Where there is nothing, or a file cannot be read.
    """
    if Path(path).is_dir():
        files = table_files(Path(path))
        if not files:
            raise DataError(f"{path} is a folder without a table. Put CSV or other files into it.")
    else:
        remedy = "Check the name, or give a folder or a glob that matches files."
        files = files_at(str(path), directory=Path(), remedy=remedy)
    groups: dict[tuple[object, ...], list[tuple[Path, str | None, tuple[str, ...]]]]
    groups = defaultdict(list)
    for file in files:
        has_rows = len(files) == 1 or _has_rows(file)
        for sheet, columns in _columns_in(file) if has_rows else [(None, ())]:
            names = frozenset(column.lower() for column in columns)
            groups[_folder_of(file), format_of(file), sheet, names].append((file, sheet, columns))
    found = [table for each in groups.values() for table in _tables_of(each)]
    return sorted(found, key=lambda table: table.files[0])


def _has_rows(file: Path) -> bool:
    """Whether a file has more than a header; longer ones are not looked into."""
    size = file.stat().st_size
    if file.suffix.lower() not in PLAIN_TEXT or size > HEADER_BYTES:
        return size > 0
    return len(file.read_bytes().strip().splitlines()) > 1


def _tables_of(group: list[tuple[Path, str | None, tuple[str, ...]]]) -> list[FoundTable]:
    """Make one table of files with the same columns, or one of each where no glob names them."""
    members = [file for file, _, _ in group]
    pattern = _pattern(members)
    if pattern is None:
        return [FoundTable(str(file), sheet, columns, (file,)) for file, sheet, columns in group]
    return [FoundTable(pattern, group[0][1], group[0][2], tuple(members))]


def _pattern(members: list[Path]) -> str | None:
    """Find the path or glob that names exactly these files."""
    if len(members) == 1:
        return str(members[0])
    folder = _folder_of(members[0])
    if set(members) == set(table_files(folder)):
        return str(folder)
    names = [file.name for file in members]
    start, end = _shared_start(names), _shared_start([name[::-1] for name in names])[::-1]
    end = end[max(0, len(start) + len(end) - min(map(len, names))) :]
    if any(file.parent != folder for file in members):
        return None
    glob = f"{escape(start)}*{escape(end)}"
    return str(folder / glob) if set(folder.glob(glob)) == set(members) else None


def _shared_start(names: list[str]) -> str:
    first, last = min(names), max(names)
    same = (at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other)
    return first[: next(same, len(min(first, last, key=len)))]


def _folder_of(file: Path) -> Path:
    """Return the folder of a file, above folders that name a column."""
    folder = file.parent
    while "=" in folder.name:
        folder = folder.parent
    return folder


def _columns_in(file: Path) -> Iterable[tuple[str | None, tuple[str, ...]]]:
    """Yield the tables of a file: their sheet and their columns."""
    with tempfile.TemporaryDirectory() as folder:
        parts = unpacked([file], Path(folder))
        if format_of(parts[0]) == "workbook":
            yield from ((sheet, tuple(columns)) for sheet, columns in sheets_of(parts[0]).items())
        else:
            yield None, _columns_of(parts)


def _columns_of(files: list[Path]) -> tuple[str, ...]:
    if format_of(files[0]) == "csv":
        return header_of(files[0], dialect_of(files).reading)
    with tempfile.TemporaryDirectory() as folder:
        connection = ibis.duckdb.connect(temp_directory=folder)
        try:
            rows, _ = scan_files(connection, files, name="found")
            return tuple(rows.columns)
        finally:
            connection.disconnect()
