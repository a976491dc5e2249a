"""The rows of a contract's tables, sorted on disk into buckets by the hash of their lead's id."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
from pyarrow import feather

from features.cells import text_cell
from features.files import ROW, open_source, row_number, rows_about
from features.quarantine import broken_lines

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import ibis.expr.types as ir
    import pandas as pd
    from ibis.backends.duckdb import Backend

    from features.contract import Contract, Source

BUCKET = "leadscore_bucket"  # no export calls a column that; folders are named by it
EMPTY, BROKEN, DONE = "empty.parquet", "broken.feather", "done"


def rows_of_sources(contract: Contract) -> dict[str, int]:
    """Say about how many rows each of a contract's tables has."""
    return {
        name: rows_about(source, contract, name=name)
        for name, source in sources_of(contract).items()
    }


def sources_of(contract: Contract) -> dict[str, Source]:
    """Give a contract's sources by their word: leads, events, outcomes."""
    given = {"leads": contract.leads, "events": contract.events, "outcomes": contract.outcomes}
    return {name: source for name, source in given.items() if source is not None}


class BucketFiles:
    """Files of rows as they are, a folder a table and bucket.

    Parameters
    ----------
    connection
        The DuckDB connection that sorts and reads them.
    contract
        Whose tables.
    folder
        Where they lie. A table that an earlier run sorted there is not sorted again.
    count
        How many buckets there are.
    """

    def __init__(
        self, connection: Backend, contract: Contract, folder: Path, *, count: int
    ) -> None:
        self.connection, self.contract, self.folder, self.count = (
            connection,
            contract,
            folder,
            count,
        )

    def sort(self) -> None:
        """Sort every table of the contract that is not sorted yet."""
        for name, source in sources_of(self.contract).items():
            if not (self.folder / name / DONE).exists():
                self._sort(name, source)

    def sort_file(self, name: str, file: Path) -> None:
        """Sort a Parquet file with a column `lead_id` by the same leads."""
        if not (self.folder / name / DONE).exists():
            rows = self.connection.read_parquet(file)
            self._write(name, rows, rows.lead_id)

    def _sort(self, name: str, source: Source) -> None:
        raw = open_source(self.connection, source, contract=self.contract, name=name)
        rows = raw.mutate(**{ROW: row_number(raw)})
        # Whoever has no id is a fault wherever it lies, so words for missing are not looked for.
        text = rows[self._lead_id(rows, source)].cast("string").strip()
        (self.folder / name).mkdir(parents=True, exist_ok=True)
        broken = broken_lines(self.connection, name).reset_index(drop=True)
        feather.write_feather(broken, self.folder / name / BROKEN)
        self._write(name, rows, text.fill_null(""))
        self.connection.drop_table(f"source_{name}", force=True)

    def _write(self, name: str, rows: ir.Table, lead_id: ir.StringValue) -> None:
        target = self.folder / name
        target.mkdir(parents=True, exist_ok=True)
        bucket = (lead_id.hash() % self.count + self.count) % self.count  # a hash may be negative
        self.connection.to_parquet(rows.limit(0), target / EMPTY)
        self.connection.to_parquet(
            rows.mutate(**{BUCKET: bucket.cast("int32")}),
            target,
            partition_by=BUCKET,
            compression="uncompressed",  # to compress what is read once takes as long as the rest
            overwrite_or_ignore=True,
        )
        (target / DONE).touch()

    @staticmethod
    def _lead_id(rows: ir.Table, source: Source) -> str:
        given = source.lead_id or "lead_id"
        return given if given in rows.columns else ROW

    def broken(self, name: str) -> pd.DataFrame:
        """Read where a table's lines could not be split, in the quarantine's columns."""
        found: pd.DataFrame = feather.read_feather(self.folder / name / BROKEN)
        return found

    def show(self, name: str, bucket: int | None, *, only: Sequence[str] | None = None) -> ir.Table:
        """Show a bucket's rows as the table `raw_<name>`, in place of another bucket's.

        Parameters
        ----------
        name
            leads, events or outcomes.
        bucket
            From 0 on; None shows a table without rows.
        only
            Leads whose rows are wanted; by default those of all.

        Returns
        -------
        ir.Table
            The rows as the file has them, and their numbers.
        """
        shown = f"raw_{name}" if only is None else f"all_{name}"
        rows = self.connection.con.read_parquet(
            self.of(name, bucket), hive_partitioning=False, union_by_name=True
        )
        rows.create_view(shown, replace=True)
        if only is not None:
            self._narrow(name, only)
        return self.connection.table(f"raw_{name}")

    def _narrow(self, name: str, only: Sequence[str]) -> None:
        wanted = pa.table({"wanted_id": pa.array(only, pa.string())})
        self.connection.con.register("wanted_leads", wanted)
        every, leads = self.connection.table(f"all_{name}"), self.connection.table("wanted_leads")
        lead_id = self._lead_id(every, sources_of(self.contract)[name])
        text = text_cell(every[lead_id], self.contract.reading)
        chosen = every.semi_join(leads, text == leads.wanted_id)
        query = self.connection.compile(chosen)
        self.connection.con.sql(query).create_view(f"raw_{name}", replace=True)

    def of(self, name: str, bucket: int | None) -> list[str]:
        """List the files of a bucket's rows; the first one is empty, for buckets without any."""
        folder = self.folder / name
        own = sorted((folder / f"{BUCKET}={bucket}").glob("*.parquet"))  # of no bucket: none
        return [str(file) for file in (folder / EMPTY, *own)]

    def words(self, name: str, term: str, bucket: int) -> frozenset[str]:
        """List the different words that a bucket has in a column, by our term for it."""
        source = sources_of(self.contract)[name]
        column = getattr(source, term, None) or term
        rows = self.show(name, bucket)
        if column not in rows.columns:
            return frozenset()
        different = rows.select(word=rows[column]).distinct()
        words = different.select(word=text_cell(different.word, self.contract.reading))
        return frozenset(words.distinct().to_pyarrow()["word"].drop_null().to_pylist())
