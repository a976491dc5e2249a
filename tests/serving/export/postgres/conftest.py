"""Nights to publish, and a schema of the test's own to publish them into."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString

import pandas as pd
import pytest

from leadscore.features.contract.publishing import PostgresDestination
from leadscore.serving.ledger.writer import write_night
from tests.postgres_server import postgres_server  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg

    from leadscore.serving.export.postgres.publish import Published

FIRST = datetime(2026, 6, 30, tzinfo=UTC)
NUMBER = count()


@pytest.fixture
def settings(server: str, monkeypatch: pytest.MonkeyPatch) -> PostgresDestination:
    """A schema of the test's own, with a name that must be quoted."""
    monkeypatch.setenv("LEADSCORE_POSTGRES", server)
    return PostgresDestination(schema=f'Lead "Scores" {next(NUMBER)}', reader_role="")


@pytest.fixture
def ask(server: str, settings: PostgresDestination) -> Iterator[Callable[..., list[Any]]]:
    """Run a query in the test's schema; single columns come as plain values."""
    import psycopg

    with psycopg.connect(server, autocommit=True) as connection:
        path = psycopg.sql.SQL("SET search_path TO {}")
        connection.execute(path.format(psycopg.sql.Identifier(settings.schema_name)))

        def run(query: str, *values: object) -> list[Any]:
            cursor = connection.execute(query, values or None)  # type: ignore[arg-type]
            rows = cursor.fetchall() if cursor.description else []
            return [row[0] if len(row) == 1 else row for row in rows]

        yield run


@pytest.fixture
def clear(ask: Callable[..., list[Any]]) -> Callable[[], None]:
    """Drop the test's schema."""
    return lambda: ask(ask("SELECT format('DROP SCHEMA %I CASCADE', current_schema())")[0])


@pytest.fixture
def say(tmp_path: Path, night: pd.DataFrame) -> Callable[..., datetime]:
    """Write a night into the ledger of a project folder; `changes` are columns of single leads."""

    def write(
        day: int = 0, leads: int = 10, run_id: str = "", **changes: dict[str, Any]
    ) -> datetime:
        as_of = FIRST + pd.Timedelta(days=day)
        rows = night.iloc[[number % 10 for number in range(leads)]].reset_index(drop=True)
        rows["lead_id"] = [f"L{number}" for number in range(leads)]
        rows["as_of"], rows["run_id"] = pd.Timestamp(as_of), run_id or f"run-{day}"
        for column, values in changes.items():
            said = zip(rows["lead_id"], rows[column], strict=True)
            rows[column] = [values.get(lead_id, standing) for lead_id, standing in said]
        write_night(tmp_path, rows, replace=True)
        return as_of

    return write


@pytest.fixture
def publish(tmp_path: Path, settings: PostgresDestination) -> Callable[..., Published]:
    """Publish a night into the test's schema; what is given beside it changes the settings."""

    from leadscore.serving.export.postgres.publish import publish_night

    def run(night: datetime, **changed: str) -> Published:
        return publish_night(tmp_path, night, settings.model_copy(update=changed))

    return run


@pytest.fixture
def new_role(server: str) -> Callable[..., str]:
    """Name a role that nobody has; made, unless the test is to see that done."""

    import psycopg

    def named(*, make: bool = True) -> str:
        role = f"role_{next(NUMBER)}"
        if make:
            with psycopg.connect(server, autocommit=True) as connection:
                connection.execute(f"CREATE ROLE {role} NOLOGIN")  # type: ignore[call-overload]
        return role

    return named


@pytest.fixture
def log_in(server: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let the job come as a new login without rights of its own.

    With `password` the server asks for it, and `given` is what it gets; with `schema` the login
    owns that schema; with `member_of` it may take on that role.
    """

    import psycopg

    def made(password: str = "", given: str = "", schema: str = "", member_of: str = "") -> None:
        name, sql = f"login_{next(NUMBER)}", psycopg.sql
        with psycopg.connect(server, autocommit=True) as connection:

            def run(statement: LiteralString, *parts: psycopg.sql.Composable) -> None:
                connection.execute(sql.SQL(statement).format(*parts))

            who = sql.Identifier(name)
            run("CREATE ROLE {} LOGIN PASSWORD {}", who, sql.Literal(password or "unasked"))
            if schema:
                run("CREATE SCHEMA {} AUTHORIZATION {}", sql.Identifier(schema), who)
            if member_of:
                run("GRANT {} TO {}", sql.Identifier(member_of), who)
            if password:
                _ask_for_the_password_of(name, connection)
        host = server.rpartition("host=")[2]
        url = f"postgresql://{name}:{given}@/postgres?host={host}"
        monkeypatch.setenv("LEADSCORE_POSTGRES", url)

    return made


def _ask_for_the_password_of(name: str, connection: psycopg.Connection[Any]) -> None:
    """Put a rule first; by default the tests' server trusts whoever comes through its socket."""
    found = connection.execute("SHOW hba_file").fetchone()
    assert found is not None
    file = Path(found[0])
    file.write_text(f"local all {name} scram-sha-256\n{file.read_text()}")
    connection.execute("SELECT pg_reload_conf()")
    # The server's own process reads the file; the next connection may come before it has.
    time.sleep(0.3)
