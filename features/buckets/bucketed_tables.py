"""The tables in buckets of leads, so that memory does not grow with their number."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import uuid4

import joblib
import pyarrow as pa
import pyarrow.parquet as pq

from leadscore.features.buckets.bucket_files import BucketFiles, rows_of_sources
from leadscore.features.buckets.bucket_store import Shelf, Shelving
from leadscore.features.buckets.event_cache import with_room
from leadscore.features.buckets.worker_pool import Workers, usual_workers
from leadscore.features.tables.company_totals import Past
from leadscore.features.tables.tables import (
    Tables,
    connected,
    end_of,
    naive,
    open_tables,
    tables_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    import ibis.expr.types as ir

    from leadscore.features.contract.contract import Contract
    from leadscore.features.tables.quarantine import Quarantine

logger = logging.getLogger(__name__)

COUNT = "buckets"  # the file that says how many there are
MEMORY_MB = 2500  # of DuckDB in all processes, which spills past it; the rest is the features


@dataclass(frozen=True)
class AtOnce:
    """How many rows may be looked at together; a project that has fewer is one bucket.

    Parameters
    ----------
    leads
        Their features take about 2 kB each, several times over.
    events
        They take about 100 bytes each while they are counted.
    """

    leads: int = 150_000
    events: int = 4_000_000


A_SMALL_MACHINE = AtOnce()


@contextmanager
def open_buckets(
    contract: Contract,
    *,
    known_by: datetime | None,
    folder: Path,
    at_once: AtOnce = A_SMALL_MACHINE,
    workers: int | None = None,
    kept: Path | None = None,
) -> Iterator[Buckets]:
    """Sort a project's tables into buckets, and screen its leads and outcomes.

    Parameters
    ----------
    contract
        The contract of a project folder.
    known_by
        Keep only what was known before this moment (UTC); None keeps everything.
    folder
        Where the buckets lie. What an earlier run sorted there is not sorted again: whoever calls
        sees to it that the folder belongs to the same tables and contract.
    at_once
        How large a bucket may be.
    workers
        How many processes share the buckets out; by default one a core, up to two. What they
        find does not depend on it.
    kept
        Where sorted events stay, so that the next night only sorts what is new; None where they
        do not.

    Yields
    ------
    Buckets
        Valid while the context is open.

    Raises
    ------
    DataError
        Where a file or column is missing, or too much of a table cannot be used.
    """
    if contract.reading.push_down:
        with open_tables(contract, known_by=known_by) as tables:
            yield OneBucket(tables)
        return
    count = settled_count(folder, lambda: with_room(how_many(contract, at_once), kept))
    if count == 1:
        with connected(f"{MEMORY_MB}MB") as connection:
            yield OneBucket(tables_of(connection, contract, naive(known_by)))
        return
    count_of_workers = min(workers or usual_workers(), count)
    logger.info(
        "sorting the tables into %d buckets of leads, for %d processes", count, count_of_workers
    )
    with connected(f"{MEMORY_MB}MB", folder=folder) as connection:
        BucketFiles(connection, contract, folder / "raw", count=count, kept=kept).sort()
    shelving = Shelving(
        contract,
        folder,
        count,
        naive(known_by),
        memory_mb=MEMORY_MB // count_of_workers,
        threads=max(joblib.cpu_count() // count_of_workers, 1),
        token=uuid4().hex,
        kept=kept,
    )
    with Workers.employed(count_of_workers) as employed, shelving.open() as shelf:
        parts = [piece.found for piece in employed.each(Shelf.screen, range(count), shelving)]
        data_end = end_of([end for part in parts for end in part.ends], shelving.known_by)
        tables = replace(shelf.tables, past=Past.of(parts), data_end=data_end)
        yield ManyBuckets(shelf, shelving, tables, employed)


def how_many(contract: Contract, at_once: AtOnce) -> int:
    """Say into how many buckets a project's leads are sorted; 1 where they fit at once."""
    rows = rows_of_sources(contract)
    return max(-(-rows["leads"] // at_once.leads), -(-rows.get("events", 0) // at_once.events), 1)


def settled_count(folder: Path, choose: Callable[[], int]) -> int:
    """Say how many buckets a night has; one that is gone on with has as many as it began with.

    Parameters
    ----------
    folder
        Where its buckets lie.
    choose
        Asked where the night begins.

    Returns
    -------
    int
    """
    file = folder / COUNT
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        part.write_text(str(choose()), encoding="utf-8")
        part.replace(file)
    return int(file.read_text(encoding="utf-8"))


class Buckets(ABC):
    """A project's tables, one bucket of leads at a time; all rows of a lead are in one.

    Parameters
    ----------
    count
        How many there are.
    tables
        The tables of the bucket at hand.
    workers
        The processes that share them out.
    """

    def __init__(self, count: int, tables: Tables, workers: Workers) -> None:
        self.count, self.tables, self.workers = count, tables, workers
        self._beside: dict[str, pa.Table] = {}

    @abstractmethod
    def turn_to(self, bucket: int, *, only: Sequence[str] | None = None) -> None:
        """Look at a bucket: from now on `tables` holds its rows.

        Parameters
        ----------
        bucket
            From 0 on.
        only
            Leads whose events are wanted; where there is but one bucket, it holds all of them
            all the same.
        """

    @abstractmethod
    def ask_all(self, question: str, build: Callable[[Tables], ir.Table]) -> None:
        """Ask the leads and outcomes of all buckets something that only all together can tell.

        Parameters
        ----------
        question
            By which `tables.past.answers` gives the answer, where there is more than one bucket.
        build
            Puts the question to the tables of one bucket; of a module's top level.
        """

    @abstractmethod
    def quarantine(self) -> Quarantine:
        """Collect what could not be used, in the buckets that were looked at."""

    def sort_beside(self, name: str, file: Path, columns: Sequence[str]) -> None:
        """Sort another file's rows by the same leads, to be looked at beside the tables.

        Parameters
        ----------
        name
            What to call it.
        file
            Parquet, with a column `lead_id`.
        columns
            Those that are wanted, `lead_id` among them; what the file has not is left out.
        """
        parquet = pq.ParquetFile(file)
        have = [column for column in columns if column in parquet.schema_arrow.names]
        self._beside[name] = parquet.read(columns=have)

    def beside(self, name: str, _bucket: int) -> pa.Table:
        """Read a bucket's rows of such a file."""
        return self._beside[name]


class OneBucket(Buckets):
    """Tables that fit in memory, looked at as one bucket."""

    def __init__(self, tables: Tables) -> None:
        super().__init__(1, tables, Workers(1))

    def turn_to(self, bucket: int, *, only: Sequence[str] | None = None) -> None:
        """Go on looking at the same bucket."""

    def ask_all(self, question: str, build: Callable[[Tables], ir.Table]) -> None:
        """Leave the question to whoever wants to know: the tables hold everything."""

    def quarantine(self) -> Quarantine:
        """Return what could not be used."""
        return self.tables.quarantine


class ManyBuckets(Buckets):
    """Tables that were sorted into buckets on disk.

    Parameters
    ----------
    shelf
        The buckets, opened.
    shelving
        How another process opens them.
    tables
        The shelf's tables, with what all buckets told.
    workers
        The processes that share them out.
    """

    def __init__(self, shelf: Shelf, shelving: Shelving, tables: Tables, workers: Workers) -> None:
        super().__init__(shelving.count, tables, workers)
        self.shelving, self._shelf = shelving, shelf

    def turn_to(self, bucket: int, *, only: Sequence[str] | None = None) -> None:
        """Look at a bucket: from now on `tables` holds its rows."""
        self._shelf.turn_to(bucket, only)

    def ask_all(self, question: str, build: Callable[[Tables], ir.Table]) -> None:
        """Ask all buckets something that only all together can tell."""
        past = self.tables.past
        if past is not None:
            numbers = range(self.count)
            pieces = self.workers.each(Shelf.ask, numbers, self.shelving, question, build)
            answer = pa.concat_tables([piece.found for piece in pieces])
            answers = {**past.answers, question: answer}
            self.tables = replace(self.tables, past=replace(past, answers=answers))

    def quarantine(self) -> Quarantine:
        """Collect what could not be used, in the buckets that were looked at."""
        return self._shelf.quarantine()

    def sort_beside(self, name: str, file: Path, columns: Sequence[str]) -> None:
        """Sort another file's rows by the same leads."""
        self._shelf.files.sort_file(name, file, columns)

    def beside(self, name: str, bucket: int) -> pa.Table:
        """Read a bucket's rows of such a file."""
        files = self._shelf.files.of(name, bucket)
        return pq.ParquetDataset(files, partitioning=None).read()

    @property
    def opening(self) -> BucketOpening:
        """How another process looks at the same buckets, with what all of them told."""
        past, data_end = self.tables.past, self.tables.data_end
        return BucketOpening(replace(self.shelving, token=uuid4().hex), past, data_end)


@dataclass(frozen=True)
class BucketOpening:
    """How another process looks at buckets that were sorted and screened here.

    Parameters
    ----------
    shelving
        Where they lie.
    past, data_end
        As `Tables` has them.
    """

    shelving: Shelving
    past: Past | None
    data_end: datetime | None

    @property
    def token(self) -> str:
        """What names it, for `buckets.worker_pool`."""
        return self.shelving.token

    @contextmanager
    def open(self) -> Iterator[Buckets]:
        """Open them."""
        with self.shelving.open() as shelf:
            tables = replace(shelf.tables, past=self.past, data_end=self.data_end)
            yield ManyBuckets(shelf, self.shelving, tables, Workers(1))
