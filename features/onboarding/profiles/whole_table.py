"""What is asked of every row of a table that is too long to hold: counts, words, an even sample."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis
import ibis.expr.datatypes as dt
import pandas as pd

from leadscore.features.onboarding.profiles.vocabulary import vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

SAMPLE_ROWS = 200_000  # some 300 MB at 40 columns of text
FIRST_ROWS = 1_000  # are in the sample too
FEW_WORDS = 5_000  # of a column are counted one by one; kinds and stages are fewer
COMPARED_CELLS = 1_000_000  # to count different ones; all of a long table take a GB of memory
GROUPED_AT_ONCE = 32  # columns, each a bit of the number of its group
NUMBER = "(number)"


@dataclass(frozen=True)
class WholeTable:
    """Counts over every row; cells are text without blanks around them, "" where empty."""

    rows: int
    words: Mapping[str, pd.Series]  # rows by cell, of the columns with few different cells
    missing: Mapping[str, pd.Series]  # rows by word for missing, of the other columns
    distinct: Mapping[str, int]  # different filled cells of these; in long tables about


def first_rows(rows: ir.Table, limit: int) -> pd.DataFrame:
    """Return the first rows as text."""
    frame: pd.DataFrame = _as_text(rows.limit(limit)).to_pyarrow().to_pandas()
    return frame


def even_sample(rows: ir.Table, count: int) -> pd.DataFrame:
    """Draw rows from the whole of a table of `count`, evenly, and its first ones."""
    every = -(-count // SAMPLE_ROWS)
    numbered = rows.mutate(**{NUMBER: ibis.row_number()})
    number = numbered[NUMBER]
    drawn = numbered.filter((number % every == 0) | (number < FIRST_ROWS)).drop(NUMBER)
    frame: pd.DataFrame = _as_text(drawn).to_pyarrow().to_pandas()
    return frame


def rows_with(rows: ir.Table, columns: Sequence[str], words: Iterable[str]) -> pd.DataFrame:
    """Return the rows whose cell in the first of some columns is among some words."""
    wanted = ibis.memtable(
        pd.DataFrame({NUMBER: pd.Series(list(words), dtype="str")}).drop_duplicates()
    )
    texts = _as_text(rows.select(columns))
    found = texts.semi_join(wanted, texts[columns[0]] == wanted[NUMBER])
    frame: pd.DataFrame = found.to_pyarrow().to_pandas()
    return frame


def _as_text(rows: ir.Table) -> ir.Table:
    texts = {name: rows[name].cast("string").strip().fill_null("") for name in rows.columns}
    return rows.select(**texts)


@ibis.udf.agg.builtin(name="histogram", signature=((str,), dt.Map(dt.string, dt.int64)))
def _histogram(word, where):  # type: ignore[no-untyped-def]
    """Call DuckDB's function: how often each value occurs."""


@ibis.udf.scalar.builtin(name="hash", signature=((str,), dt.uint64))
def _hash(cell):  # type: ignore[no-untyped-def]
    """Call DuckDB's function, without Ibis's slow cast of the result."""


def whole_table(connection: Backend, rows: ir.Table) -> WholeTable:
    """Count the cells of all rows, in three passes."""
    texts = rows.select(**{name: rows[name].cast("string") for name in rows.columns})
    about = {f"column {at}": texts[name].approx_nunique() for at, name in enumerate(texts.columns)}
    [found] = connection.to_pyarrow(texts.aggregate(rows=texts.count(), **about)).to_pylist()
    few = [name for at, name in enumerate(texts.columns) if found[f"column {at}"] <= FEW_WORDS]
    words: dict[str, pd.Series] = {}
    for start in range(0, len(few), GROUPED_AT_ONCE):
        words |= _words(connection, texts, few[start : start + GROUPED_AT_ONCE])
    many = [name for name in texts.columns if name not in words]
    missing, distinct = _missing_and_distinct(connection, texts, many, int(found["rows"]))
    return WholeTable(int(found["rows"]), words, missing, distinct)


def _words(connection: Backend, texts: ir.Table, columns: Sequence[str]) -> dict[str, pd.Series]:
    """Count the rows of each different cell, of several columns in one pass."""
    names = [_quoted(name) for name in columns]
    sets, listed = ", ".join(f"({name})" for name in names), ", ".join(names)
    # Ibis has no grouping sets. A group's number has a bit for every column but its own.
    query = (
        f"SELECT GROUPING({listed}) AS which, coalesce({listed}, '') AS cell, count(*) AS rows "  # noqa: S608 - names are quoted
        f"FROM ({connection.compile(texts)}) GROUP BY GROUPING SETS ({sets})"
    )
    found = connection.raw_sql(query).df()
    found["cell"] = found["cell"].astype("str").str.strip()
    counts = {}
    for place, name in enumerate(columns):
        which = (1 << len(columns)) - 1 - (1 << (len(columns) - 1 - place))
        own = found[found["which"] == which].groupby("cell")["rows"].sum()
        counts[name] = own.sort_values(ascending=False, kind="stable")
    return counts


def _missing_and_distinct(
    connection: Backend, texts: ir.Table, columns: Sequence[str], rows: int
) -> tuple[dict[str, pd.Series], dict[str, int]]:
    """Count the words for missing, and the different cells, of columns with many words.

    In a long table only cells are compared whose hash falls into a part of all; a repeated cell is
    in the part each time, so its share of repeats is that of the whole.
    """
    if not columns:
        return {}, {}
    known = sorted({"", *vocabulary().cells.missing})
    longest, parts = max(map(len, known)), -(-rows // COMPARED_CELLS)
    asked: dict[str, ir.Value] = {}
    for at, name in enumerate(columns):
        cell, number = texts[name], _hash(texts[name])
        # Trimming is slow; few cells of such columns are as short as words for missing.
        short = ibis.ifelse(cell.length() <= longest, cell.strip().lower(), "(long)")
        is_missing = short.isin(known)
        compared = (number % parts == 0) & cell.notnull() & ~is_missing  # noqa: PD004 - Ibis
        asked[f"present {at}"] = cell.count()
        asked[f"missing {at}"] = _histogram(cell, is_missing)
        asked[f"compared {at}"] = texts.count(where=compared)
        asked[f"different {at}"] = number.nunique(where=compared)
    [found] = connection.to_pyarrow(texts.aggregate(**asked)).to_pylist()
    missing, distinct = {}, {}
    for at, name in enumerate(columns):
        counts = Counter({"": rows - found[f"present {at}"]})
        for word, count in found[f"missing {at}"] or ():
            counts[word.strip()] += count
        occurring = {word: count for word, count in counts.items() if count}
        index = pd.Index(list(occurring), dtype="str")
        missing[name] = pd.Series(list(occurring.values()), index=index, dtype="int64")
        filled = rows - counts.total()
        share = found[f"different {at}"] / max(1, found[f"compared {at}"])
        distinct[name] = round(share * filled)
    return missing, distinct


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
