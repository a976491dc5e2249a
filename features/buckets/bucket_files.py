"""Raw rows of a contract's tables, sorted on disk into buckets by the hash of the lead id."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
from pyarrow import feather

from leadscore.features.buckets.event_cache import KeptEvents, event_files, key_of
from leadscore.features.cells import text_cell
from leadscore.features.shaping import open_shaped
from leadscore.features.sources import ROW, close_sources, row_number, sources_of, state_of
from leadscore.features.tables import broken_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from leadscore.features.contract import Contract, Source

logger = logging.getLogger(__name__)

BUCKET = "leadscore_bucket"  # a column, by which folders are named
EMPTY, BROKEN, DONE = "empty.parquet", "broken.feather", "done"


class BucketFiles:
    """Files of raw rows in `folder`, a folder a table and bucket.

    A table that an earlier run sorted is not sorted again. `kept` is where sorted events stay
    from night to night, None where they do not.
    """

    def __init__(
        self,
        connection: Backend,
        contract: Contract,
        folder: Path,
        *,
        count: int,
        kept: Path | None = None,
    ) -> None:
        self.connection, self.contract, self.folder = connection, contract, folder
        self.count, self.kept = count, kept

    def sort(self) -> None:
        """Sort every table of the contract that is not sorted yet."""
        files = event_files(self.contract)
        for name, source in sources_of(self.contract).items():
            if name == "events" and self.kept is not None and files is not None:
                self._sort_new_events(source, files)
            elif not (self.folder / name / DONE).exists():
                self._sort(name, source)
                (self.folder / name / DONE).touch()

    def sort_file(self, name: str, file: Path, columns: Sequence[str]) -> None:
        """Sort some columns of a Parquet file, `lead_id` among them, by the same leads."""
        if not (self.folder / name / DONE).exists():
            every = self.connection.read_parquet(file)
            rows = every.select([column for column in columns if column in every.columns])
            self._write(name, rows, rows.lead_id, batch=0)
            (self.folder / name / DONE).touch()

    def _sort_new_events(self, source: Source, files: list[Path]) -> None:
        """Sort the files that came since an earlier night, or all where any has changed."""
        folder, key = self._folder("events"), key_of(self.contract, self.count)
        earlier = KeptEvents.read(folder)
        if earlier is not None:
            _forget(folder, earlier.batches)
        new = earlier.new_files(files) if earlier is not None and earlier.key == key else None
        if earlier is None or new is None:
            self._keep_events(source, files, None)
        elif new and self._schema(new) == earlier.schema:
            logger.info("sorting events of %d new files of %d", len(new), len(files))
            self._keep_events(source, new, earlier)
        elif new:
            self._keep_events(source, files, None)

    def _schema(self, files: Sequence[Path]) -> str:
        raw = open_shaped(self.connection, self.contract, name="events", only=files)
        return str(raw.schema())

    def _keep_events(
        self, source: Source, files: Sequence[Path], earlier: KeptEvents | None
    ) -> None:
        folder = self._folder("events")
        if earlier is None:
            KeptEvents.forget(folder)
            earlier = KeptEvents(key_of(self.contract, self.count), self.count, "", [], 0, 0)
        states = [*earlier.states, *(state_of(file) for file in files)]  # before they are read
        schema, rows = self._sort(
            "events", source, only=files, after=earlier.rows, batch=earlier.batches
        )
        rows, batches = earlier.rows + rows, earlier.batches + 1
        replace(earlier, schema=schema, states=states, rows=rows, batches=batches).write(folder)

    def _sort(
        self,
        name: str,
        source: Source,
        *,
        only: Sequence[Path] | None = None,
        after: int = 0,
        batch: int = 0,
    ) -> tuple[str, int]:
        """Sort a table; return its schema and number of rows."""
        raw = open_shaped(self.connection, self.contract, name=name, only=only)
        rows = raw.mutate(**{ROW: row_number(raw) + after})
        # A row without an id is a fault in any bucket, so words for missing are not looked for.
        text = rows[self._lead_id(rows, source)].cast("string").strip()
        folder = self._folder(name)
        self._write(name, rows, text.fill_null(""), batch=batch)
        broken = broken_lines(self.connection, name).reset_index(drop=True)
        feather.write_feather(broken, folder / f"{batch}-{BROKEN}")
        count = int(raw.count().to_pyarrow().as_py())
        close_sources(self.connection, name)
        return str(raw.schema()), count

    def _folder(self, name: str) -> Path:
        is_kept = name == "events" and self.kept is not None
        if is_kept and event_files(self.contract) is not None:
            return Path(str(self.kept))
        return self.folder / name

    def _write(self, name: str, rows: ir.Table, lead_id: ir.StringValue, *, batch: int) -> None:
        target = self._folder(name)
        target.mkdir(parents=True, exist_ok=True)
        _forget(target, batch)
        bucket = (lead_id.hash() % self.count + self.count) % self.count  # a hash may be negative
        self.connection.to_parquet(rows.limit(0), target / EMPTY)
        self.connection.to_parquet(
            rows.mutate(**{BUCKET: bucket.cast("int32")}),
            target,
            partition_by=BUCKET,
            compression="uncompressed",  # compression takes as long as the rest
            overwrite_or_ignore=True,
            filename_pattern=f"{batch}-{{i}}",
        )

    @staticmethod
    def _lead_id(rows: ir.Table, source: Source) -> str:
        given = source.lead_id or "lead_id"
        return given if given in rows.columns else ROW

    def broken(self, name: str) -> pd.DataFrame:
        """Return a table's lines that could not be split, in the quarantine's columns."""
        folder = self._folder(name)
        parts = [feather.read_feather(file) for file in sorted(folder.glob(f"*-{BROKEN}"))]
        found: pd.DataFrame = pd.concat(parts, ignore_index=True)
        return found

    def show(self, name: str, bucket: int | None, *, only: Sequence[str] | None = None) -> ir.Table:
        """Show a bucket's raw rows as the table `raw_<name>`, replacing those of another bucket.

        `bucket` None shows no rows; `only` limits them to some leads.
        """
        if only is not None:
            return self.show_some(name, bucket, lambda rows: self._of_leads(rows, name, only))
        self._view(name, bucket, shown=f"raw_{name}")
        return self.connection.table(f"raw_{name}")

    def show_some(
        self, name: str, bucket: int | None, choose: Callable[[ir.Table], ir.Table]
    ) -> ir.Table:
        """Show selected rows of a bucket, as `show` does."""
        self._view(name, bucket, shown=f"all_{name}")
        chosen = self.connection.compile(choose(self.connection.table(f"all_{name}")))
        self.connection.con.sql(chosen).create_view(f"raw_{name}", replace=True)
        return self.connection.table(f"raw_{name}")

    def _view(self, name: str, bucket: int | None, *, shown: str) -> None:
        rows = self.connection.con.read_parquet(
            self.of(name, bucket), hive_partitioning=False, union_by_name=True
        )
        rows.create_view(shown, replace=True)

    def _of_leads(self, every: ir.Table, name: str, only: Sequence[str]) -> ir.Table:
        wanted = pa.table({"wanted_id": pa.array(only, pa.string())})
        self.connection.con.register("wanted_leads", wanted)
        leads = self.connection.table("wanted_leads")
        lead_id = self._lead_id(every, sources_of(self.contract)[name])
        text = text_cell(every[lead_id], self.contract.reading)
        return every.semi_join(leads, text == leads.wanted_id)

    def of(self, name: str, bucket: int | None) -> list[str]:
        """List the files of a bucket's rows; the first is empty, for buckets without any."""
        folder = self._folder(name)
        own = sorted((folder / f"{BUCKET}={bucket}").glob("*.parquet"))
        return [str(file) for file in (folder / EMPTY, *own)]

    def words(self, name: str, term: str, bucket: int) -> frozenset[str]:
        """List the distinct words of a column in a bucket, by our term for the column."""
        source = sources_of(self.contract)[name]
        column = getattr(source, term, None) or term
        rows = self.show(name, bucket)
        if column not in rows.columns:
            return frozenset()
        distinct = rows.select(word=rows[column]).distinct()
        words = distinct.select(word=text_cell(distinct.word, self.contract.reading))
        return frozenset(words.distinct().to_pyarrow()["word"].drop_null().to_pylist())


def _forget(folder: Path, batch: int) -> None:
    """Remove the files of a batch and of later ones, which an interrupted run left."""
    for left in (*folder.glob(f"{BUCKET}=*/*.parquet"), *folder.glob(f"*-{BROKEN}")):
        if int(left.name.split("-")[0]) >= batch:
            left.unlink()
