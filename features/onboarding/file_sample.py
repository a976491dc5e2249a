"""The first rows of a user's file: its cells as text, its delimiter and its encoding."""

from __future__ import annotations

import csv
import glob
import io
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import duckdb
import ibis
import pandas as pd

from leadscore.features.core import DataError
from leadscore.features.sources import (
    decoded,
    dialect_of,
    head_of,
    is_parquet,
    opened,
    without_repeats,
)

SAMPLE_ROWS = 200_000  # enough to meet words of 1 in 10,000; some 300 MB at 40 columns of text


@dataclass(frozen=True)
class Sample:
    """The first rows of a table as text, and how its file is to be read."""

    path: str
    frame: pd.DataFrame  # every column text without blanks around it, "" where empty
    delimiter: str = ","
    encoding: str = "utf-8"  # "ascii" where nothing tells: then any encoding reads it
    is_text: bool = False  # a CSV, to which delimiter and encoding matter
    is_whole: bool = True

    def require(self, column: str, *, setting: str) -> None:
        """Raise `DataError` for a missing column, with the nearest name."""
        if column not in self.frame.columns:
            raise DataError.from_missing_column(
                self.path, column, map(str, self.frame.columns), setting=setting
            )


def read_sample(path: str | Path, *, rows: int = SAMPLE_ROWS) -> Sample:
    """Read the first rows of a CSV (also gzipped) or Parquet file, or of a glob of either.

    Raises
    ------
    DataError
        Where there is no file, it is empty, has only a header, or is no table.
    """
    files = _files(str(path))
    is_text = not is_parquet(files[0])
    delimiter, encoding = ",", "utf-8"
    if is_text:
        dialect = dialect_of(files)
        delimiter, encoding = dialect.delimiter, dialect.encoding
        frame = _read_csv(files, rows + 1, delimiter=delimiter, encoding=encoding)
    else:
        frame = _read_parquet(files, rows + 1)
    if frame.empty:
        raise DataError(f"{path} has a header but no rows. Export it again with its rows.")
    is_whole = len(frame) <= rows
    return Sample(
        str(path), frame.head(rows), delimiter, encoding, is_text=is_text, is_whole=is_whole
    )


def _files(path: str) -> list[Path]:
    if Path(path).is_dir():
        raise DataError(f"{path} is a folder. Give a file in it, or a glob such as {path}/*.csv.")
    if Path(path).is_file():
        return [Path(path)]
    found = sorted(Path(each) for each in glob.glob(path, recursive=True))  # noqa: PTH207 - absolute globs too
    files = [each for each in found if each.is_file()]
    if not files:
        raise DataError(
            f"{path} does not exist. Check the name, or give a glob that matches files."
        )
    return files


def _read_csv(files: list[Path], rows: int, *, delimiter: str, encoding: str) -> pd.DataFrame:
    """Read the first rows over all files, without those that have another number of cells."""
    codec = "utf-8" if encoding == "ascii" else encoding
    frames: list[pd.DataFrame] = []
    for file in files:
        wanted = rows - sum(len(frame) for frame in frames)
        names = _header(file, delimiter, encoding)
        try:
            with io.TextIOWrapper(opened(file), codec, errors="replace", newline="") as lines:
                records = islice(csv.reader(lines, delimiter=delimiter), 1, wanted + 1)
                cells = [record for record in records if len(record) == len(names)]
        except csv.Error as error:
            raise DataError(f"{file} cannot be read as a table: {error}") from error
        frame = pd.DataFrame(cells, columns=names, dtype="str")
        frames.append(frame.apply(lambda column: column.str.strip()))
        if len(frame) == wanted:
            break
    return pd.concat(frames, ignore_index=True).fillna("")


def _header(file: Path, delimiter: str, encoding: str) -> list[str]:
    """Return the columns' names as the tables will have them later."""
    first = next(csv.reader(io.StringIO(decoded(head_of(file), encoding)), delimiter=delimiter))
    if not any(name.strip() for name in first):
        raise DataError(f"{file} begins with a blank line. The first line must name the columns.")
    return without_repeats(tuple(first))


def _read_parquet(files: list[Path], rows: int) -> pd.DataFrame:
    """Read the first rows, every cell as the engine's text."""
    connection = ibis.duckdb.connect()
    try:
        table = connection.read_parquet([str(file) for file in files], union_by_name=True)
        texts = {name: table[name].cast("string").strip().fill_null("") for name in table.columns}
        frame: pd.DataFrame = table.limit(rows).select(**texts).to_pyarrow().to_pandas()
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{files[0]} cannot be read as Parquet: {reason}") from error
    finally:
        connection.disconnect()
    return frame
