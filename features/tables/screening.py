"""Separates the rows of a typed table that can be used from those that cannot."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import ibis
import pandas as pd

from leadscore.features.cells import BETWEEN_CELLS, BETWEEN_PARTS
from leadscore.features.sources import ROWS_A_TABLE, is_pushed, keep_rows
from leadscore.features.tables.quarantine import AS_MISSING, COLUMNS, Faults

if TYPE_CHECKING:
    from collections.abc import Sequence

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

WHOLE_LINE = "(whole line)"  # a fault of no one column
SHOWN_CHARACTERS = 80  # enough to find the cell by
EMAIL = r"[^\s@]+@[^\s@]+"  # a quarantined id or cell may be somebody's address

OF_LEADS = {"leads.valid_from"}  # places whose rows are those of the leads' own file
UNREADABLE = "unreadable"  # the column of `unreadable_numbers`
HELPERS = ("row", "fault", "shown", UNREADABLE)  # columns of a screened table that only it needs

# column, whether the row has the fault, the value to show, the reason
Fault = tuple[str, "ir.BooleanValue", "ir.Value", str]


@dataclass(frozen=True)
class Screened:
    """The rows of a table that can be used, the faults, and how to screen again."""

    kept: ir.Table
    faults: Faults
    by: Screening


@dataclass(frozen=True)
class Screening:
    """How a table is screened; `run` screens the rows that its raw table holds at that time."""

    connection: Backend
    name: str
    # gives the rows with the columns `HELPERS`: SQL for DuckDB; an expression where the rows stay
    # in another database
    query: str | ir.Table
    reasons: tuple[tuple[str, str], ...]  # column and reason of each fault, by its number
    tables: tuple[str, ...]  # that the rows come from, where there are several
    broken: pd.DataFrame  # as `broken_lines` returns them
    place: str  # what messages call the table
    derived: tuple[tuple[str, str], ...] = ()  # tables made of the rows, and their queries

    @property
    def table(self) -> str:
        """The name of the table that holds all rows, faulty ones included."""
        return f"screened_{self.name}"

    @property
    def stored(self) -> tuple[str, ...]:
        """The tables that are read later: the one of all rows, or those that derive from it."""
        return tuple(name for name, _query in self.derived) or (self.table,)

    def own(self, broken: pd.DataFrame) -> pd.DataFrame:
        """Name the place of broken lines; of versions, the leads' own file has told them."""
        if self.place == self.name:
            return broken
        return broken.iloc[:0] if self.place in OF_LEADS else broken.assign(table=self.place)

    def deriving(self, name: str, rows: ir.Table) -> Screening:
        """Make and store a table of the screened rows, here and whenever others are screened."""
        query = self.connection.compile(rows)
        self._derive(name, query)
        return replace(self, derived=(*self.derived, (name, query)))

    def run(self) -> Screened:
        """Screen the present rows, replacing those of an earlier run."""
        if isinstance(self.query, str):
            self.connection.drop_table(self.table, force=True)
            self.connection.con.sql(self.query).create(self.table)
            flagged = self.connection.table(self.table)
        else:
            flagged = keep_rows(self.connection, self.table, self.query)
        for name, query in self.derived:
            self._derive(name, query)
        kept = flagged.filter(flagged.fault == -1)
        kept = kept.drop(*(name for name in HELPERS if name in kept.columns))
        screened = Screened(kept, self._faults(flagged), self)
        if self.derived:
            self.connection.drop_table(self.table)
        return screened

    def _derive(self, name: str, query: str) -> None:
        self.connection.drop_table(name, force=True)
        self.connection.con.sql(query).create(name)

    def _faults(self, flagged: ir.Table) -> Faults:
        dropped = flagged.filter(flagged.fault >= 0).select("row", "fault", "shown").to_pandas()
        reasons = [self.reasons[number] for number in dropped["fault"]]
        found = pd.DataFrame(
            {
                "table": self.place,
                "row": dropped["row"].astype("int64"),
                "column": [column for column, _ in reasons],
                "value": dropped["shown"],
                "reason": [reason for _, reason in reasons],
            }
        )
        named = flagged[UNREADABLE].notnull()  # noqa: PD004 - Ibis has no `notna`
        cells = flagged.filter((flagged.fault == -1) & named).select("row", UNREADABLE)
        unusable = unreadable_cells(cells.to_pandas()).assign(table=self.place)
        found = pd.concat([found, unusable, self.broken], ignore_index=True)
        found["value"] = fit_to_show(found["value"])
        if self.tables:
            found = _by_table(found, self.tables)
        rows = int(flagged.count().to_pyarrow().as_py()) + len(self.broken)
        return Faults(self.place, found, rows, len(dropped) + len(self.broken))


