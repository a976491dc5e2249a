"""Lines of a report that are no rows: titles above the header, totals and notices below the rows.

They are told by their form, in any language: fewer cells than the header, of which only the first
is filled, at the very start or the very end.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

HEAD_RECORDS = 60  # titles and filters of reports take some ten lines
TAIL_BYTES = 1 << 16  # notices of reports are some five lines
ALIKE_SHARE = 0.5  # of the lines below a header have as many cells
LABELLED_CELLS = 2  # of lines such as `Filter;All leads` above a blank line

Cells = Sequence[str]


def head_records(lines: Iterator[str], delimiter: str) -> list[tuple[int, list[str]]]:
    """Split the first lines; with each record stands how many lines end before it.

    What cannot be read below the first record is left to the reader of the rows.
    """
    reader, read = csv.reader(lines, delimiter=delimiter), 0
    records: list[tuple[int, list[str]]] = []
    while len(records) < HEAD_RECORDS:
        try:
            cells = next(reader, None)
        except (UnicodeError, csv.Error):
            if not records:
                raise
            break
        if cells is None:
            break
        records.append((read, cells))
        read = reader.line_num
    return records


def header_at(records: Sequence[Cells]) -> int:
    """Return the place of the header among the first records: 0 without titles above it."""
    filled = [_filled(cells) for cells in records]
    wide = next((place for place, cells in enumerate(filled) if len(cells) > 1), None)
    first = next((place for place, cells in enumerate(filled) if cells), 0)
    if wide is None:
        return first
    if wide > first and any(filled[place] != [0] for place in range(wide) if filled[place]):
        return first
    start = wide if _is_header(records, wide) else first
    for place in range(start + 1, len(records)):
        labels = [len(cells) <= LABELLED_CELLS for cells in records[start:place] if cells]
        is_below_blank = not filled[place - 1] and all(labels)
        if is_below_blank and len(filled[place]) > LABELLED_CELLS and _is_header(records, place):
            return place
    return start


def _is_header(records: Sequence[Cells], place: int) -> bool:
    """Whether the records below have as many cells; without any, whether a blank line is above."""
    below = [len(cells) for cells in records[place + 1 :] if len(_filled(cells)) > 1]
    if not below:
        return any(not _filled(cells) for cells in records[:place])
    return below.count(len(records[place])) >= ALIKE_SHARE * len(below)


def _filled(cells: Cells) -> list[int]:
    return [place for place, cell in enumerate(cells) if cell.strip()]


def is_notice(cells: Cells, width: int) -> bool:
    """Whether a record of a table of `width` columns has the form of a total or a notice."""
    return len(cells) < width and _filled(cells) == [0]


def notices_below(lines: Sequence[str], width: int, delimiter: str) -> int:
    """Count the totals and notices at the end of a text's last lines; blank lines do not count.

    A line with an odd number of quote marks is the end of a cell of several lines, and a row.
    """
    found = 0
    for line in reversed(lines):
        if not line.strip():
            continue
        cells = next(csv.reader([line], delimiter=delimiter), [])
        if line.count('"') % 2 or not is_notice(cells, width):
            break
        found += 1
    return found


def last_lines(stream: BinaryIO) -> list[str]:
    """Read the complete lines at the end of a file in UTF-8; all of them of a short one."""
    if isinstance(stream, io.BufferedReader):
        stream.seek(max(0, stream.seek(0, io.SEEK_END) - TAIL_BYTES))
        tail = stream.read()
    else:  # a packed file can only be read from its beginning
        tail = b""
        while block := stream.read(1 << 20):
            tail = (tail + block)[-TAIL_BYTES:]
    lines = tail.decode("utf-8", errors="replace").splitlines()
    return lines[1:] if len(tail) >= TAIL_BYTES else lines
