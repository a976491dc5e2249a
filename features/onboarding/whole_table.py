"""What is asked of every row of a table that is too long to hold: counts, words, an even sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis
import pandas as pd

from leadscore.features.onboarding.vocabulary import vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

SAMPLE_ROWS = 200_000  # some 300 MB at 40 columns of text
FIRST_ROWS = 1_000  # are in the sample too
FEW_WORDS = 5_000  # of a column are counted one by one; kinds and stages are fewer
EXACT_ROWS = 10_000_000  # of more, different ids are estimated: exactly they take a GB a column
MOSTLY_DIFFERENT = 0.5  # of cells: these may be ids, whose repeats matter
GROUPED_AT_ONCE = 32  # columns, each a bit of the number of its group
BLANKS = r"' \t\n\r\v\f'"
NUMBER = "(number)"


@dataclass(frozen=True)
class WholeTable:
    """Counts over every row; cells are text without blanks around them, "" where empty."""

    rows: int
    words: Mapping[str, pd.Series]  # rows by cell, of the columns with few different cells
    missing: Mapping[str, pd.Series]  # rows by word for missing, of the other columns
    distinct: Mapping[str, int]  # different filled cells of these, by estimate in long tables


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


def whole_table(connection: Backend, rows: ir.Table) -> WholeTable:
    """Count the cells of all rows, in two or three passes."""
    texts = rows.select(**{name: rows[name].cast("string") for name in rows.columns})
    table = f"({connection.compile(texts)})"
    count, about, missing = _first_pass(connection, table, rows.columns)
    few = [name for name in rows.columns if about[name] <= FEW_WORDS]
    many = [name for name in rows.columns if name not in few]
    words: dict[str, pd.Series] = {}
    for start in range(0, len(few), GROUPED_AT_ONCE):
        words |= _words(connection, table, few[start : start + GROUPED_AT_ONCE])
    filled = {name: count - int(missing[name].sum()) for name in many}
    exact = [name for name in many if about[name] >= MOSTLY_DIFFERENT * filled[name]]
    if exact and count <= EXACT_ROWS:
        about |= _distinct(connection, table, exact)
    distinct = {name: max(1, min(about[name] - len(missing[name]), filled[name])) for name in many}
    return WholeTable(count, words, {name: missing[name] for name in many}, distinct)


def _first_pass(
    connection: Backend, table: str, columns: Sequence[str]
) -> tuple[int, dict[str, int], dict[str, pd.Series]]:
    """Count rows; by column estimate the different cells, and count words for missing."""
    known = sorted({"", *vocabulary().cells.missing})
    listed = ", ".join(map(_literal, known))
    longest = max(len(word.encode()) for word in known)
    asked = ["count(*)"]
    for name in map(_quoted, columns):
        word = f"trim({name}, e{BLANKS})"
        # Trimming is slow, and few cells are as short as words for missing.
        is_missing = f"strlen({name}) <= {longest} AND lower({word}) IN ({listed})"
        asked += [
            f"approx_count_distinct({name})",
            f"count({name})",
            f"histogram({word}) FILTER ({is_missing})",
        ]
    found = connection.raw_sql(f"SELECT {', '.join(asked)} FROM {table}").fetchone()
    rows, about, missing = int(found[0]), {}, {}
    for place, name in enumerate(columns):
        different, present, words = found[1 + 3 * place : 4 + 3 * place]
        counts = dict(words or {})
        counts[""] = counts.get("", 0) + rows - present
        about[name] = int(different)
        missing[name] = pd.Series(
            {word: each for word, each in counts.items() if each}, dtype="int64"
        )
    return rows, about, missing


def _words(connection: Backend, table: str, columns: Sequence[str]) -> dict[str, pd.Series]:
    """Count the rows of each different cell, of several columns in one pass."""
    names = [_quoted(name) for name in columns]
    sets = ", ".join(f"({name})" for name in names)
    listed = ", ".join(names)
    # Ibis has no grouping sets. A group's number has a bit for every column but its own.
    query = (
        f"SELECT GROUPING({listed}) AS which, trim(coalesce({listed}, ''), e{BLANKS}) AS cell, "
        f"count(*) AS rows FROM {table} GROUP BY GROUPING SETS ({sets})"
    )
    found = connection.raw_sql(query).df()
    counts = {}
    for place, name in enumerate(columns):
        which = (1 << len(columns)) - 1 - (1 << (len(columns) - 1 - place))
        own = found[found["which"] == which].groupby("cell")["rows"].sum()
        counts[name] = own.sort_values(ascending=False, kind="stable")
    return counts


def _distinct(connection: Backend, table: str, columns: Sequence[str]) -> dict[str, int]:
    """Count different cells exactly, by their hashes."""
    asked = [f"count(DISTINCT hash(trim({_quoted(name)}, e{BLANKS})))" for name in columns]
    found = connection.raw_sql(f"SELECT {', '.join(asked)} FROM {table}").fetchone()
    return dict(zip(columns, map(int, found), strict=True))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(word: str) -> str:
    return "'" + word.replace("'", "''") + "'"