def screen(
    connection: Backend,
    table: ir.Table,
    *,
    name: str,
    faults: Sequence[Fault],
    helpers: Sequence[str],
    broken: pd.DataFrame,
    tables: tuple[str, ...] = (),
    place: str | None = None,
) -> Screened:
    """Separate the rows that can be used from those that cannot.

    Parameters
    ----------
    table
        The typed rows with the columns `row` (the row's number among those that could be split
        into columns) and `UNREADABLE`: rows with unreadable cells stay, without these cells.
    faults
        What makes a row unusable; the first that applies is named.
    helpers
        Columns of `table` that only screening needs.
    broken
        As `broken_lines` returns them.
    tables
        That the rows come from, where several were put together.
    place
        What messages call the table, where it is not `name`.
    """
    number = ibis.cases(*((fault[1], index) for index, fault in enumerate(faults)), else_=-1)
    shown = ibis.cases(*((fault[1], fault[2].cast("string")) for fault in faults), else_=None)
    own = [column for column in table.columns if column not in {*helpers, "row", UNREADABLE}]
    # Row numbers of usable rows would take as much room as a date, and are not needed.
    faulty = (number >= 0) | table[UNREADABLE].notnull()  # noqa: PD004 - Ibis has no `notna`
    row = ibis.ifelse(faulty, table.row, None)
    flagged = table.select(*own, UNREADABLE, row=row, fault=number, shown=shown)
    reasons = tuple((fault[0], fault[3]) for fault in faults)
    query = flagged if is_pushed(connection) else connection.compile(flagged)
    by = Screening(connection, name, query, reasons, tables, broken, place or name)
    return replace(by, broken=by.own(broken)).run()


def broken_lines(connection: Backend, name: str) -> pd.DataFrame:
    """Return the CSV lines that DuckDB could not split, in the quarantine's columns.

    The line's text is left out: it may hold personal data.
    """
    nothing = pd.DataFrame({column: pd.Series(dtype="str") for column in COLUMNS})
    parts = [nothing.astype({"row": "int64"})]
    tables = [] if is_pushed(connection) else connection.list_tables()
    for rejects in sorted(tables):
        if rejects == f"broken_{name}" or rejects.startswith(f"broken_{name}_"):
            table = rejects.removeprefix("broken_").replace("_", ".", 1)
            lines = connection.table(rejects).to_pandas()
            lines = lines.assign(table=table, column=WHOLE_LINE, value="")
            parts.append(lines[list(COLUMNS)])
    return pd.concat(parts, ignore_index=True)


def _by_table(found: pd.DataFrame, tables: tuple[str, ...]) -> pd.DataFrame:
    """Name the table that each row comes from, and the row in it."""
    number = found["row"] // ROWS_A_TABLE
    own = found["table"].str.contains(".", regex=False)
    named = found["table"] + "." + number.map(dict(enumerate(tables)))
    return found.assign(table=found["table"].where(own, named), row=found["row"] % ROWS_A_TABLE)


def unreadable_cells(rows: pd.DataFrame) -> pd.DataFrame:
    """List what `unreadable_numbers` names: `row`, `column`, `value` and `reason` a cell."""
    cells = [
        (row, *cell.split(BETWEEN_PARTS, 1))
        for row, listed in rows[["row", UNREADABLE]].itertuples(index=False)
        for cell in listed.removesuffix(BETWEEN_CELLS).split(BETWEEN_CELLS)
    ]
    found = pd.DataFrame(cells, columns=["row", "column", "value"], dtype="str")
    return found.astype({"row": "int64"}).assign(reason=f"not a number; {AS_MISSING}")


def fit_to_show(values: pd.Series[str]) -> pd.Series[str]:
    """Mask e-mail addresses, then shorten; the other way round half an address would be shown."""
    masked = values.astype("str").str.replace(EMAIL, "(e-mail address)", regex=True)
    return masked.str.slice(0, SHOWN_CHARACTERS)
