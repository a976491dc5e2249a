"""A project's tables on Spark: in buckets for its workers, and whole for its own queries.

What a cell means (dates as people write them, numbers with their signs, missing-value words) is
told in DuckDB's words, and Spark's own would now and then mean something else. So Spark shuffles
the raw rows into buckets of leads, its workers screen each bucket by DuckDB exactly as one machine
would, and Spark goes on with what they let pass.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING
from uuid import uuid4

from leadscore.features.buckets.bucket_files import DONE
from leadscore.features.buckets.bucket_store import Shelf, Shelving
from leadscore.features.buckets.bucketed_tables import (
    A_SMALL_MACHINE,
    ManyBuckets,
    how_many,
    settled_count,
)
from leadscore.features.buckets.spark.session import own_errors, spark_session
from leadscore.features.buckets.spark.shuffle import sort_raw, write_buckets
from leadscore.features.buckets.spark.spark_pool import SparkWorkers
from leadscore.features.tables.company_totals import Past
from leadscore.features.tables.tables import connected, end_of, naive

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from pyspark.sql import SparkSession

    from leadscore.features.buckets.bucketed_tables import AtOnce
    from leadscore.features.buckets.spark.ibis_dialect import SparkConnection
    from leadscore.features.contract.contract import Contract
    from leadscore.features.tables.tables import Tables

logger = logging.getLogger(__name__)

MEMORY_MB = 1500  # of DuckDB in each task, which has one core; it spills past it
KNOWN = "known"  # the folder of rows that can be used and were known
TABLES = ("leads", "events", "outcomes")


@contextmanager
def open_on_spark(
    contract: Contract,
    *,
    known_by: datetime | None,
    folder: Path,
    at_once: AtOnce = A_SMALL_MACHINE,
    master: str | None = None,
) -> Iterator[SparkBuckets]:
    """Shuffle a project's tables into buckets of leads on Spark, and screen them there.

    Parameters
    ----------
    contract, known_by, at_once
        As `open_buckets` takes them. There are at least as many buckets as tasks
        that Spark runs at a time.
    folder
        Where the buckets lie: a folder that the driver and all workers see under the same path.
    master
        Where Spark runs, as `buckets.spark.session.spark_session` takes it.

    Yields
    ------
    SparkBuckets
        Valid while the context is open.

    Raises
    ------
    LeadScoreError
        Where Spark does not start, a file or column is missing, or too much of a table cannot be
        used.
    """
    folder = folder.resolve()
    with spark_session(master) as session:
        tasks = session.sparkContext.defaultParallelism
        count = settled_count(folder, lambda: max(how_many(contract, at_once), tasks))
        logger.info("shuffling the tables into %d buckets of leads", count)
        with connected(f"{MEMORY_MB}MB", folder=folder) as connection, own_errors():
            sort_raw(session, connection, contract, folder / "raw", count=count)
        session.conf.set("spark.sql.shuffle.partitions", str(count))  # of the size of buckets
        token = uuid4().hex
        shelving = Shelving(contract, folder, count, naive(known_by), MEMORY_MB, 1, token, None)
        workers = SparkWorkers(session)
        with shelving.open() as shelf:
            parts = [each.found for each in workers.each(Shelf.screen, range(count), shelving)]
            data_end = end_of([end for part in parts for end in part.ends], shelving.known_by)
            tables = replace(shelf.tables, past=Past.of(parts), data_end=data_end)
            yield SparkBuckets(session, shelf, shelving, tables, workers)


class SparkBuckets(ManyBuckets):
    """Tables that Spark sorted into buckets, which its workers look at.

    Parameters
    ----------
    session
        The session.
    shelf, shelving, tables, workers
        As `buckets.bucketed_tables.ManyBuckets` takes them.
    """

    def __init__(
        self,
        session: SparkSession,
        shelf: Shelf,
        shelving: Shelving,
        tables: Tables,
        workers: SparkWorkers,
    ) -> None:
        super().__init__(shelf, shelving, tables, workers)
        self.session = session

    def sort_beside(self, name: str, file: Path, columns: Sequence[str]) -> None:
        """Sort another file's rows by the same leads."""
        target = self.shelving.folder / "raw" / name
        if not (target / DONE).exists():
            every = self.session.read.parquet(str(file.resolve()))
            rows = every.select([column for column in columns if column in every.columns])
            write_buckets(rows, "lead_id", target, count=self.count)
            (target / DONE).touch()

    @cached_property
    def connection(self) -> SparkConnection:
        """Ibis's connection with the session."""
        from leadscore.features.buckets.spark.ibis_dialect import SparkConnection  # noqa: PLC0415 - an extra

        return SparkConnection.of(self.session)

    def whole(self) -> Tables:
        """Show all buckets' rows that can be used and were known as tables of Spark's own.

        Returns
        -------
        Tables
            On `connection`. What only all leads can tell stands in `past`.
        """
        numbers = range(self.count)
        done = self.shelving.folder / KNOWN / DONE
        if not done.exists():
            for _piece in self.workers.each(keep_known, numbers, self.shelving):
                pass
            done.touch()
        rows = {
            name: self.connection.read_parquet(self._known(name), table_name=f"leadscore_{name}")
            for name in TABLES
            if getattr(self.tables, name) is not None
        }
        return replace(self.tables, **rows, asked=None, engine=self.connection.name)

    def _known(self, name: str) -> Path:
        return self.shelving.folder / KNOWN / name


def keep_known(shelf: Shelf, bucket: int) -> None:
    """Keep a bucket's rows that can be used and were known, in our terms, for Spark to read.

    Parameters
    ----------
    shelf
        The buckets.
    bucket
        Which one.
    """
    shelf.turn_to(bucket, None)
    for name in TABLES:
        rows = getattr(shelf.tables, name)
        if rows is not None:
            folder = shelf.folder / KNOWN / name
            folder.mkdir(parents=True, exist_ok=True)
            part = folder / f".{bucket}.{uuid4().hex}"  # Spark does not read hidden files
            shelf.connection.to_parquet(rows, part)
            part.replace(folder / f"{bucket}.parquet")
