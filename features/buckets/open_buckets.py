"""Opens a project's tables in as many buckets of leads as memory requires."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import joblib

from leadscore.features.buckets.bucket_files import BucketFiles
from leadscore.features.buckets.bucket_store import BucketOpening
from leadscore.features.buckets.bucketed_tables import Buckets
from leadscore.features.buckets.event_cache import with_spare_buckets
from leadscore.features.buckets.worker_pool import WorkerPool, default_workers
from leadscore.features.core import naive, write_text
from leadscore.features.sources import open_source, places_of, rows_about
from leadscore.features.tables import connected, open_tables, tables_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from leadscore.features.contract import Contract

logger = logging.getLogger(__name__)

COUNT = "buckets"  # the file that says how many there are
MEMORY_MB = 2500  # of DuckDB in all processes, before it spills; the features need the rest


@dataclass(frozen=True)
class BucketLimits:
    """How large a bucket may be; a project that is smaller is one bucket."""

    leads: int = 150_000  # features take about 2 kB a lead, several times over
    events: int = 4_000_000  # about 100 bytes each while they are counted
    versions: int = 1_500_000  # of leads, or changes of them: as wide as a lead, but read once


SMALL_MACHINE = BucketLimits()


@contextmanager
def open_buckets(
    contract: Contract,
    *,
    known_by: datetime | None,
    folder: Path,
    at_once: BucketLimits = SMALL_MACHINE,
    workers: int | None = None,
    kept: Path | None = None,
) -> Iterator[Buckets]:
    """Sort a project's tables into buckets, and screen its leads and outcomes.

    Parameters
    ----------
    known_by
        Keep only what was known before this moment (UTC); None keeps everything.
    folder
        Of the buckets. What an earlier run sorted there is not sorted again: the caller makes
        sure that it was of the same tables and contract.
    workers
        Number of processes, which does not change the results; by default one a core, up to two.
    kept
        Where sorted events stay, so that the next night only sorts what is new.

    Raises
    ------
    DataError
        Where a file or column is missing, or too much of a table cannot be used.
    """
    if contract.reading.push_down:
        with open_tables(contract, known_by=known_by) as tables:
            yield Buckets(tables)
        return
    count = settled_count(folder, lambda: with_spare_buckets(how_many(contract, at_once), kept))
    if count == 1:
        with connected(f"{MEMORY_MB}MB") as connection:
            yield Buckets(tables_of(connection, contract, naive(known_by)))
        return
    processes = min(workers or default_workers(), count)
    logger.info("sorting the tables into %d buckets of leads, for %d processes", count, processes)
    with connected(f"{MEMORY_MB}MB", folder=folder) as connection:
        BucketFiles(connection, contract, folder / "raw", count=count, kept=kept).sort()
    opening = BucketOpening(
        contract,
        folder,
        count,
        naive(known_by),
        memory_mb=MEMORY_MB // processes,
        threads=max(joblib.cpu_count() // processes, 1),
        kept=kept,
    )
    with WorkerPool(processes) as pool, opening.open(pool) as store:
        store.screen_all()
        yield store


def how_many(contract: Contract, at_once: BucketLimits) -> int:
    """Return how many buckets a project's leads need; 1 where memory holds them all."""
    rows = {"leads": 0, "events": 0, "versions": 0}
    for name, each in places_of(contract).items():
        table = "versions" if name == "leads.history" else name.split(".")[0]
        if name != "leads.merged":
            rows[table] = rows.get(table, 0) + rows_about(each, contract, name=name)
    if contract.leads.valid_from is not None:
        rows["versions"] = rows["leads"]
        if rows["leads"] > at_once.leads:
            rows["leads"] = _leads_in(contract)
    needed = (-(-rows[table] // most) for table, most in asdict(at_once).items())
    return int(max(*needed, 1))


def _leads_in(contract: Contract) -> int:
    """Count the leads whose versions a table holds."""
    with connected(f"{MEMORY_MB}MB") as connection:
        rows = open_source(connection, contract.leads, contract=contract, name="leads")
        ids = rows[str(contract.leads.lead_id)]
        found: int = ids.nunique().to_pyarrow().as_py()
        return found


def settled_count(folder: Path, choose: Callable[[], int]) -> int:
    """Return how many buckets a night has; it is chosen once, when the night begins."""
    file = folder / COUNT
    if not file.exists():
        write_text(file, str(choose()))
    return int(file.read_text(encoding="utf-8"))
