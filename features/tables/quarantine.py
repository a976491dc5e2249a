"""Rows and cells that could not be used, with place and reason, and their counts."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from leadscore.features.core import DataError, replacing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NOT_A_DATE = "not a date that can be read"
AS_MISSING = "the cell counts as missing"
COLUMNS = ("table", "row", "column", "value", "reason")
ROWS, DROPPED = "rows", "dropped"  # the counts in the metadata of a file of faults


@dataclass(frozen=True)
class Faults:
    """What could not be used of one table, or of one bucket of it."""

    table: str  # leads, events, outcomes or leads.history
    found: pd.DataFrame  # a row a fault, with `COLUMNS`
    rows: int  # that were screened
    dropped: int  # that were left out

    def write(self, file: Path) -> None:
        """Write them as Parquet with the counts in the metadata."""
        counts = {ROWS: str(self.rows), DROPPED: str(self.dropped)}
        found = pa.Table.from_pandas(self.found, preserve_index=False)
        file.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(found.replace_schema_metadata({**found.schema.metadata, **counts}), file)

    @classmethod
    def read(cls, table: str, file: Path) -> Faults:
        """Read what `write` wrote."""
        found = pq.ParquetFile(file).read()
        rows, dropped = (int(found.schema.metadata[key.encode()]) for key in (ROWS, DROPPED))
        return cls(table, found.to_pandas(), rows, dropped)


@dataclass(frozen=True)
class Quarantine:
    """What could not be used in all tables."""

    rows: pd.DataFrame  # columns of `COLUMNS`, a row a fault
    counts: pd.DataFrame  # columns `table, rows, faulty, dropped, share`, a row a table

    @classmethod
    def collect(cls, parts: Sequence[Faults]) -> Quarantine:
        """Collect the faults of all tables, each of which may come in several parts."""
        found, counts = [], []
        for table in dict.fromkeys(part.table for part in parts):
            own = [part for part in parts if part.table == table]
            every = pd.concat([part.found for part in own], ignore_index=True)
            found.append(every.sort_values(["row", "column"], kind="stable"))
            rows, faulty = sum(part.rows for part in own), every["row"].nunique()
            dropped = sum(part.dropped for part in own)
            counts.append((table, rows, faulty, dropped, faulty / max(rows, 1)))
        columns = ["table", "rows", "faulty", "dropped", "share"]
        return cls(pd.concat(found, ignore_index=True), pd.DataFrame(counts, columns=columns))

    def refuse_above(self, max_share: float) -> None:
        """Raise a DataError where a table's share of faulty rows is above `max_share`."""
        if message := self.excess(max_share):
            raise DataError(message)

    def excess(self, max_share: float) -> str | None:
        """Describe the first table whose share of faulty rows is above `max_share`, if any."""
        for count in self.counts.to_dict("records"):
            if count["share"] > max_share:
                return (
                    f"{count['table']}: {count['faulty']:,} of {count['rows']:,} rows "
                    f"({count['share']:.1%}) cannot be used as they are, more than the "
                    f"{max_share:.0%} of `reading.max_quarantine_share`. "
                    f"{self.commonest_reasons(count['table'])}. Mend the export or the contract "
                    "(date order, time zone, missing-value words), or raise the limit."
                )
        return None

    def commonest_reasons(self, table: str) -> str:
        """List the three commonest reasons for faults of a table, with their columns."""
        named = self.rows["table"]
        own = self.rows[(named == table) | named.str.startswith(f"{table}.tables.")]
        top = own[["column", "reason"]].value_counts().head(3)
        return "; ".join(
            f"{n:,} × {column}: {why}"
            for (column, why), n in zip(top.index.to_list(), top, strict=True)
        )

    def write(self, directory: Path, name: str = "rows") -> Path | None:
        """Write the faults to `quarantine/NAME.csv`; no file where there are none."""
        file = directory / "quarantine" / f"{name}.csv"
        if self.rows.empty:
            file.unlink(missing_ok=True)
            return None
        with replacing(file) as part:
            self.rows.to_csv(part, index=False, quoting=csv.QUOTE_ALL)
        return file
