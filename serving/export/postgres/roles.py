"""Readers read the views, and nothing else; who they are is a role of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg.sql import SQL, Identifier, Literal

from leadscore.serving.export.postgres.migrations import VIEWS

if TYPE_CHECKING:
    from leadscore.serving.export.postgres.connection import Database


def let_read(database: Database, role: str) -> tuple[str, ...]:
    """Let a role read the views; make it where the login may.

    Parameters
    ----------
    database
        The connection.
    role
        Who reads.

    Returns
    -------
    tuple of str
        What a database administrator must run first; empty where all is done.

    Raises
    ------
    PostgresError
        Where the server refuses the grant.
    """
    if not _exists(database, role):
        if not _may_make_roles(database):
            return (f"{SQL('CREATE ROLE {} NOLOGIN').format(Identifier(role)).as_string(None)};",)
        with database.transaction():
            database.run("CREATE ROLE {role} NOLOGIN", role=Identifier(role))
    with database.transaction():
        if not _reads(database, role, "has_schema_privilege", database.schema, "USAGE"):
            database.run("GRANT USAGE ON SCHEMA {schema} TO {role}", role=Identifier(role))
        for view in VIEWS:
            named = database.named(view)
            if not _reads(database, role, "has_table_privilege", named.as_string(None), "SELECT"):
                database.run("GRANT SELECT ON {view} TO {role}", view=named, role=Identifier(role))
    return ()


def _exists(database: Database, role: str) -> bool:
    query = "SELECT count(*)::int4 FROM pg_catalog.pg_roles WHERE rolname = {role}"
    return bool(database.value(query, role=Literal(role)))


def _may_make_roles(database: Database) -> bool:
    query = "SELECT rolsuper OR rolcreaterole FROM pg_catalog.pg_roles WHERE rolname = current_user"
    return bool(database.value(query))


def _reads(database: Database, role: str, asked: str, of: str, right: str) -> bool:
    return bool(
        database.value(
            "SELECT {asked}({role}, {of}, {right})",
            asked=Identifier(asked),
            role=Literal(role),
            of=Literal(of),
            right=Literal(right),
        )
    )
