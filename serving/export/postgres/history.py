"""The history: a partition a night, attached in the transaction that publishes it."""

from __future__ import annotations

import logging
from datetime import time
from typing import TYPE_CHECKING

from psycopg.sql import Identifier, Literal

from leadscore.serving.export.postgres.ledger_rows import changed_batches, ledger_night
from leadscore.serving.export.postgres.migrations import (
    HISTORY,
    PUBLISHED,
    exists,
    spare_statistics,
)
from leadscore.serving.ledger import LedgerError

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from leadscore.features.contract import HistoryMode
    from leadscore.serving.export.postgres.connection import Database
    from leadscore.serving.export.postgres.ledger_rows import LedgerNight

logger = logging.getLogger(__name__)


def write_history(
    database: Database, directory: Path, night: LedgerNight, *, mode: HistoryMode
) -> int:
    """Write a night's rows into the history, within the transaction that recorded the night.

    What counts as changed is compared with the night published before it, as the ledger holds it.
    A night that comes late, or is said anew, therefore changes the partition of the one after it.

    Parameters
    ----------
    database
        The connection.
    directory
        The project folder, whose ledger holds the nights to compare with.
    night
        The night.
    mode
        Which rows are kept.

    Returns
    -------
    int
        How many rows of the night the history holds now.
    """
    rows = _write(database, directory, night, mode=mode)
    after = _changed_night_after(database, night.as_of)
    if after is not None and (later := _in_ledger(directory, after)) is not None:
        changed = _write(database, directory, later, mode="changed")
        logger.info("%s compared anew with %s: %d rows", after, night.as_of, changed)
    return rows


def _write(database: Database, directory: Path, night: LedgerNight, *, mode: HistoryMode) -> int:
    partition = partition_of(night.as_of)
    stands = exists(database, partition)
    if stands:  # rows are deleted: dropping the table would wait for every reader of the history
        database.run("DELETE FROM {partition}", partition=database.named(partition))
    rows = 0
    if mode != "none":
        if not stands:
            _create(database, partition, night.as_of)
        before = _night_before(database, night.as_of) if mode == "changed" else None
        compared = _in_ledger(directory, before) if before is not None else None
        with changed_batches(night, compared) as batches:
            rows = database.load(partition, batches)
        if not stands:
            _attach(database, partition, night.as_of)
    database.run(
        "UPDATE {published} SET history_rows = {rows} WHERE as_of = {as_of}",
        published=database.named(PUBLISHED),
        rows=Literal(rows),
        as_of=Literal(night.as_of),
    )
    return rows


def partition_of(as_of: datetime) -> str:
    """Name a night's partition.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> partition_of(datetime(2026, 6, 30, tzinfo=UTC))
    'history_20260630'
    """
    moment = "" if as_of.time() == time.min else f"{as_of:t%H%M%S_%f}"
    return f"{HISTORY}_{as_of:%Y%m%d}{moment}"


def _create(database: Database, partition: str, as_of: datetime) -> None:
    """Make a table that nobody knows yet; the check spares a scan when it is attached."""
    database.run(
        "CREATE TABLE {partition} (LIKE {history}, CONSTRAINT {night} CHECK (as_of = {as_of}))",
        partition=database.named(partition),
        history=database.named(HISTORY),
        night=Identifier(f"{partition}_night"),
        as_of=Literal(as_of),
    )
    spare_statistics(database, partition)


def _attach(database: Database, partition: str, as_of: datetime) -> None:
    """Give the table its key and make it part of the history, which locks no reader out."""
    table = database.named(partition)
    database.run("ALTER TABLE {partition} ADD PRIMARY KEY (lead_id)", partition=table)
    database.run("ANALYZE {partition}", partition=table)
    database.run(
        "ALTER TABLE {history} ATTACH PARTITION {partition} FOR VALUES IN ({as_of})",
        history=database.named(HISTORY),
        partition=table,
        as_of=Literal(as_of),
    )


def _night_before(database: Database, as_of: datetime) -> datetime | None:
    """Return the night that a night's rows are compared with."""
    found: datetime | None = database.value(
        "SELECT as_of FROM {published} WHERE as_of < {as_of} AND history <> 'none'"
        " ORDER BY as_of DESC LIMIT 1",
        published=database.named(PUBLISHED),
        as_of=Literal(as_of),
    )
    return found


def _changed_night_after(database: Database, as_of: datetime) -> datetime | None:
    """Return the night whose rows are compared with a night's, if there is one."""
    found = database.rows(
        "SELECT as_of, history FROM {published} WHERE as_of > {as_of} AND history <> 'none'"
        " ORDER BY as_of LIMIT 1",
        published=database.named(PUBLISHED),
        as_of=Literal(as_of),
    )
    return found[0][0] if found and found[0][1] == "changed" else None


def _in_ledger(directory: Path, as_of: datetime) -> LedgerNight | None:
    """Open a night, if the ledger holds it still; where it does not, every row counts as new."""
    try:
        return ledger_night(directory, as_of)
    except LedgerError:
        logger.info("the ledger holds %s no longer, so nothing is compared with it", as_of)
        return None
