"""A CSV file split line by line in Python, so that a line that cannot be split keeps its place."""

from __future__ import annotations

import csv
import gzip
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from leadscore.features.sources.csv_source import ENCODINGS_OF_DUCKDB
from leadscore.features.sources.row_numbers import ROW

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from leadscore.features.contract import Reading

REPLACED = "\ufffd"  # what Python puts in place of bytes that are no text


def split_lines(
    file: Path, columns: Sequence[str], reading: Reading
) -> tuple[pa.Table, pd.DataFrame]:
    """Split a CSV file in memory; a quote mark that is never closed costs its own line alone.

    Parameters
    ----------
    file
        A CSV file with a header line, possibly gzipped.
    columns
        The names of its columns.
    reading
        The contract's reading settings.

    Returns
    -------
    rows : pa.Table
        The rows that have a cell a column, as text, and their number `ROW`, from 1.
    broken : DataFrame
        Columns `row` (int64), `reason` (str): the others.
    """
    encoding = "utf-8-sig" if reading.encoding.lower() in ENCODINGS_OF_DUCKDB else reading.encoding
    opener = gzip.open if file.suffix.lower() == ".gz" else open
    with opener(file, "rt", encoding=encoding, errors="replace", newline="") as text:
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
    """Split lines; where a cell of several lines goes wrong, begin anew behind its first."""
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
