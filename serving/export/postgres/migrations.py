"""The schema's versions: each migration runs once, in a transaction, under the publisher's lock."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from psycopg.sql import SQL, Identifier, Literal

from leadscore.serving.export.postgres.columns import COLUMNS, READABLE, WITHOUT_STATISTICS
from leadscore.serving.export.postgres.connection import PostgresError

if TYPE_CHECKING:
    from psycopg.sql import Composable

    from leadscore.serving.export.postgres.connection import Database

# Tables
SLOTS = ("tiers_0", "tiers_1")
LATEST_SLOT = "latest_slot"
HISTORY = "history"
PUBLISHED = "published"
SCHEMA_VERSION = "schema_version"

# Views, which readers see
LATEST_TIERS = "latest_tiers"
TIER_HISTORY = "tier_history"
NIGHTS = "nights"
VIEWS = (LATEST_TIERS, TIER_HISTORY, NIGHTS)

logger = logging.getLogger(__name__)


def migrate(database: Database) -> int:
    """Bring the schema to the newest version; the caller holds the publisher's lock.

    Parameters
    ----------
    database
        The connection.

    Returns
    -------
    int
        From which version; 0 where there was no schema.

    Raises
    ------
    PostgresError
        Where the schema is of a newer leadscore, or the login may not make it.
    """
    found = version_of(database)
    if found > len(MIGRATIONS):
        raise PostgresError(
            f"{database.place}: the schema {database.schema!r} is of version {found}, and this "
            f"leadscore knows versions up to {len(MIGRATIONS)}. Install the leadscore that "
            "published there last, or a newer one"
        )
    for number, migration in enumerate(MIGRATIONS[found:], start=found + 1):
        with database.transaction():
            migration(database)
            database.run(
                "INSERT INTO {versions} (version, what) VALUES ({number}, {what})",
                versions=database.named(SCHEMA_VERSION),
                number=Literal(number),
                what=Literal((migration.__doc__ or "").splitlines()[0]),
            )
        logger.info("schema %r is of version %d now", database.schema, number)
    return found


def version_of(database: Database) -> int:
    """Return the version of the schema; 0 where there is none."""
    if not exists(database, SCHEMA_VERSION):
        return 0
    query = "SELECT coalesce(max(version), 0)::int4 FROM {versions}"
    return int(database.value(query, versions=database.named(SCHEMA_VERSION)))


def exists(database: Database, name: str) -> bool:
    """Return whether a table or view of ours exists."""
    place = SQL("{}.{}").format(Identifier(database.schema), Identifier(name)).as_string(None)
    return bool(database.value("SELECT to_regclass({place}) IS NOT NULL", place=Literal(place)))


def spare_statistics(database: Database, table: str) -> None:
    """Keep ANALYZE from the columns that nobody filters by."""
    for name in sorted(WITHOUT_STATISTICS):
        statement = "ALTER TABLE {table} ALTER {column} SET STATISTICS 0"
        database.run(statement, table=database.named(table), column=Identifier(name))


def _tables(database: Database) -> None:
    """Make the tables of the latest night, of the history, and of what was published."""
    # CREATE … IF NOT EXISTS asks for the right to make schemas even where there is nothing to make.
    name = Literal(database.schema)
    query = "SELECT count(*)::int4 FROM pg_catalog.pg_namespace WHERE nspname = {name}"
    if not database.value(query, name=name):
        database.run("CREATE SCHEMA {schema}")
    columns = _columns()
    for slot in SLOTS:
        # Rewritten whole by each publication, which counts the values itself.
        without_vacuum = "CREATE TABLE {slot} ({columns}) WITH (autovacuum_enabled = false)"
        database.run(without_vacuum, slot=database.named(slot), columns=columns)
        spare_statistics(database, slot)
    _pointer(database)
    database.run(
        "CREATE TABLE {history} ({columns}) PARTITION BY LIST (as_of)",
        history=database.named(HISTORY),
        columns=columns,
    )
    database.run(
        "CREATE TABLE {published} (as_of timestamptz PRIMARY KEY, leads int8 NOT NULL,"
        " history text NOT NULL, history_rows int8 NOT NULL, digest text NOT NULL,"
        " run_id text NOT NULL, model_version text NOT NULL, policy_version text NOT NULL,"
        " published_at timestamptz NOT NULL DEFAULT now())",
        published=database.named(PUBLISHED),
    )
    database.run(
        "CREATE TABLE {versions} (version int4 PRIMARY KEY, what text NOT NULL,"
        " since timestamptz NOT NULL DEFAULT now())",
        versions=database.named(SCHEMA_VERSION),
    )


def _pointer(database: Database) -> None:
    """Make the one row that says which of the two tables readers see, and since what switch."""
    pointer = database.named(LATEST_SLOT)
    database.run(
        "CREATE TABLE {pointer} (one_row bool PRIMARY KEY DEFAULT true CHECK (one_row),"
        " slot int2 NOT NULL, as_of timestamptz, switched_by xid8 NOT NULL)",
        pointer=pointer,
    )
    database.run(
        "INSERT INTO {pointer} (slot, switched_by) VALUES (0, pg_current_xact_id())",
        pointer=pointer,
    )


def _views(database: Database) -> None:
    """Make the views for readers, which never change when a night is published."""
    readable = SQL(", ").join(Identifier(name) for name in READABLE)
    # Both tables stand in every reader's plan, and the row that chooses is read with the rows.
    database.run(
        "CREATE VIEW {view} AS"
        " SELECT {readable} FROM {first} WHERE (SELECT slot FROM {pointer}) = 0 UNION ALL"
        " SELECT {readable} FROM {second} WHERE (SELECT slot FROM {pointer}) = 1",
        view=database.named(LATEST_TIERS),
        readable=readable,
        first=database.named(SLOTS[0]),
        second=database.named(SLOTS[1]),
        pointer=database.named(LATEST_SLOT),
    )
    database.run(
        "CREATE VIEW {view} AS SELECT {readable} FROM {history}",
        view=database.named(TIER_HISTORY),
        readable=readable,
        history=database.named(HISTORY),
    )
    database.run(
        "CREATE VIEW {view} AS SELECT as_of, leads, policy_version, published_at,"
        " as_of = (SELECT as_of FROM {pointer}) AS is_latest FROM {published}",
        view=database.named(NIGHTS),
        pointer=database.named(LATEST_SLOT),
        published=database.named(PUBLISHED),
    )


def _columns() -> Composable:
    return SQL(", ").join(
        SQL("{} {}").format(Identifier(name), SQL(kind)) for name, kind in COLUMNS.items()
    )


MIGRATIONS = (_tables, _views)
