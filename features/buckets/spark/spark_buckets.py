"""A project's tables on Spark: in buckets for its workers, and whole for its own queries.

Spark shuffles the raw rows into buckets of leads; its workers screen each bucket with DuckDB, since
Spark's functions parse some cells (dates, numbers, missing-value words) differently; Spark then
queries the screened rows.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from leadscore.features.buckets import (
    DONE,
    SMALL_MACHINE,
    BucketOpening,
    BucketStore,
    how_many,
    settled_count,
)
from leadscore.features.buckets.spark.session import own_errors, spark_session
from leadscore.features.buckets.spark.shuffle import sort_raw, write_buckets
from leadscore.features.buckets.spark.spark_pool import SparkPool
from leadscore.features.core import naive, replacing
from leadscore.features.tables import connected

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from ibis.backends.duckdb import Backend
    from pyspark.sql import SparkSession

    from leadscore.features.buckets import BucketLimits
    from leadscore.features.buckets.spark.ibis_dialect import SparkConnection
    from leadscore.features.contract import Contract
    from leadscore.features.tables import Tables

logger = logging.getLogger(__name__)

MEMORY_MB = 1500  # of DuckDB in each task, which has one core; it spills past it
KNOWN = "known"  # the folder of rows that can be used and were known
TABLES = ("leads", "versions", "events", "outcomes")


@contextmanager
def open_on_spark(
    contract: Contract,
    *,
    known_by: datetime | None,
    folder: Path,
    at_once: BucketLimits = SMALL_MACHINE,
    master: str | None = None,
) -> Iterator[SparkBuckets]:
    """Shuffle a project's tables into buckets of leads on Spark, and screen them there.

    Parameters
    ----------
    known_by
        Keep only what was known before this moment (UTC); None keeps everything.
    folder
        Where the buckets lie: a folder that the driver and all workers see under the same path.
    at_once
        How large a bucket may be. There are at least as many as tasks that Spark runs at a time.
    master
        Such as `local[2]`; None leaves it to Spark's own settings.

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
        opening = BucketOpening(contract, folder, count, naive(known_by), MEMORY_MB, threads=1)
        logger.info("shuffling the tables into %d buckets of leads", count)
        with connected(f"{MEMORY_MB}MB", folder=folder) as connection, own_errors():
            sort_raw(session, connection, contract, folder / "raw", count=count)
        session.conf.set("spark.sql.shuffle.partitions", str(count))  # of the size of buckets
        with opening.connected() as connection:
            buckets = SparkBuckets(session, connection, opening)
            buckets.screen_all()
            yield buckets


class SparkBuckets(BucketStore):
    """Tables in buckets that Spark has shuffled and its workers screen."""

    def __init__(self, session: SparkSession, connection: Backend, opening: BucketOpening) -> None:
        super().__init__(connection, opening, SparkPool(session))
        self.session = session

    def sort_beside(self, name: str, file: Path, columns: Sequence[str]) -> None:
        """Sort another file's rows by the same leads."""
        target = self.opening.folder / "raw" / name
        if not (target / DONE).exists():
            every = self.session.read.parquet(str(file.resolve()))
            rows = every.select([column for column in columns if column in every.columns])
            write_buckets(rows, "lead_id", target, count=self.count)
            (target / DONE).touch()

    @cached_property
    def spark(self) -> SparkConnection:
        """Ibis's connection with the session."""
        from leadscore.features.buckets.spark.ibis_dialect import SparkConnection  # noqa: PLC0415 - an extra

        return SparkConnection.of(self.session)

    def whole(self) -> Tables:
        """Return the usable, known rows of all buckets as tables on Spark, with the totals."""
        known = self.opening.folder / KNOWN
        if not (known / DONE).exists():
            for _result in self.workers.map(keep_known, range(self.count), self.opening):
                pass
            (known / DONE).touch()
        rows = {
            name: self.spark.read_parquet(known / name, table_name=f"leadscore_{name}")
            for name in TABLES
            if getattr(self.tables, name) is not None
        }
        return replace(self.tables, **rows, cache=None, engine=self.spark.name)


def keep_known(store: BucketStore, bucket: int) -> None:
    """Write a bucket's usable, known rows, in the contract's terms, for Spark to read."""
    store.turn_to(bucket)
    for name in TABLES:
        rows = getattr(store.tables, name)
        if rows is not None:
            file = store.opening.folder / KNOWN / name / f"{bucket}.parquet"
            with replacing(file) as part:  # hidden, so Spark does not read it
                store.connection.to_parquet(rows, part)
