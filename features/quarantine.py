"""Rows and cells that cannot be used: set aside with their place and the reason, and counted."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis
import pandas as pd

from features.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

COLUMNS = ("table", "row", "column", "value", "reason")
SHOWN_CHARACTERS = 80  # enough to find the cell, too little for somebody's letter
EMAIL = r"[^\s@]+@[^\s@]+"  # a quarantined id or cell may be somebody's address

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
    """

    name: str
    kept: ir.Table
    aside: pd.DataFrame
    rows: int
    dropped: int


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
        for table in self.counts.itertuples():
            if table.share > max_share:
                own = self.rows[self.rows["table"] == table.table]
                top = own.groupby(["column", "reason"], observed=True).size().nlargest(3)
                named = "; ".join(f"{n:,} × {column}: {why}" for (column, why), n in top.items())
                message = (
                    f"{table.table}: {table.faulty:,} of {table.rows:,} rows "
                    f"({table.share:.1%}) cannot be used, more than the {max_share:.0%} of "
                    f"`reading.max_quarantine_share`. {named}. Mend the export or the contract "
                    "(date order, time zone, missing-value words), or raise the limit."
                )
                raise DataError(message)

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


def screen(
    connection: Backend,
    table: ir.Table,
    *,
    name: str,
    faults: Sequence[Fault],
    cell_faults: tuple[str, str] | None,
    helpers: Sequence[str],
    broken: pd.DataFrame,
) -> Screened:
    """Split a table into the rows that can be used and those that cannot.

    Parameters
    ----------
    connection
        The DuckDB connection that keeps the result.
    table
        The typed rows with a column `row`, the row's number in its file.
    name
        leads, events or outcomes.
    faults
        What makes a row unusable, in the order in which one is named.
    cell_faults
        A helper column `column␟value` that names one unusable cell, and the reason; the row stays.
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
    flagged = connection.create_table(
        f"screened_{name}", table.mutate(fault=number, shown=shown), overwrite=True
    )
    drop = [column for column in (*helpers, "fault", "shown") if column in flagged.columns]
    kept = flagged.filter(flagged.fault == -1).drop(*drop)
    set_aside = flagged.filter(flagged.fault >= 0).select("row", "fault", "shown").to_pandas()
    aside = pd.DataFrame(
        {
            "table": name,
            "row": set_aside["row"].astype("int64"),
            "column": [faults[index][0] for index in set_aside["fault"]],
            "value": set_aside["shown"],
            "reason": [faults[index][3] for index in set_aside["fault"]],
        }
    )
    if cell_faults is not None:
        aside = pd.concat([aside, _cells(flagged, name, *cell_faults)], ignore_index=True)
    aside = pd.concat([aside, broken], ignore_index=True)
    aside["value"] = _fit_to_show(aside["value"])
    rows = int(flagged.count().to_pyarrow().as_py()) + len(broken)
    dropped = len(set_aside) + len(broken)
    return Screened(name, kept, aside.sort_values(["row", "column"]), rows, dropped)


def broken_lines(connection: Backend, name: str) -> pd.DataFrame:
    """Return the CSV lines that DuckDB could not split, in the quarantine's columns."""
    empty = pd.DataFrame({column: pd.Series(dtype="str") for column in COLUMNS})
    empty["row"] = empty["row"].astype("int64")
    if f"broken_{name}" not in connection.list_tables():
        return empty
    found = connection.table(f"broken_{name}").to_pandas()
    if found.empty:
        return empty
    return pd.DataFrame(
        {
            "table": name,
            "row": found["line"].astype("int64") - 1,
            "column": "(whole line)",
            "value": found["csv_line"],
            "reason": found["error_message"].str.split("\n").str[0],
        }
    ).drop_duplicates("row")


def _cells(flagged: ir.Table, name: str, helper: str, reason: str) -> pd.DataFrame:
    """The unusable cells of rows that are otherwise kept."""
    found = (
        flagged.filter((flagged.fault == -1) & flagged[helper].notnull())
        .select("row", helper)
        .to_pandas()
    )
    parts = found[helper].str.split("\x1f", n=1, expand=True).reindex(columns=[0, 1])
    return pd.DataFrame(
        {
            "table": name,
            "row": found["row"].astype("int64"),
            "column": parts[0],
            "value": parts[1],
            "reason": reason,
        }
    )


def _fit_to_show(values: pd.Series[str]) -> pd.Series[str]:
    text = values.astype("str").str.slice(0, SHOWN_CHARACTERS)
    return text.str.replace(EMAIL, "(e-mail address)", regex=True)
