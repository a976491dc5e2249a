"""Rows and cells that cannot be used: set aside with their place and the reason, and counted."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import ibis
import pandas as pd

from leadscore.features.core.errors import DataError
from leadscore.features.sources.postgres_pushdown import is_pushed, keep_rows
from leadscore.features.tables.cell_parsing import BETWEEN_CELLS, BETWEEN_PARTS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

WHOLE_LINE = "(whole line)"  # a fault of no one column
COLUMNS = ("table", "row", "column", "value", "reason")
SHOWN_CHARACTERS = 80  # enough to find the cell, too little for somebody's letter
EMAIL = r"[^\s@]+@[^\s@]+"  # a quarantined id or cell may be somebody's address

HELPERS = ("row", "fault", "shown")  # of a screened table, beside what the caller asked for

# column, whether the row has the fault, the value to show, the reason
Fault = tuple[str, "ir.BooleanValue", "ir.Value", str]


@dataclass(frozen=True)
class Screened:
    """One table after screening.

    Parameters
    ----------
    name
        leads, events or outcomes.
    kept
        The rows that can be used.
    aside
        Columns `table, row, column, value, reason`: what was set aside.
    rows
        How many rows came in.
    dropped
        How many rows were left out.
    by
        How it was screened, to screen other rows in the same way.
    """

    name: str
    kept: ir.Table
    aside: pd.DataFrame
    rows: int
    dropped: int
    by: Screening


@dataclass(frozen=True)
class Quarantine:
    """What could not be used in all tables.

    Parameters
    ----------
    rows
        Columns `table, row (int), column, value, reason`, a row a fault.
    counts
        Columns `table, rows, faulty, dropped, share`, a row a table.
    """

    rows: pd.DataFrame
    counts: pd.DataFrame

    @classmethod
    def from_buckets(cls, screened: Sequence[Screened]) -> Quarantine:
        """Collect the faults of tables that were screened in several parts."""
        of_table: dict[str, list[Screened]] = {}
        for part in screened:
            of_table.setdefault(part.name, []).append(part)
        return cls.from_screened([_together(parts) for parts in of_table.values()])

    @classmethod
    def from_screened(cls, screened: Sequence[Screened]) -> Quarantine:
        """Collect the faults of all tables."""
        rows = pd.concat([part.aside for part in screened], ignore_index=True)
        counts = pd.DataFrame(
            {
                "table": [part.name for part in screened],
                "rows": [part.rows for part in screened],
                "faulty": [part.aside["row"].nunique() for part in screened],
                "dropped": [part.dropped for part in screened],
            }
        )
        counts["share"] = counts["faulty"] / counts["rows"].clip(lower=1)
        return cls(rows, counts)

    def refuse_above(self, max_share: float) -> None:
        """Stop the run where too much of a table cannot be used.

        Raises
        ------
        DataError
            With the commonest reasons, where a table's share of faulty rows is above `max_share`.
        """
        for count in self.counts.to_dict("records"):
            if count["share"] > max_share:
                raise DataError(
                    f"{count['table']}: {count['faulty']:,} of {count['rows']:,} rows "
                    f"({count['share']:.1%}) cannot be used as they are, more than the "
                    f"{max_share:.0%} of `reading.max_quarantine_share`. "
                    f"{self._commonest_reasons(count['table'])}. Mend the export or the contract "
                    "(date order, time zone, missing-value words), or raise the limit."
                )

    def _commonest_reasons(self, table: str) -> str:
        own = self.rows[self.rows["table"] == table]
        top = own[["column", "reason"]].value_counts().head(3)
        return "; ".join(
            f"{n:,} × {column}: {why}"
            for (column, why), n in zip(top.index.to_list(), top, strict=True)
        )

    def write(self, directory: Path) -> Path | None:
        """Write the faults to `quarantine/rows.csv`; no file where there are none."""
        file = directory / "quarantine" / "rows.csv"
        if self.rows.empty:
            file.unlink(missing_ok=True)
            return None
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_suffix(".unfinished")
        self.rows.to_csv(unfinished, index=False, quoting=csv.QUOTE_ALL)
        unfinished.replace(file)
        return file


def _together(parts: Sequence[Screened]) -> Screened:
    """Join the faults of a table's parts."""
    aside = pd.concat([part.aside for part in parts], ignore_index=True)
    return replace(
        parts[0],
        aside=aside.sort_values(["row", "column"]),
        rows=sum(part.rows for part in parts),
        dropped=sum(part.dropped for part in parts),
    )


