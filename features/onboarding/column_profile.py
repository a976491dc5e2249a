"""What the cells of each column show: numbers, dates or text, how full, how many different."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leadscore.features.contract.column_names import mentions, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

# What people and systems write where they know nothing; compared without regard to case.
MISSING_WORDS = frozenset(
    {
        *("select", "select...", "please select", "-- select --", "--select--", "- select -"),
        *("n/a", "#n/a", "n.a.", "na", "nan", "null", "<null>", "(null)", "none", "nil", "\\n"),
        *("unknown", "(unknown)", "not known", "undefined", "missing", "(blank)", "<na>", "nat"),
        *("not available", "not applicable", "not specified", "unspecified", "not provided"),
        *("not given", "not set", "(not set)", "?", "??", "-", "--", "---", "."),
        *("unbekannt", "k.a.", "k. a.", "inconnu", "desconocido", "onbekend", "sconosciuto"),
    }
)

DATE_CELLS = 1_000  # different cells tried as dates a column; many formats make each one dear
DATE_SHARE = 0.95  # of those must be dates; the rest goes to the quarantine, 5 % at most
# Ten digits may be a phone number or an id; a count of seconds since 1970 says that it is a time.
TIME_WORDS = (
    *("at", "on", "time", "timestamp", "ts", "date", "datetime", "when", "created", "create date"),
    *("occurred", "updated", "modified", "last modified date", "epoch", "unix", "recorded"),
    *("datum", "zeit", "zeitpunkt", "zeitstempel", "fecha", "heure", "tijd"),
)
_DATE_LIKE = r"\d{1,4}[-/. ]\w{1,9}[-/., ]+\d{1,4}|[A-Za-z]{3,9}\.? \d{1,2},? \d{4}"


@dataclass(frozen=True)
class ColumnFacts:
    """One column as its cells show it; `kind` is number, date, text or empty."""

    name: str
    words: tuple[str, ...]
    kind: str
    counts: pd.Series  # rows by different cell, missing left out, most frequent first
    rows: int
    day_first: bool | None = None  # for dates that mean another day if read the other way
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

    def share_matching(self, pattern: str) -> float:
        """Which share of the different cells matches a regular expression from start to end."""
        texts = self.counts.index.astype("str")
        return float(texts.str.fullmatch(pattern).mean()) if self.distinct else 0.0


def missing_words(frames: Iterable[pd.DataFrame]) -> list[str]:
    """Find the words of the stated list that occur in the cells, in order of appearance.

    Parameters
    ----------
    frames
        Tables of text cells.

    Returns
    -------
    list of str
        Words as written, one for each that differs in more than case. `NA` among two-letter
        codes (Namibia, North America) is left alone.
    """
    found: dict[str, str] = {}
    for frame in frames:
        for name in frame.columns:
            cells = frame[name].drop_duplicates()
            hits = cells[cells.str.casefold().isin(MISSING_WORDS)]
            others = cells[~cells.isin(hits) & (cells != "")]
            coded = len(others) > 1 and others.str.fullmatch(r"[A-Z]{2}").all()
            for word in hits:
                if not (coded and word == "NA"):
                    found.setdefault(word.casefold(), word)
    return list(found.values())


def column_facts(frame: pd.DataFrame, missing: Iterable[str]) -> dict[str, ColumnFacts]:
    """Classify every column by what the tables will read in its cells later.

    Parameters
    ----------
    frame
        Text cells, "" where empty.
    missing
        Words that count as missing, without regard to case.

    Returns
    -------
    dict
        Facts by column name, in the frame's order.
    """
    nothing = {"", *(word.casefold() for word in missing)}
    counts: dict[str, pd.Series] = {}
    for name in frame.columns:
        by_cell = frame[name].value_counts()
        counts[str(name)] = by_cell[~by_cell.index.str.casefold().isin(nothing)]
    numbers = _numbers(counts)
    dates = _dates({name: each for name, each in counts.items() if not numbers[name]})
    return {
        name: _facts(name, each, len(frame), is_number=numbers[name], date=dates.get(name))
        for name, each in counts.items()
    }


def _facts(
    name: str,
    counts: pd.Series,
    rows: int,
    *,
    is_number: bool,
    date: tuple[bool, bool | None] | None,
) -> ColumnFacts:
    texts, words = counts.index.astype("str"), words_of(name)
    whole = is_number and bool(texts.str.fullmatch(r"[+-]?\d+(\.0+)?").all())
    if whole and mentions(words, TIME_WORDS) and _since_1970(texts):
        is_number, whole, date = False, False, (True, None)
    is_date = date is not None and date[0]
    kind = "empty" if counts.empty else "number" if is_number else "date" if is_date else "text"
    day_first = date[1] if date is not None and is_date else None
    return ColumnFacts(name, words, kind, counts, rows, day_first, whole_numbers=whole)


def _since_1970(texts: pd.Index[str]) -> bool:
    """Whether whole numbers are counts of seconds since 1970, or of parts of them."""
    from leadscore.features.tables.cell_parsing import EPOCH_PATTERN  # noqa: PLC0415 - Ibis, as below

    return bool(texts.str.fullmatch(rf"{EPOCH_PATTERN}(\.0+)?").mean() >= DATE_SHARE)


def _numbers(counts: Mapping[str, pd.Series]) -> dict[str, bool]:
    """Whether every cell of a column is read as a number; codes such as 01234 are text."""
    read = _read_as({name: list(each.index) for name, each in counts.items()}, "number")
    return {
        name: not each.empty
        and read.get(name, 0) == len(each)
        and not each.index.astype("str").str.fullmatch(r"0\d+").any()
        for name, each in counts.items()
    }


def _dates(counts: Mapping[str, pd.Series]) -> dict[str, tuple[bool, bool | None]]:
    """Whether columns are dates, and whether day-first; None where either reading is the same."""
    tried = {}
    for name, each in counts.items():
        cells = [str(cell) for cell in each.index[:: max(1, len(each) // DATE_CELLS)]]
        if cells and sum(
            re.match(_DATE_LIKE, cell) is not None for cell in cells
        ) >= DATE_SHARE * len(cells):
            tried[name] = cells
    by_month, by_day = _read_as(tried, "month first"), _read_as(tried, "day first")
    found = {}
    for name, cells in tried.items():
        month, day = by_month.get(name, 0), by_day.get(name, 0)
        ambiguous = any(re.match(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}\b", cell) for cell in cells)
        dotted = month == day and any(re.match(r"\d{1,2}\.\d{1,2}\.", cell) for cell in cells)
        day_first = (day > month or dotted) if ambiguous else None
        found[name] = (max(month, day) >= DATE_SHARE * len(cells), day_first)
    return found


def _read_as(cells: Mapping[str, list[str]], what: str) -> dict[str, int]:
    """How many of each column's cells the engine reads as a number, or as a date."""
    import ibis  # noqa: PLC0415 - not needed by `leadscore --help`
    import pyarrow as pa  # noqa: PLC0415

    from leadscore.features.contract.contract import Reading  # noqa: PLC0415
    from leadscore.features.tables.cell_parsing import number_cell, time_cell  # noqa: PLC0415

    names = [name for name, column in cells.items() for _ in column]
    if not names:
        return {}
    texts = [str(cell) for column in cells.values() for cell in column]
    reading = Reading(day_first=what == "day first")
    long = ibis.memtable(pa.table({"name": names, "cell": texts}))
    value = number_cell(long.cell, reading) if what == "number" else time_cell(long.cell, reading)
    counted = long.select(long.name, readable=value.notnull()).group_by("name")  # noqa: PD004 - Ibis
    connection = ibis.duckdb.connect()
    try:
        rows = connection.to_pyarrow(
            counted.agg(readable=lambda table: table.readable.sum())
        ).to_pylist()
    finally:
        connection.disconnect()
    return {row["name"]: int(row["readable"]) for row in rows}
