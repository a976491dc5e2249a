"""One connection to PostgreSQL: its address, its statements, and its faults in one line."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, LiteralString

import adbc_driver_postgresql.dbapi as adbc
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.sql import SQL, Composable, Identifier

from leadscore.features.core import LeadScoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    import pyarrow as pa

    from leadscore.features.contract import PostgresDestination

# What the URL does not say. Without the first, a host that answers nothing takes minutes to refuse.
UNLESS_SAID = {"connect_timeout": "10", "application_name": "leadscore"}

LOCK_NOT_FREE, NOT_ALLOWED, TWICE = "55P03", "42501", "23505"  # SQLSTATE, appendix A of the manual


class PostgresError(LeadScoreError):
    """PostgreSQL cannot be reached, or refused what was asked of it."""


class LockNotFree(PostgresError):  # noqa: N818 - reads as what happened
    """Somebody held a lock for longer than we were willing to make others wait."""


class SaidTwice(PostgresError):  # noqa: N818 - reads as what happened
    """A key that must be unique is not."""


class Database:
    """A connection in which every statement belongs to a transaction that somebody commits.

    Parameters
    ----------
    connection
        The driver's connection.
    schema
        The schema that all our tables are in.
    place
        What messages call the server.
    """

    def __init__(self, connection: adbc.Connection, *, schema: str, place: str) -> None:
        self._connection = connection
        self.schema = schema
        self.place = place

    def named(self, name: str) -> Identifier:
        """Return a table or view of ours as statements name it."""
        return Identifier(self.schema, name)

    def run(self, statement: LiteralString, **parts: Composable) -> None:
        """Run one statement that returns no rows.

        Parameters
        ----------
        statement
            SQL with `{name}` wherever a part goes.
        parts
            Identifiers and literals by name; `schema` is always known.

        Raises
        ------
        PostgresError
            In one line without values, where the server refuses it.
        """
        with self._connection.cursor() as cursor, _faults(self.place):
            cursor.execute(self._text(statement, parts))

    def rows(self, query: LiteralString, **parts: Composable) -> list[tuple[Any, ...]]:
        """Run one query, as `run` does, and return its rows."""
        with self._connection.cursor() as cursor, _faults(self.place):
            cursor.execute(self._text(query, parts))
            return [tuple(row) for row in cursor.fetchall()]

    def value(self, query: LiteralString, **parts: Composable) -> Any:
        """Return the only value of a query; None where it has no row."""
        found = self.rows(query, **parts)
        return found[0][0] if found else None

    def load(self, table: str, batches: pa.RecordBatchReader) -> int:
        """Copy batches into a table of ours, in COPY's binary form, and count their rows."""
        with self._connection.cursor() as cursor, _faults(self.place):
            return int(
                cursor.adbc_ingest(table, batches, mode="append", db_schema_name=self.schema)
            )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what the block did, or none of it."""
        try:
            yield
        except BaseException:
            with suppress(adbc.Error):  # of a connection that broke, the server undoes all itself
                self._connection.rollback()
            raise
        with _faults(self.place):
            self._connection.commit()

    def _text(self, statement: LiteralString, parts: dict[str, Composable]) -> str:
        composed = SQL(statement).format(schema=Identifier(self.schema), **parts)
        return composed.as_string(None)


@contextmanager
def connected(destination: PostgresDestination) -> Iterator[Database]:
    """Connect to the database that a destination names, for the length of a `with` block.

    Parameters
    ----------
    destination
        Where to; its URL stands in the environment. What the URL says of TLS (`sslmode`,
        `sslrootcert`, …) is libpq's to honour, as are its own variables and password file.

    Yields
    ------
    Database

    Raises
    ------
    PostgresError
        In one line without the password, where the address is missing or cannot be reached.
    """
    address = _address(destination)
    place = f"PostgreSQL ({destination.variable})"
    try:
        connection = adbc.connect(make_conninfo(**{**UNLESS_SAID, **address}))
    except adbc.Error as error:
        raise PostgresError(f"{place}: {_one_line(error, str(address.get('password')))}") from None
    try:
        database = Database(connection, schema=destination.schema_name, place=place)
        if destination.job_role:
            _take_on(database, destination.job_role)
        yield database
    finally:
        connection.close()


def _address(destination: PostgresDestination) -> dict[str, Any]:
    url = os.environ.get(destination.variable, "").strip()
    if not url:
        raise PostgresError(
            f"`publish.postgres.address` names the variable {destination.variable}, which is not "
            "set; put the URL there: postgresql://user:password@host:5432/database"
        )
    try:
        return dict(conninfo_to_dict(url))
    except psycopg.Error:  # whose message shows the part with the password
        raise PostgresError(
            f"{destination.variable} does not hold the URL of a PostgreSQL database; expected "
            "postgresql://user:password@host:5432/database, with %40 and the like for special "
            "characters in the password"
        ) from None


def _take_on(database: Database, role: str) -> None:
    try:
        with database.transaction():
            database.run("SET ROLE {role}", role=Identifier(role))
    except PostgresError as error:
        login = database.value("SELECT session_user::text")
        statement = SQL("GRANT {} TO {}").format(Identifier(role), Identifier(login))
        raise PostgresError(
            f"{error}. Let a database administrator make the role, and run: "
            f"{statement.as_string(None)};"
        ) from None


@contextmanager
def _faults(place: str) -> Iterator[None]:
    """Say the driver's errors in our words; the rest of them holds statements and values."""
    try:
        yield
    except adbc.Error as error:
        told = f"{place}: {_one_line(error)}"
        if error.sqlstate == LOCK_NOT_FREE:
            raise LockNotFree(told) from None
        if error.sqlstate == TWICE:
            raise SaidTwice(told) from None
        if error.sqlstate == NOT_ALLOWED:
            told += ". docs/postgres.md says which rights the job needs"
        raise PostgresError(told) from None


def _one_line(error: adbc.Error, password: str = "") -> str:
    """Return what the server or libpq said, without the statement, its values or a password."""
    text = str(error)
    # Two blanks follow the word ERROR in whatever language the server says it.
    said = re.search(r"Failed to connect: (.+)", text, re.DOTALL) or re.search(r"\w:  (.+)", text)
    line = " ".join((said[1] if said else text).split()).rstrip(".")
    return line.replace(password, "…") if password else line