@dataclass(frozen=True)
class Screening:
    """How a table is screened, written once: `run` looks at the rows that it holds by then.

    Parameters
    ----------
    connection
        The connection that keeps the result, for as long as it is open.
    name
        leads, events or outcomes.
    query
        What gives the rows with `fault`, `shown` and the helper columns, in DuckDB's words; as an
        expression where the rows stay in another database, which is asked once.
    faults
        Of each fault, by its number, the column and the reason.
    unreadable
        The helper column of `cells.unreadable_numbers`.
    broken
        Lines of the file that could not be split into columns.
    """

    connection: Backend
    name: str
    query: str | ir.Table
    faults: tuple[tuple[str, str], ...]
    unreadable: str
    broken: pd.DataFrame

    @property
    def table(self) -> str:
        """The name of the table that holds the rows, faulty ones included."""
        return f"screened_{self.name}"

    def run(self) -> Screened:
        """Screen the rows that there are now; what an earlier run kept is replaced."""
        if not isinstance(self.query, str):
            return self._split(keep_rows(self.connection, self.table, self.query))
        self.connection.drop_table(self.table, force=True)
        self.connection.con.sql(self.query).create(self.table)
        return self.screened()

    def screened(self) -> Screened:
        """Read the result of a run, which may have been kept elsewhere since."""
        return self._split(self.connection.table(self.table))

    def _split(self, flagged: ir.Table) -> Screened:
        helpers = [name for name in HELPERS if name in flagged.columns]
        kept = flagged.filter(flagged.fault == -1).drop(*helpers, self.unreadable)
        set_aside = flagged.filter(flagged.fault >= 0).select("row", "fault", "shown").to_pandas()
        aside = pd.DataFrame(
            {
                "table": self.name,
                "row": set_aside["row"].astype("int64"),
                "column": [self.faults[index][0] for index in set_aside["fault"]],
                "value": set_aside["shown"],
                "reason": [self.faults[index][1] for index in set_aside["fault"]],
            }
        )
        cells = _cells(flagged, self.name, self.unreadable)
        aside = pd.concat([aside, cells, self.broken], ignore_index=True)
        aside["value"] = _fit_to_show(aside["value"])
        rows = int(flagged.count().to_pyarrow().as_py()) + len(self.broken)
        dropped = len(set_aside) + len(self.broken)
        ordered = aside.sort_values(["row", "column"])
        return Screened(self.name, kept, ordered, rows, dropped, self)


def screen(
    connection: Backend,
    table: ir.Table,
    *,
    name: str,
    faults: Sequence[Fault],
    unreadable: str,
    helpers: Sequence[str],
    broken: pd.DataFrame,
) -> Screened:
    """Split a table into the rows that can be used and those that cannot.

    Parameters
    ----------
    connection
        The DuckDB connection that keeps the result.
    table
        The typed rows with a column `row`: the row's number among those that could be split
        into columns.
    name
        leads, events or outcomes.
    faults
        What makes a row unusable, in the order in which one is named.
    unreadable
        The helper column of `cells.unreadable_numbers`; such rows stay, without the cell.
    helpers
        Columns of `table` that only screening needs.
    broken
        Lines of the file that could not be split into columns.

    Returns
    -------
    Screened
    """
    number = ibis.cases(*((fault[1], index) for index, fault in enumerate(faults)), else_=-1)
    shown = ibis.cases(*((fault[1], fault[2].cast("string")) for fault in faults), else_=None)
    own = [column for column in table.columns if column not in {*helpers, "row"}]
    # Numbers of rows that nobody will be told of would take as much room as a date.
    told = (number >= 0) | table[unreadable].notnull()  # noqa: PD004 - Ibis has no `notna`
    flagged = table.select(
        *own, unreadable, row=ibis.ifelse(told, table.row, None), fault=number, shown=shown
    )
    named = tuple((fault[0], fault[3]) for fault in faults)
    query = flagged if is_pushed(connection) else connection.compile(flagged)
    return Screening(connection, name, query, named, unreadable, broken).run()


def broken_lines(connection: Backend, *names: str) -> pd.DataFrame:
    """Return where DuckDB could not split a CSV line, in the quarantine's columns.

    The line's text is not repeated: nobody knows which of its cells are names or numbers.
    """
    nothing = pd.DataFrame({column: pd.Series(dtype="str") for column in COLUMNS})
    parts = [nothing.astype({"row": "int64"})]
    for name in () if is_pushed(connection) else names:
        if f"broken_{name}" not in connection.list_tables():
            continue
        # A line with several faults is listed once for each.
        found = connection.table(f"broken_{name}").to_pandas().drop_duplicates(["file_id", "line"])
        part = pd.DataFrame({"row": found["line"].astype("int64") - 1})
        reason = found["error_message"].str.split("\n").str[0]
        parts.append(part.assign(table=names[0], column=WHOLE_LINE, value="", reason=reason))
    return pd.concat(parts, ignore_index=True)


def _cells(flagged: ir.Table, name: str, helper: str) -> pd.DataFrame:
    """Find the unusable cells of rows that are otherwise kept."""
    has_some = flagged[helper].notnull()  # noqa: PD004 - Ibis has no `notna`
    found = flagged.filter((flagged.fault == -1) & has_some).select("row", helper).to_pandas()
    cells = [
        (row, *cell.split(BETWEEN_PARTS, 1))
        for row, listed in found.itertuples(index=False)
        for cell in listed.removesuffix(BETWEEN_CELLS).split(BETWEEN_CELLS)
    ]
    return pd.DataFrame(
        {
            "table": name,
            "row": pd.Series([row for row, _, _ in cells], dtype="int64"),
            "column": pd.Series([column for _, column, _ in cells], dtype="str"),
            "value": pd.Series([value for _, _, value in cells], dtype="str"),
            "reason": "not a number; the cell counts as missing",
        }
    )


def _fit_to_show(values: pd.Series[str]) -> pd.Series[str]:
    """Mask addresses before cutting, or half an address would pass."""
    masked = values.astype("str").str.replace(EMAIL, "(e-mail address)", regex=True)
    return masked.str.slice(0, SHOWN_CHARACTERS)
