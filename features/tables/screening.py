"""Separates the rows of a typed table that can be used from those that cannot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis
import pandas as pd

from leadscore.features.cells import BETWEEN_CELLS, BETWEEN_PARTS
from leadscore.features.sources import is_pushed, keep_rows
from leadscore.features.tables.quarantine import AS_MISSING, COLUMNS, Faults

if TYPE_CHECKING:
    from collections.abc import Sequence

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

WHOLE_LINE = "(whole line)"  # a fault of no one column
SHOWN_CHARACTERS = 80  # enough to find the cell by
EMAIL = r"[^\s@]+@[^\s@]+"  # a quarantined id or cell may be somebody's address

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
    broken: pd.DataFrame  # as `broken_lines` returns them

    @property
    def table(self) -> str:
        """The name of the table that holds all rows, faulty ones included."""
        return f"screened_{self.name}"

    def run(self) -> Screened:
        """Screen the present rows, replacing those of an earlier run."""
        if isinstance(self.query, str):
            self.connection.drop_table(self.table, force=True)
            self.connection.con.sql(self.query).create(self.table)
            flagged = self.connection.table(self.table)
        else:
            flagged = keep_rows(self.connection, self.table, self.query)
        kept = flagged.filter(flagged.fault == -1)
        kept = kept.drop(*(name for name in HELPERS if name in kept.columns))
        return Screened(kept, self._faults(flagged), self)

    def _faults(self, flagged: ir.Table) -> Faults:
        dropped = flagged.filter(flagged.fault >= 0).select("row", "fault", "shown").to_pandas()
        reasons = [self.reasons[number] for number in dropped["fault"]]
        found = pd.DataFrame(
            {
                "table": self.name,
                "row": dropped["row"].astype("int64"),
                "column": [column for column, _ in reasons],
                "value": dropped["shown"],
                "reason": [reason for _, reason in reasons],
            }
        )
        named = flagged[UNREADABLE].notnull()  # noqa: PD004 - Ibis has no `notna`
        cells = flagged.filter((flagged.fault == -1) & named).select("row", UNREADABLE)
        unusable = unreadable_cells(cells.to_pandas()).assign(table=self.name)
        found = pd.concat([found, unusable, self.broken], ignore_index=True)
        found["value"] = fit_to_show(found["value"])
        rows = int(flagged.count().to_pyarrow().as_py()) + len(self.broken)
        return Faults(self.name, found, rows, len(dropped) + len(self.broken))


def screen(
    connection: Backend,
    table: ir.Table,
    *,
    name: str,
    faults: Sequence[Fault],
    helpers: Sequence[str],
    broken: pd.DataFrame,
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
    return Screening(connection, name, query, reasons, broken).run()


def broken_lines(connection: Backend, name: str) -> pd.DataFrame:
    """Return the CSV lines that DuckDB could not split, in the quarantine's columns.

    The line's text is left out: it may hold personal data.
    """
    rejects = f"broken_{name}"
    if is_pushed(connection) or rejects not in connection.list_tables():
        nothing = pd.DataFrame({column: pd.Series(dtype="str") for column in COLUMNS})
        return nothing.astype({"row": "int64"})
    found: pd.DataFrame = connection.table(rejects).to_pandas()
    lines = found.assign(table=name, column=WHOLE_LINE, value="")
    return lines[list(COLUMNS)]


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
