"""Ways to bring a night into a table that others read: ours, and those it is measured against."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, LiteralString

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from psycopg.sql import SQL, Identifier

from leadscore.features.contract import PostgresDestination
from leadscore.serving.export.postgres import (
    COLUMNS,
    LATEST_SLOT,
    LATEST_TIERS,
    SLOTS,
    WITHOUT_STATISTICS,
    connected,
    empty_hidden,
    load_hidden,
    switch,
)
from leadscore.serving.ledger import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from psycopg.sql import Composable

    from leadscore.serving.export.postgres import Database

BATCH_ROWS = 65_536
POINTER_AND_VIEW: tuple[LiteralString, ...] = (
    "CREATE TABLE {pointer} (slot int2, as_of timestamptz, switched_by xid8)",
    "INSERT INTO {pointer} VALUES (0, NULL, pg_current_xact_id())",
    (
        "CREATE VIEW {view} AS SELECT * FROM {one} WHERE (SELECT slot FROM {pointer}) = 0"
        " UNION ALL SELECT * FROM {two} WHERE (SELECT slot FROM {pointer}) = 1"
    ),
)


@dataclass(frozen=True)
class Load:
    """A night to be loaded.

    Parameters
    ----------
    file
        The night's Parquet file.
    as_of
        The night.
    columns
        Which columns are loaded.
    schema
        The schema they go to; each way has tables of its own there.
    """

    file: Path
    as_of: datetime
    columns: tuple[str, ...]
    schema: str

    def batches(self) -> pa.RecordBatchReader:
        """Read the night anew."""
        schema = pa.schema([SCHEMA.field(name) for name in self.columns])
        batches = pq.ParquetFile(self.file).iter_batches(BATCH_ROWS, columns=list(self.columns))
        return pa.RecordBatchReader.from_batches(schema, (batch.cast(schema) for batch in batches))

    def settings(self) -> PostgresDestination:
        """Return the destination that ours connects by."""
        return PostgresDestination(schema=self.schema, reader_role="")


def prepare(load: Load, url: str) -> None:
    """Make the tables of every way, empty."""
    with psycopg.connect(url) as connection:
        named = Identifier(load.schema)
        connection.execute(SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(named))
        connection.execute(SQL("CREATE SCHEMA {}").format(named))
        connection.execute(SQL("SET search_path TO {}").format(named))
        for table in (*SLOTS, "bare", "renamed", "upserted"):
            connection.execute(_create(table, load))
            for name in sorted(WITHOUT_STATISTICS & set(load.columns)):
                still = SQL("ALTER TABLE {} ALTER {} SET STATISTICS 0")
                connection.execute(still.format(Identifier(table), Identifier(name)))
        connection.execute("ALTER TABLE renamed ADD PRIMARY KEY (lead_id)")
        connection.execute("ALTER TABLE upserted ADD PRIMARY KEY (lead_id)")
        for statement in POINTER_AND_VIEW:
            parts = {"pointer": LATEST_SLOT, "view": LATEST_TIERS, "one": SLOTS[0], "two": SLOTS[1]}
            named = {name: Identifier(table) for name, table in parts.items()}
            connection.execute(SQL(statement).format(**named))


def ours(load: Load) -> None:
    """Load the hidden table, give it its key and its statistics, and switch."""
    with connected(load.settings()) as database:
        is_empty = empty_hidden(database)
        with database.transaction():
            load_hidden(database, load.batches(), is_empty=is_empty)
            switch(database, load.as_of)


def adbc_alone(load: Load) -> None:
    """Copy into a table that is there and empty, and no more."""
    with connected(load.settings()) as database:
        with database.transaction():
            database.run("TRUNCATE {schema}.bare")
        with database.transaction():
            database.load("bare", load.batches())


def adbc_and_rename(load: Load) -> None:
    """Copy into a new table, give it its key, and let it take the other's name."""
    with connected(load.settings()) as database:
        with database.transaction():
            database.run(_create_text(load), table=database.named("staged"))
            database.load("staged", load.batches())
        _key_and_rename(database)


def copy_text_and_rename(load: Load) -> None:
    """Do the same with COPY's text form, as CSV."""
    with connected(load.settings()) as database:
        with database.transaction():
            database.run(_create_text(load), table=database.named("staged"))
        with psycopg.connect(_url(load)) as connection, connection.cursor() as cursor:
            statement = SQL("COPY {} FROM STDIN (FORMAT csv)")
            with cursor.copy(statement.format(Identifier(load.schema, "staged"))) as copy:
                for block in _csv(load.batches()):
                    copy.write(block)
        _key_and_rename(database)


def upsert(load: Load) -> None:
    """Copy into a passing table, and bring every row over by INSERT … ON CONFLICT."""
    names = [Identifier(name) for name in load.columns]
    with connected(load.settings()) as database, database.transaction():
        database.run(_create_text(load), table=database.named("passing"))
        database.load("passing", load.batches())
        database.run(
            "INSERT INTO {schema}.upserted SELECT * FROM {schema}.passing"
            " ON CONFLICT (lead_id) DO UPDATE SET {changes}",
            changes=SQL(", ").join(
                SQL("{0} = excluded.{0}").format(name) for name in names if name != names[0]
            ),
        )
        database.run("DROP TABLE {schema}.passing")


WAYS: dict[str, Callable[[Load], None]] = {
    "ADBC ingest alone": adbc_alone,
    "ADBC, key, swap by rename": adbc_and_rename,
    "ours: ADBC, key, statistics, switch": ours,
    "COPY of CSV, key, swap by rename": copy_text_and_rename,
    "ADBC, full update by ON CONFLICT": upsert,
}
# Where each way's readers look.
READ_AT = {adbc_and_rename: "renamed", ours: LATEST_TIERS, upsert: "upserted"}


def _key_and_rename(database: Database) -> None:
    with database.transaction():
        database.run("ALTER TABLE {schema}.staged ADD PRIMARY KEY (lead_id)")
    with database.transaction():
        database.run("DROP TABLE {schema}.renamed")
        database.run("ALTER TABLE {schema}.staged RENAME TO renamed")
        database.run("ALTER INDEX {schema}.staged_pkey RENAME TO renamed_pkey")


def _create(table: str, load: Load) -> Composable:
    return SQL(_create_text(load)).format(table=Identifier(load.schema, table))


def _create_text(load: Load) -> str:
    columns = ", ".join(f"{name} {COLUMNS[name]}" for name in load.columns)
    return f"CREATE TABLE {{table}} ({columns})"


def _url(load: Load) -> str:
    return os.environ[load.settings().variable]


def _csv(batches: pa.RecordBatchReader) -> Iterator[bytes]:
    """Write batches as CSV; an empty cell without quotes is NULL."""
    options = pa_csv.WriteOptions(include_header=False)
    for batch in batches:
        columns = [_array_words(c) if pa.types.is_list(c.type) else c for c in batch.columns]
        block = io.BytesIO()
        pa_csv.write_csv(pa.table(columns, names=batch.schema.names), block, options)
        yield block.getvalue()


def _array_words(lists: pa.ListArray) -> pa.Array:
    """Write lists as PostgreSQL writes arrays: {"one","two"}."""
    words = lists.flatten()
    for mark in ("\\", '"'):
        words = pc.replace_substring(words, mark, f"\\{mark}")
    quoted = pc.binary_join_element_wise('"', words, '"', "")
    joined = pc.binary_join(pa.ListArray.from_arrays(lists.offsets, quoted), ",")
    return pc.binary_join_element_wise("{", joined, "}", "")
