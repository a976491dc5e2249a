"""Profiles of columns by their cells: numbers, dates or text, how full, how many different."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import ibis
import pandas as pd
import pyarrow as pa

from leadscore.features.cells import EPOCH_PATTERN, number_cell, time_cell
from leadscore.features.contract import Reading, mentions, words_of
from leadscore.features.onboarding.vocabulary import vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import ibis.expr.types as ir

    from leadscore.features.onboarding.file_sample import Sample
    from leadscore.features.onboarding.whole_table import WholeTable

LOOKED_UP = 20_000  # different cells of a column, to tell whether they are ids of a long table
DATE_CELLS = 1_000  # different cells tried as dates a column; each is tried in many formats
DATE_SHARE = 0.95  # of those must be dates; the rest goes to the quarantine, 5 % at most
_DATE_LIKE = r"\d{1,4}[-/. ]\w{1,9}[-/., ]+\d{1,4}|[A-Za-z]{3,9}\.? \d{1,2},? \d{4}"

CURRENCY = r"[\s'’€$£¥%]"
# Numbers with a decimal comma, and with a point; 1.234 and 1,234 are ambiguous and in neither.
COMMA_FORM = r"[+-]?((\d+|[1-9]\d{0,2}(\.\d{3})+),(\d{1,2}|\d{4,})|[1-9]\d{0,2}(\.\d{3})+,\d+)"
POINT_FORM = r"[+-]?((\d+|[1-9]\d{0,2}(,\d{3})+)\.(\d{1,2}|\d{4,})|[1-9]\d{0,2}(,\d{3})+\.\d+)"
TELLING_SHARE = 0.1  # of a column's cells with a comma or point; fewer are typing errors


@dataclass(frozen=True)
class ColumnProfile:
    """One column by its cells; `kind` is number, date, text or empty."""

    name: str
    words: tuple[str, ...]
    kind: str
    # Rows by different cell, missing left out, most frequent first; of a column with many words in
    # a long table those of the sample.
    counts: pd.Series
    rows: int
    day_first: bool | None = None  # for dates that mean another day if read the other way
    whole_numbers: bool = False
    estimated: tuple[int, int] | None = None  # filled and different cells beyond `counts`

    @property
    def filled(self) -> int:
        """How many cells are not missing."""
        return int(self.counts.sum()) if self.estimated is None else self.estimated[0]

    @property
    def distinct(self) -> int:
        """How many different cells there are."""
        return len(self.counts) if self.estimated is None else self.estimated[1]

    @property
    def distinct_share(self) -> float:
        """Different cells among the filled ones."""
        return self.distinct / self.filled if self.filled else 0.0

    @property
    def missing_share(self) -> float:
        """Missing cells among all."""
        return 1 - self.filled / self.rows

    def mentions(self, phrases: Iterable[str]) -> bool:
        """Whether the column's name holds one of the phrases."""
        return mentions(self.words, phrases)

    def drawn_cells(self, most: int) -> pd.Series:
        """Draw some of the different cells evenly, with their rows."""
        return self.counts[:: -(-len(self.counts) // most) or 1]

    def share_matching(self, pattern: str) -> float:
        """Return the share of the different cells that fully match a regular expression."""
        texts = self.counts.index.astype("str")
        return float(texts.str.fullmatch(pattern).mean()) if self.distinct else 0.0


@dataclass(frozen=True)
class TableProfile:
    """A sample of a table with the profiles of its columns, by name."""

    sample: Sample
    columns: Mapping[str, ColumnProfile]

    def without(self, *names: str | None) -> dict[str, ColumnProfile]:
        """Return the profiles of all columns but the named."""
        return {name: each for name, each in self.columns.items() if name not in names}

    def known_ids(self, column: str, other: TableProfile) -> set[str]:
        """Return the cells of another table that stand in a column of this one, in any row.

        Of columns with many words some are looked up, evenly drawn, where this table is long.
        """
        if self.sample.whole is None:
            return set(self.sample.frame[column])
        wanted = {
            str(cell)
            for each in other.columns.values()
            for cell in each.drawn_cells(LOOKED_UP).index
        }
        return set(self.sample.rows_with(wanted, column)[column])


def missing_words(samples: Iterable[Sample]) -> list[str]:
    """Find the words for missing values that occur in tables of text cells, in order of appearance.

    Words that differ in case alone are listed once. `NA` among two-letter codes (Namibia, North
    America) is left out.
    """
    found: dict[str, str] = {}
    for sample in samples:
        for name in sample.frame.columns:
            cells = pd.Series(sample.cells(name), dtype="str")
            hits = cells[cells.str.casefold().isin(vocabulary().cells.missing)]
            others = cells[~cells.isin(hits) & (cells != "")]
            coded = len(others) > 1 and others.str.fullmatch(r"[A-Z]{2}").all()
            for word in hits:
                if not (coded and word == "NA"):
                    found.setdefault(word.casefold(), word)
    return list(found.values())


def profile_columns(
    frame: pd.DataFrame, missing: Iterable[str], whole: WholeTable | None = None
) -> dict[str, ColumnProfile]:
    """Classify every column by how the tables will read its cells.

    `frame` has text cells, "" where empty; the case of `missing` words does not matter. Where it
    is a sample, `whole` has the counts over all rows.
    """
    nothing = {"", *(word.casefold() for word in missing)}
    known = {} if whole is None else whole.words
    counts: dict[str, pd.Series] = {}
    for name in frame.columns:
        by_cell = known[name] if name in known else frame[name].value_counts()
        counts[str(name)] = _without(nothing, by_cell)
    numbers = _numbers(counts)
    dates = _dates({name: each for name, each in counts.items() if not numbers[name]})
    return {
        name: replace(
            _profile(name, each, len(frame), is_number=numbers[name], date=dates.get(name)),
            rows=len(frame) if whole is None else whole.rows,
            estimated=_estimated(name, whole, nothing),
        )
        for name, each in counts.items()
    }


def _without(nothing: set[str], counts: pd.Series) -> pd.Series:
    return counts[~counts.index.str.casefold().isin(nothing)]


def _estimated(name: str, whole: WholeTable | None, nothing: set[str]) -> tuple[int, int] | None:
    """Return the filled and the different cells of a column that is not counted word by word."""
    if whole is None or name in whole.words:
        return None
    words = whole.missing[name]
    real = _without(nothing, words)  # such as the NA of Namibia
    filled = whole.rows - int(words.sum()) + int(real.sum())
    return filled, whole.distinct[name] + len(real)


def _profile(
    name: str,
    counts: pd.Series,
    rows: int,
    *,
    is_number: bool,
    date: tuple[bool, bool | None] | None,
) -> ColumnProfile:
    texts, words = counts.index.astype("str"), words_of(name)
    whole = is_number and bool(texts.str.fullmatch(r"[+-]?\d+(\.0+)?").all())
    if whole and mentions(words, vocabulary().leads.time) and _since_1970(texts):
        is_number, whole, date = False, False, (True, None)
    is_date = date is not None and date[0]
    kind = "empty" if counts.empty else "number" if is_number else "date" if is_date else "text"
    day_first = date[1] if date is not None and is_date else None
    return ColumnProfile(name, words, kind, counts, rows, day_first, whole_numbers=whole)


def _since_1970(texts: pd.Index[str]) -> bool:
    """Whether whole numbers are counts of seconds since 1970, or of fractions of them."""
    return bool(texts.str.fullmatch(rf"{EPOCH_PATTERN}(\.0+)?").mean() >= DATE_SHARE)


def _numbers(counts: Mapping[str, pd.Series]) -> dict[str, bool]:
    """Whether every cell of a column is read as a number; codes such as 01234 are text."""
    read = _count_readable({name: list(each.index) for name, each in counts.items()}, "number")
    return {
        name: not each.empty
        and read.get(name, 0) == len(each)
        and not each.index.astype("str").str.fullmatch(r"0\d+").any()
        for name, each in counts.items()
    }


def _dates(counts: Mapping[str, pd.Series]) -> dict[str, tuple[bool, bool | None]]:
    """Whether columns are dates, and day-first; None where both orders give the same."""
    tried = {}
    for name, each in counts.items():
        cells = [str(cell) for cell in each.index[:: max(1, len(each) // DATE_CELLS)]]
        date_like = sum(re.match(_DATE_LIKE, cell) is not None for cell in cells)
        if cells and date_like >= DATE_SHARE * len(cells):
            tried[name] = cells
    by_month, by_day = (_count_readable(tried, what) for what in ("month first", "day first"))
    found = {}
    for name, cells in tried.items():
        month, day = by_month.get(name, 0), by_day.get(name, 0)
        ambiguous = any(re.match(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}\b", cell) for cell in cells)
        dotted = month == day and any(re.match(r"\d{1,2}\.\d{1,2}\.", cell) for cell in cells)
        day_first = (day > month or dotted) if ambiguous else None
        found[name] = (max(month, day) >= DATE_SHARE * len(cells), day_first)
    return found


def _count_readable(cells: Mapping[str, list[str]], what: str) -> dict[str, int]:
    """Count each column's cells that the engine reads as a number, or as a date."""
    names = [name for name, column in cells.items() for _ in column]
    if not names:
        return {}
    texts = [str(cell) for column in cells.values() for cell in column]
    reading = Reading(day_first=what == "day first")
    long = ibis.memtable(pa.table({"name": names, "cell": texts}))
    value = number_cell(long.cell, reading) if what == "number" else time_cell(long.cell, reading)
    rows = computed(long.select(long.name, readable=value.notnull()))  # noqa: PD004 - Ibis
    counts = rows.group_by("name").aggregate([("readable", "sum")]).to_pylist()
    return {row["name"]: int(row["readable_sum"]) for row in counts}


def computed(query: ir.Table) -> pa.Table:
    """Run a query over tables in memory."""
    connection = ibis.duckdb.connect()
    try:
        return connection.to_pyarrow(query)
    finally:
        connection.disconnect()


def decimal_mark(columns: Iterable[ColumnProfile]) -> Literal[".", ","]:
    """Find the decimal mark of tables that are read alike.

    It is the comma only where some column shows it and none shows the point.
    """
    found = {_mark(column) for column in columns if column.kind == "number"}
    return "," if "," in found and "." not in found else "."


def _mark(column: ColumnProfile) -> str | None:
    cells = column.counts.index.astype("str").str.replace(CURRENCY, "", regex=True)
    marked = cells[cells.str.contains("[.,]")]
    if marked.empty:
        return None
    by_comma = marked.str.fullmatch(COMMA_FORM).mean()
    by_point = marked.str.fullmatch(POINT_FORM).mean()
    if max(by_comma, by_point) < TELLING_SHARE:
        return None
    return "," if by_comma > by_point else "."
