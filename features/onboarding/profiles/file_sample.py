"""A user's table as text: an even sample of its rows, counts over all, how its file is written."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from leadscore.features.core import DataError
from leadscore.features.onboarding.profiles.whole_table import (
    SAMPLE_ROWS,
    WholeTable,
    even_sample,
    first_rows,
    rows_with,
    whole_table,
)
from leadscore.features.sources import files_at, scan_files
from leadscore.features.tables import connected

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import ibis.expr.types as ir
    import pandas as pd
    from ibis.backends.duckdb import Backend

MEMORY_LIMIT = "500MB"  # of DuckDB; with the sample and the libraries it comes to a GB


@dataclass(frozen=True)
class Sample:
    """Rows of a table as text, and how its file is to be read."""

    path: str
    frame: pd.DataFrame  # every column text without blanks around it, "" where empty
    delimiter: str = ","
    encoding: str = "utf-8"  # "ascii" where nothing tells: then any encoding reads it
    is_text: bool = False  # a CSV, to which delimiter and encoding matter
    sheet: str | None = None  # as it was asked for
    whole: WholeTable | None = None  # counts over all rows, where `frame` has not all

    @property
    def rows(self) -> int:
        """How many rows the table has."""
        return len(self.frame) if self.whole is None else self.whole.rows

    def cells(self, column: str) -> pd.Index[str]:
        """List different cells of a column, all if they are few, and all words for missing."""
        if self.whole is not None and column in self.whole.words:
            return self.whole.words[column].index
        drawn = self.frame.set_index(column).index.drop_duplicates()
        return drawn if self.whole is None else drawn.union(self.whole.missing[column].index)

    def rows_with(self, words: Iterable[str], *columns: str) -> pd.DataFrame:
        """Return `columns` of all the table's rows whose first one holds one of the words."""
        if self.whole is None:
            own = self.frame[list(columns)]
            return own[own[columns[0]].isin(set(words))]
        with _scanned(self.path, self.sheet) as (_, rows, _):
            return rows_with(rows, columns, words)

    def require(self, column: str, *, setting: str) -> None:
        """Raise `DataError` for a missing column, with the nearest name."""
        if column not in self.frame.columns:
            raise DataError.from_missing_column(
                self.path, column, map(str, self.frame.columns), setting=setting
            )


def read_sample(path: str | Path, *, sheet: str | None = None) -> Sample:
    """Read a table as the contract's tables are read; of a long one a sample, and counts over all.

    Parameters
    ----------
    path
        A CSV, JSON, Excel or Parquet file, packed or not, a folder or a glob.
    sheet
        Of a workbook; by default the first with rows.

    Raises
    ------
    DataError
        Where there is no file, it is empty, has only a header, or is no table.
    """
    whole = None
    with _scanned(str(path), sheet) as (connection, rows, dialect):
        frame = first_rows(rows, SAMPLE_ROWS + 1)
        if len(frame) > SAMPLE_ROWS:
            whole = whole_table(connection, rows)
            frame = even_sample(rows, whole.rows)
    if frame.empty:
        raise DataError(f"{path} has a header and no rows. Export it again with its rows.")
    delimiter, encoding = dialect or (",", "utf-8")
    return Sample(
        str(path),
        frame,
        delimiter,
        encoding,
        is_text=dialect is not None,
        sheet=sheet,
        whole=whole,
    )


@contextmanager
def _scanned(
    path: str, sheet: str | None
) -> Iterator[tuple[Backend, ir.Table, tuple[str, str] | None]]:
    """Look at a table's rows; of CSV files delimiter and encoding are told too."""
    remedy = "Check the name, or give a glob that matches files."
    files = files_at(path, directory=Path(), remedy=remedy)
    with connected(MEMORY_LIMIT) as connection:
        rows, dialect = scan_files(connection, files, name="sample", sheet=sheet)
        written = None if dialect is None else (dialect.delimiter, dialect.encoding)
        try:
            yield connection, rows, written
        except duckdb.Error as error:
            reason = str(error).splitlines()[0]
            raise DataError(f"{path} cannot be read: {reason}") from error
