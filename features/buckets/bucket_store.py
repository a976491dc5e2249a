"""Buckets of leads on disk, shown one at a time in tables of the same names.

First the leads and outcomes of every bucket are screened and totals collected; then one bucket
at a time is shown with its events. A query that was compiled for one bucket serves all.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from leadscore.features.buckets.account_files import AccountFiles
from leadscore.features.buckets.bucket_files import BucketFiles
from leadscore.features.buckets.bucketed_tables import Buckets
from leadscore.features.buckets.collect_totals import bucket_totals, sum_totals
from leadscore.features.buckets.events_end import events_end
from leadscore.features.buckets.worker_pool import WorkerPool
from leadscore.features.core import replacing
from leadscore.features.families import all_account_members
from leadscore.features.tables import (
    Faults,
    Quarantine,
    QueryCache,
    connected,
    end_of,
    screen_tables,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from leadscore.features.buckets.collect_totals import BucketTotals
    from leadscore.features.contract import Contract
    from leadscore.features.tables import CompanyTotals, Screening, Tables


@dataclass(frozen=True)
class BucketOpening:
    """How a process opens sorted buckets; sent to it by pickle."""

    contract: Contract
    folder: Path  # of sorted and screened rows
    count: int
    known_by: datetime | None  # UTC without a zone; None keeps everything
    memory_mb: int  # of DuckDB, before it spills
    threads: int
    kept: Path | None = None  # where sorted events stay from night to night
    totals: CompanyTotals | None = None
    data_end: datetime | None = None
    token: str = field(default_factory=lambda: uuid4().hex)  # see `worker_pool.Opening`

    @contextmanager
    def open(self, workers: WorkerPool | None = None) -> Iterator[BucketStore]:
        """Open them on a connection of its own; by default this process does all the work."""
        with self.connected() as connection:
            yield BucketStore(connection, self, workers or WorkerPool(1))

    @contextmanager
    def connected(self) -> Iterator[Backend]:
        """Connect to DuckDB within the limits."""
        memory = f"{self.memory_mb}MB"
        with connected(memory, threads=self.threads, folder=self.folder) as connection:
            yield connection


class BucketStore(Buckets):
    """Tables that were sorted into buckets on disk, and are screened one bucket at a time."""

    def __init__(self, connection: Backend, opening: BucketOpening, workers: WorkerPool) -> None:
        self.connection, self.opening = connection, opening
        contract, raw = opening.contract, opening.folder / "raw"
        self.files = BucketFiles(connection, contract, raw, count=opening.count, kept=opening.kept)
        tables, screenings = screen_tables(
            connection, contract, lambda name: self.files.show(name, None), opening.known_by
        )
        self._screenings = {each.name: each for each in screenings}
        tables = replace(tables, totals=opening.totals, data_end=opening.data_end)
        super().__init__(replace(tables, cache=QueryCache()), opening.count, workers)
        self.accounts = AccountFiles(connection, opening.folder / "accounts")
        if self.accounts.are_complete:
            self.tables = replace(self.tables, accounts=self.accounts.show(0))

    def screen_all(self) -> None:
        """Screen the leads and outcomes of every bucket, and collect the totals of all."""
        results = self.workers.map(BucketStore.screen, range(self.count), self.opening)
        parts = [result.value for result in results]
        end = end_of([end for part in parts for end in part.ends], self.opening.known_by)
        totals = sum_totals([part.totals for part in parts])
        self.tables = replace(self.tables, totals=totals, data_end=end)

    def screen(self, bucket: int) -> BucketTotals:
        """Screen a bucket's leads and outcomes, store them, and compute its totals."""
        for name, screening in self._without_events().items():
            self.files.show(name, bucket)
            screening.run().faults.write(self._faults_of(name, bucket))
            for table in screening.stored:
                rows = self._screened(table, bucket)
                rows.parent.mkdir(parents=True, exist_ok=True)
                self.connection.con.table(table).write_parquet(str(rows))
        events = self._screenings.get("events")
        if events is None:
            return bucket_totals(self.tables, kinds=frozenset())
        found = bucket_totals(self.tables, kinds=self.files.words("events", "kind", bucket))
        known_by = self.opening.known_by
        end = events_end(self.tables, self.files, events, bucket, known_by=known_by)
        return replace(found, ends=(*found.ends, end))

    def turn_to(self, bucket: int, *, only: Sequence[str] | None = None) -> None:
        """Show a bucket's rows in `tables`; with `only`, the events of some leads alone."""
        self._show_screened(bucket)
        if "events" in self._screenings:
            self.files.show("events", bucket, only=only)
            faults = self._screenings["events"].run().faults
            if only is None:
                faults.write(self._faults_of("events", bucket))

    def ask_all(self, key: str, build: Callable[[Tables], ir.Table]) -> None:
        """Run a query on the leads and outcomes of each bucket, and store all results."""
        totals = self.tables.totals
        if totals is not None:
            numbers = range(self.count)
            results = self.workers.map(BucketStore.ask, numbers, self.opening, key, build)
            answers = {**totals.answers, key: pa.concat_tables([each.value for each in results])}
            self.tables = replace(self.tables, totals=replace(totals, answers=answers))

    def ask(self, bucket: int, key: str, build: Callable[[Tables], ir.Table]) -> pa.Table:
        """Run a query on the leads and outcomes of a bucket."""
        self._show_screened(bucket)
        return self.tables.to_arrow(key, lambda: build(self.tables))

    def look_at_accounts(self, as_of: datetime) -> None:
        """Look at the leads of each bucket, then add up the accounts of all."""
        tables = self.tables
        if not (tables.has_accounts and tables.contract.features.colleagues and tables.has_dates):
            return
        if not self.accounts.are_complete:
            for _result in self.workers.map(
                BucketStore.keep_members, range(self.count), self.with_totals(), as_of
            ):
                pass
            self.accounts.add_up(self.tables.contract)
        self.tables = replace(self.tables, accounts=self.accounts.show(0))

    def keep_members(self, bucket: int, as_of: datetime) -> None:
        """Store what was known of a bucket's leads that have an account."""
        if not self.accounts.file(bucket).exists():
            self.turn_to(bucket)
            rows = self.tables.to_arrow(
                "account members", lambda: all_account_members(self.tables, as_of=as_of)
            )
            with replacing(self.accounts.file(bucket)) as part:
                pq.write_table(rows, part)

    def quarantine(self) -> Quarantine:
        """Collect what could not be used, in the buckets shown so far."""
        found = []
        for name, screening in self._screenings.items():
            broken = screening.own(self.files.broken(name))
            found.append(Faults(screening.place, broken, len(broken), len(broken)))
            files = [self._faults_of(name, bucket) for bucket in range(self.count)]
            found += [Faults.read(screening.place, file) for file in files if file.exists()]
        return Quarantine.collect(found)

    def sort_beside(self, name: str, file: Path, columns: Sequence[str]) -> None:
        """Sort another file's rows by the same leads."""
        self.files.sort_file(name, file, columns)

    def beside(self, name: str, bucket: int) -> pa.Table:
        """Read a bucket's rows of such a file."""
        return pq.ParquetDataset(self.files.of(name, bucket), partitioning=None).read()

    def with_totals(self) -> BucketOpening:
        """Return how another process opens the same buckets, with the totals of all."""
        totals, data_end = self.tables.totals, self.tables.data_end
        return replace(self.opening, totals=totals, data_end=data_end, token=uuid4().hex)

    def _show_screened(self, bucket: int) -> None:
        for screening in self._without_events().values():
            for table in screening.stored:
                self.connection.drop_table(table, force=True)
                rows = self.connection.con.read_parquet(str(self._screened(table, bucket)))
                rows.create(table)
        if self.tables.accounts is not None:
            self.accounts.show(bucket)

    def _without_events(self) -> dict[str, Screening]:
        return {name: each for name, each in self._screenings.items() if name != "events"}

    def _screened(self, table: str, bucket: int) -> Path:
        return self.opening.folder / "screened" / table / f"{bucket}.parquet"

    def _faults_of(self, name: str, bucket: int) -> Path:
        return self._screened(f"faults of {name}", bucket)
