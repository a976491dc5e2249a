"""Sheets of Excel and OpenDocument workbooks as tables of text."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
from python_calamine import CalamineError, CalamineWorkbook

from leadscore.features.core import DataError, nearest
from leadscore.features.sources.csv_source import united, without_repeats
from leadscore.features.sources.report_lines import HEAD_RECORDS, header_at
from leadscore.features.sources.row_numbers import ROW

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend
    from python_calamine import CalamineSheet

EXACT_DIGITS = 15  # that a spreadsheet keeps of a number

Cell = int | float | str | bool | time | date | datetime | timedelta


def copied_workbooks(
    connection: Backend, files: Sequence[Path], *, sheet: str | None, name: str
) -> ir.Table:
    """Copy a sheet of each workbook into DuckDB, every cell as text, rows numbered in `ROW`.

    Dates become ISO text and whole numbers have no decimals; rows without a filled cell are left
    out, but count.

    Raises
    ------
    DataError
        Where a file is no workbook, has no such sheet, or has no rows.
    """
    parts, last = [], 0
    for number, file in enumerate(files):
        rows = sheet_rows(file, sheet, after=last)
        last = rows[ROW][-1].as_py() if rows.num_rows else last
        parts.append(connection.create_table(f"sheet_{name}_{number}", rows, overwrite=True))
    if not last:
        raise DataError(f"{files[0]} has a header and no rows. Export it again.")
    found = united(parts)
    own = [column for column in found.columns if column != ROW]
    return connection.create_table(f"source_{name}", found.select(*own, ROW), overwrite=True)


def sheet_rows(file: Path, sheet: str | None, *, after: int = 0) -> pa.Table:
    """Read a sheet, by default the first with rows; numbers `ROW` follow `after`."""
    with _opened(file) as book:
        cells = [list(map(text_of, row)) for row in _sheet(file, book, sheet).to_python()]
    place = header_at(cells[:HEAD_RECORDS])
    names = cells[place] if cells else []
    width = max((at + 1 for at, name in enumerate(names) if name.strip()), default=0)
    below = cells[place + 1 :]
    below = below[: len(below) - _notices(below)]
    width = max(width, max((_width(row) for row in below), default=0))
    header = without_repeats(tuple(names[:width]))
    whole = [(row, after + at) for at, row in enumerate(below, start=1) if any(row)]
    columns = [pa.array([row[at] for row, _ in whole], pa.string()) for at in range(width)]
    numbers = pa.array([number for _, number in whole], pa.int64())
    return pa.Table.from_arrays([*columns, numbers], names=[*header, ROW])


def sheets_of(file: Path) -> dict[str, list[str]]:
    """Return the sheets of a workbook that have rows, each with the names of its columns."""
    with _opened(file) as book:
        names = [name for name in book.sheet_names if _has_rows(book.get_sheet_by_name(name))]
    found = {}
    for name in names:
        rows = sheet_rows(file, name)
        if rows.num_rows:
            found[name] = [column for column in rows.column_names if column != ROW]
    return found


def _opened(file: Path) -> CalamineWorkbook:
    try:
        return CalamineWorkbook.from_path(str(file))
    except (CalamineError, OSError) as error:
        raise DataError(
            f"{file} cannot be read as a workbook: {error}. Open it in Excel and save it again, "
            "without a password."
        ) from error


def _sheet(file: Path, book: CalamineWorkbook, sheet: str | None) -> CalamineSheet:
    names = book.sheet_names
    if sheet is not None and sheet not in names:
        raise DataError(f"{file} has no sheet {sheet!r}. {nearest(sheet, names)}")
    try:
        if sheet is not None:
            return book.get_sheet_by_name(sheet)
        every = (book.get_sheet_by_name(name) for name in names)
        found = next((each for each in every if _has_rows(each)), None)
    except CalamineError as error:
        raise DataError(f"{file} cannot be read: {error}. Save it again from Excel.") from error
    if found is None:
        raise DataError(f"{file} has no sheet with rows. Export it again, with its header line.")
    return found


def _has_rows(sheet: CalamineSheet) -> bool:
    return sheet.height > 1  # a header and a row


def _width(row: Sequence[str]) -> int:
    return max((at + 1 for at, cell in enumerate(row) if cell), default=0)


def _notices(rows: Sequence[Sequence[str]]) -> int:
    """Count the last rows from the blank row above totals and notices on.

    A sheet is as wide in every row, so a row with its first cell alone tells nothing by itself.
    """
    for at in range(1, len(rows) + 1):
        width = _width(rows[-at])
        if width == 0 and at > 1:
            above = next((row for row in reversed(rows[:-at]) if any(row)), None)
            if above is None or _width(above) > 1:
                return at
        if width > 1:
            break
    return 0


def text_of(cell: Cell) -> str:
    """Write a cell as a CSV export would: `5`, `0.3`, `TRUE`, `2024-05-31 18:05:00`."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float):
        return f"{cell:.{EXACT_DIGITS}g}" if abs(cell) < 1e15 else f"{cell:.0f}"
    if isinstance(cell, datetime):
        # Days are stored as fractions, which miss whole seconds by some microseconds.
        rounded = cell + timedelta(microseconds=500)
        return rounded.replace(microsecond=rounded.microsecond // 1000 * 1000).isoformat(" ")
    return str(cell)
