"""Profiles of columns by their cells: numbers, dates or text, how full, how many different."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis
import pyarrow as pa

from leadscore.features.cells import EPOCH_PATTERN, LIST_PATTERN, number_cell, time_cell
from leadscore.features.contract import Reading, mentions, words_of
from leadscore.features.onboarding.vocabulary import vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import ibis.expr.types as ir
    import pandas as pd

    from leadscore.features.onboarding.file_sample import Sample

DATE_CELLS = 1_000  # different cells tried as dates a column; each is tried in many formats
DATE_SHARE = 0.95  # of those must be dates; the rest goes to the quarantine, 5 % at most
_DATE_LIKE = (
    r"(?:[^\W\d]{2,10}\.?,? )?\d{1,4}(?:st|nd|rd|th|er|º)?[-/. ]+(?:de )?\w{1,12}\.?[-/., ]+"
    r"(?:del? )?\d{1,4}|"
    r"(?:[^\W\d]{2,10}\.?,? )?[^\W\d]{3,12}\.?[ -]\d{1,2}(?:st|nd|rd|th)?,?[ -]\d{4}|"
    r"\d{8}T\d{6}"
)
NUMBER_SHARE = 0.98  # of the different cells; the rest are typing errors, and read as missing

# Numbers that are moments under the name of one: days of Excel from 1982 to 2064, or 20241231.
EXCEL_DAYS = r"[3-5]\d{4}(?:[.,]\d+)?"
COMPACT_DATES = r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"

LIST_SHARE = 0.1  # of the rows hold several choices; the others one
MOST_CHOICES = 200  # of more, the lists are something else


NUMBERED_DATE = r"^(\d{1,2})([-/.])(\d{1,2})[-/.](?:\d{4}|\d{2})(?!\d)"
MONTHS = 12


@dataclass(frozen=True)
class DayOrder:
    """How a column of dates is written: `first` is None where both orders are possible."""

    first: bool | None
    dotted: bool = False


@dataclass(frozen=True)
class ColumnProfile:
    """One column by its cells; `kind` is number, date, text or empty."""

    name: str
    words: tuple[str, ...]
    kind: str
    counts: pd.Series  # rows by different cell, missing left out, most frequent first
    rows: int
    day_order: DayOrder | None = None  # of dates in numbers with the year last
    whole_numbers: bool = False

    @property
    def filled(self) -> int:
        """How many cells are not missing."""
        return int(self.counts.sum())

    @property
    def distinct(self) -> int:
        """How many different cells there are."""
        return len(self.counts)

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

    def share_matching(self, pattern: str) -> float:
        """Return the share of the different cells that fully match a regular expression."""
        texts = self.counts.index.astype("str")
        return float(texts.str.fullmatch(pattern).mean()) if self.distinct else 0.0

    @property
    def choices(self) -> int:
        """How many different words the lists in the cells have; 0 where cells are no lists."""
        if self.kind != "text" or not self.distinct:
            return 0
        texts = self.counts.index.astype("str")
        is_list = texts.str.fullmatch(LIST_PATTERN)
        words = {word.strip() for text in texts for word in re.split("[;|]", text)} - {""}
        common = float(self.counts[is_list].sum()) >= LIST_SHARE * self.filled
        few = len(words) <= min(MOST_CHOICES, self.filled / 2)
        return len(words) if common and few else 0


@dataclass(frozen=True)
class TableProfile:
    """A sample of a table with the profiles of its columns, by name."""

    sample: Sample
    columns: Mapping[str, ColumnProfile]

    def without(self, *names: str | None) -> dict[str, ColumnProfile]:
        """Return the profiles of all columns but the named."""
        return {name: each for name, each in self.columns.items() if name not in names}


def missing_words(frames: Iterable[pd.DataFrame]) -> list[str]:
    """Find the words for missing values that occur in tables of text cells, in order of appearance.

    Words that differ in case alone are listed once. `NA` among two-letter codes (Namibia, North
    America) is left out.
    """
    found: dict[str, str] = {}
    for frame in frames:
        for name in frame.columns:
            cells = frame[name].drop_duplicates()
            hits = cells[cells.str.casefold().isin(vocabulary().cells.missing)]
            others = cells[~cells.isin(hits) & (cells != "")]
            coded = len(others) > 1 and others.str.fullmatch(r"[A-Z]{2}").all()
            for word in hits:
                if not (coded and word == "NA"):
                    found.setdefault(word.casefold(), word)
    return list(found.values())


def profile_columns(frame: pd.DataFrame, missing: Iterable[str]) -> dict[str, ColumnProfile]:
    """Classify every column by how the tables will read its cells.

    `frame` has text cells, "" where empty; the case of `missing` words does not matter.
    """
    nothing = {"", *(word.casefold() for word in missing)}
    counts: dict[str, pd.Series] = {}
    for name in frame.columns:
        by_cell = frame[name].value_counts()
        counts[str(name)] = by_cell[~by_cell.index.str.casefold().isin(nothing)]
    numbers = _numbers(counts)
    dates = _dates({name: each for name, each in counts.items() if not numbers[name]})
    return {
        name: _profile(name, each, len(frame), is_number=numbers[name], is_date=name in dates)
        for name, each in counts.items()
    }


def _profile(
    name: str, counts: pd.Series, rows: int, *, is_number: bool, is_date: bool
) -> ColumnProfile:
    texts, words = counts.index.astype("str"), words_of(name)
    if is_number and mentions(words, vocabulary().leads.time) and _are_moments(texts):
        is_number, is_date = False, True
    whole = is_number and bool(texts.str.fullmatch(r"[+-]?\d+(\.0+)?").all())
    kind = "empty" if counts.empty else "number" if is_number else "date" if is_date else "text"
    order = day_order(texts) if is_date else None
    return ColumnProfile(name, words, kind, counts, rows, order, whole_numbers=whole)


def day_order(cells: pd.Index[str]) -> DayOrder | None:
    """Find whether the day comes first, by any day above 12; None where cells are other dates."""
    parts = cells.to_series().str.extract(NUMBERED_DATE).dropna()
    if parts.empty:
        return None
    first, second = parts[0].astype("int64"), parts[2].astype("int64")
    days_first, days_second = int((first > MONTHS).sum()), int((second > MONTHS).sum())
    if days_first != days_second:
        return DayOrder(days_first > days_second)
    return DayOrder(None, dotted=bool((parts[1] == ".").mean() > 1 / 2))


def _are_moments(texts: pd.Index[str]) -> bool:
    """Whether numbers are counts of seconds since 1970 or of days, or dates without marks."""
    forms = (rf"{EPOCH_PATTERN}(?:\.\d*)?", EXCEL_DAYS, COMPACT_DATES)
    return any(texts.str.fullmatch(form).mean() >= DATE_SHARE for form in forms)


def _numbers(counts: Mapping[str, pd.Series]) -> dict[str, bool]:
    """Whether nearly all cells of a column are read as numbers; codes such as 01234 are text."""
    cells = {name: [str(cell) for cell in each.index] for name, each in counts.items()}
    read = _count_readable(cells, number_cell, Reading())
    return {
        name: not each.empty
        and read.get(name, 0) >= NUMBER_SHARE * len(each)
        and not each.index.astype("str").str.fullmatch(r"0\d+").any()
        for name, each in counts.items()
    }


def _dates(counts: Mapping[str, pd.Series]) -> set[str]:
    """Find the columns of dates; a day above 12 anywhere tells how a column is tried."""
    by_order: dict[bool, dict[str, list[str]]] = {True: {}, False: {}}
    for name, each in counts.items():
        cells = [str(cell) for cell in each.index[:: max(1, len(each) // DATE_CELLS)]]
        date_like = sum(re.match(_DATE_LIKE, cell) is not None for cell in cells)
        if cells and date_like >= DATE_SHARE * len(cells):
            order = day_order(each.index.astype("str"))
            by_order[order is not None and order.first is True][name] = cells
    return {
        name
        for day_first, tried in by_order.items()
        for name, read in _count_readable(tried, time_cell, Reading(day_first=day_first)).items()
        if read >= DATE_SHARE * len(tried[name])
    }


def _count_readable(
    cells: Mapping[str, list[str]],
    cell: Callable[[ir.Column, Reading], ir.Column],
    reading: Reading,
) -> dict[str, int]:
    """Count each column's cells that the engine reads as a number, or as a date."""
    names = [name for name, column in cells.items() for _ in column]
    if not names:
        return {}
    texts = [text for column in cells.values() for text in column]
    long = ibis.memtable(pa.table({"name": names, "cell": texts}))
    rows = computed(long.select(long.name, readable=cell(long.cell, reading).notnull()))  # noqa: PD004 - Ibis
    counts = rows.group_by("name").aggregate([("readable", "sum")]).to_pylist()
    return {row["name"]: int(row["readable_sum"]) for row in counts}


def computed(query: ir.Table) -> pa.Table:
    """Run a query over tables in memory."""
    connection = ibis.duckdb.connect()
    try:
        return connection.to_pyarrow(query)
    finally:
        connection.disconnect()
