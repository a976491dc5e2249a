"""The latest night: two tables, and one row that says which of them readers see.

A reader's view is over both tables and reads that row with them, so the switch is an update like
any other: nobody waits for it, and a statement or a transaction sees one whole night, by whatever
isolation. Loading needs no lock that a reader minds, but for emptying the hidden table, which
TRUNCATE does in milliseconds when no reader is at work, and DELETE more slowly when one is.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from psycopg.sql import Identifier, Literal

from leadscore.serving.export.postgres.connection import LockNotFree
from leadscore.serving.export.postgres.migrations import LATEST_SLOT, SLOTS, exists

if TYPE_CHECKING:
    from datetime import datetime

    import pyarrow as pa

    from leadscore.serving.export.postgres.connection import Database

LOCK_MILLISECONDS = 200  # so long may readers who come wait behind us; nobody notices in a page
TRIES, PAUSE_SECONDS = 5, 0.5  # a reader's statement is mostly over by then; DELETE does it else

logger = logging.getLogger(__name__)


def latest_night(database: Database) -> datetime | None:
    """Return the night that readers see; None where none was published yet."""
    query = "SELECT as_of FROM {pointer}"
    found: datetime | None = database.value(query, pointer=database.named(LATEST_SLOT))
    return found


def empty_hidden(database: Database) -> bool:
    """Empty the table that readers do not see, at once, if no reader is in the way.

    Returns
    -------
    bool
        Whether it is empty; if not, `load_hidden` deletes its rows.
    """
    hidden = _hidden(database)
    if _older_snapshots(database):
        logger.info("a reader's transaction is older than the last switch: rows are deleted")
        return False
    for turn in range(TRIES):
        if turn:
            time.sleep(PAUSE_SECONDS)
        try:
            with database.transaction():
                database.run("SET LOCAL lock_timeout = {wait}", wait=Literal(LOCK_MILLISECONDS))
                database.run("TRUNCATE {hidden}", hidden=database.named(hidden))
                # A key is built faster over rows that are there than row by row.
                database.run("DROP INDEX IF EXISTS {key}", key=database.named(_key(hidden)))
        except LockNotFree:
            continue
        return True
    logger.info("a reader holds on to the tables: rows are deleted, which takes longer")
    return False


def load_hidden(database: Database, batches: pa.RecordBatchReader, *, is_empty: bool) -> int:
    """Load a night into the table that readers do not see, within the caller's transaction.

    Parameters
    ----------
    database
        The connection.
    batches
        The night's rows.
    is_empty
        What `empty_hidden` said.

    Returns
    -------
    int
        How many rows were loaded.

    Raises
    ------
    PostgresError
        Where a row cannot be stored, or a lead stands there twice.
    """
    hidden = _hidden(database)
    table = database.named(hidden)
    if not is_empty:
        database.run("DELETE FROM {hidden}", hidden=table)
    rows = database.load(hidden, batches)
    if not exists(database, _key(hidden)):
        database.run(
            "CREATE UNIQUE INDEX {key} ON {hidden} (lead_id)",
            key=Identifier(_key(hidden)),
            hidden=table,
        )
    database.run("ANALYZE {hidden}", hidden=table)
    return rows


def switch(database: Database, as_of: datetime) -> None:
    """Let readers see the table that was loaded, once the caller's transaction is committed."""
    database.run(
        "UPDATE {pointer} SET slot = 1 - slot, as_of = {as_of}, switched_by = pg_current_xact_id()",
        pointer=database.named(LATEST_SLOT),
        as_of=Literal(as_of),
    )


def _hidden(database: Database) -> str:
    slot = database.value("SELECT slot FROM {pointer}", pointer=database.named(LATEST_SLOT))
    return SLOTS[1 - int(slot)]


def _key(table: str) -> str:
    return f"{table}_lead_id"


def _older_snapshots(database: Database) -> bool:
    """Say whether a transaction would still read the hidden table, as far as we may know.

    TRUNCATE empties a table for transactions, too, that began before the last switch and have not
    read us yet. Those of other logins are seen by members of `pg_read_all_stats` only.
    """
    query = (
        "SELECT count(*)::int4 FROM pg_catalog.pg_stat_activity, {pointer}"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND age(backend_xmin) >= age(switched_by::xid)"
    )
    return bool(database.value(query, pointer=database.named(LATEST_SLOT)))
