"""The tables in buckets of leads, so that memory does not grow with their number."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from features.bucket_files import BucketFiles, rows_of_sources
from features.many_buckets import Shelf
from features.tables import Tables, connected, naive, open_tables, tables_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    import ibis.expr.types as ir
    import pyarrow as pa

    from features.contract import Contract
    from features.quarantine import Quarantine

logger = logging.getLogger(__name__)

MEMORY_LIMIT = "2500MB"  # of DuckDB, which spills past it; the rest is the bucket's features


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

    leads: int = 250_000
    events: int = 6_000_000


A_SMALL_MACHINE = AtOnce()


@contextmanager
def open_buckets(
    contract: Contract,
    *,
    known_by: datetime | None,
    folder: Path,
    at_once: AtOnce = A_SMALL_MACHINE,
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
    count = how_many(contract, at_once)
    with connected(MEMORY_LIMIT) as connection:
        if count == 1:
            yield OneBucket(tables_of(connection, contract, naive(known_by)))
            return
        logger.info("sorting the tables into %d buckets of leads", count)
        files = BucketFiles(connection, contract, folder / "raw", count=count)
        files.sort()
        shelf = Shelf(connection, files, folder / "screened", naive(known_by))
        yield ManyBuckets(shelf, shelf.show_first())


def how_many(contract: Contract, at_once: AtOnce) -> int:
    """Say into how many buckets a project's leads are sorted; 1 where they fit at once."""
    rows = rows_of_sources(contract)
    return max(-(-rows["leads"] // at_once.leads), -(-rows.get("events", 0) // at_once.events), 1)


class Buckets(ABC):
    """A project's tables, one bucket of leads at a time; all rows of a lead are in one.

    Parameters
    ----------
    count
        How many there are.
    tables
        The tables of the bucket at hand.
    """

    def __init__(self, count: int, tables: Tables) -> None:
        self.count, self.tables = count, tables
        self._beside: dict[str, Path] = {}

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
            Puts the question to the tables of one bucket.
        """

    @abstractmethod
    def quarantine(self) -> Quarantine:
        """Collect what could not be used, in the buckets that were looked at."""

    def sort_beside(self, name: str, file: Path) -> None:
        """Sort another file's rows by the same leads, to be looked at beside the tables.

        Parameters
        ----------
        name
            What to call it.
        file
            Parquet, with a column `lead_id`.
        """
        self._beside[name] = file

    def beside(self, name: str, _bucket: int, columns: Sequence[str]) -> pa.Table:
        """Read a bucket's rows of such a file."""
        return pq.ParquetFile(self._beside[name]).read(columns=list(columns))


class OneBucket(Buckets):
    """Tables that fit in memory, looked at as one bucket."""

    def __init__(self, tables: Tables) -> None:
        super().__init__(1, tables)

    def turn_to(self, bucket: int, *, only: Sequence[str] | None = None) -> None:
        """Go on looking at the same bucket."""

    def ask_all(self, question: str, build: Callable[[Tables], ir.Table]) -> None:
        """Leave the question to whoever wants to know: the tables hold everything."""

    def quarantine(self) -> Quarantine:
        """Return what could not be used."""
        return self.tables.quarantine


class ManyBuckets(Buckets):
    """Tables that were sorted into buckets on disk."""

    def __init__(self, shelf: Shelf, tables: Tables) -> None:
        super().__init__(shelf.files.count, tables)
        self._shelf = shelf

    def turn_to(self, bucket: int, *, only: Sequence[str] | None = None) -> None:
        """Look at a bucket: from now on `tables` holds its rows."""
        self._shelf.turn_to(bucket, only)

    def ask_all(self, question: str, build: Callable[[Tables], ir.Table]) -> None:
        """Ask all buckets something that only all together can tell."""
        past = self.tables.past
        if past is not None:
            answer = self._shelf.ask_all(question, lambda: build(self.tables))
            answers = {**past.answers, question: answer}
            self.tables = replace(self.tables, past=replace(past, answers=answers))

    def quarantine(self) -> Quarantine:
        """Collect what could not be used, in the buckets that were looked at."""
        return self._shelf.quarantine()

    def sort_beside(self, name: str, file: Path) -> None:
        """Sort another file's rows by the same leads."""
        self._shelf.files.sort_file(name, file)

    def beside(self, name: str, bucket: int, columns: Sequence[str]) -> pa.Table:
        """Read a bucket's rows of such a file."""
        files = self._shelf.files.of(name, bucket)
        return pq.ParquetDataset(files, partitioning=None).read(columns=list(columns))
