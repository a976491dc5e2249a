from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from leadscore.features.contract.contract import load_contract
from leadscore.features.contract.publishing import PostgresDestination
from leadscore.features.core.errors import ContractError
from leadscore.features.core.locks import project_lock
from leadscore.serving.ledger.schema import SCHEMA as LEDGER

pytest.importorskip("adbc_driver_postgresql", reason="it comes with the extra `postgres`")

import psycopg

from leadscore.serving.export.postgres.columns import COLUMNS, INTERNAL, READABLE
from leadscore.serving.export.postgres.connection import PostgresError, connected
from leadscore.serving.export.postgres.migrations import MIGRATIONS, migrate, version_of
from tests.serving.export.postgres.tls_server import TlsServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from leadscore.serving.export.postgres.publish import Published

    Say = Callable[..., datetime]
    Publish = Callable[..., Published]
    LogIn = Callable[..., None]
    NewRole = Callable[..., str]
    Ask = Callable[..., list[Any]]
    Ran = Any

SECRET = "hunt%40r2"  # noqa: S105 - made up
SCHEMA = "of_a_job_without_rights"
CONTRACT = '[leads]\npath = "leads.csv"\ntarget = "won"\n'


# ---- reaching the server


@pytest.fixture
def tls_server(tmp_path: Path) -> Iterator[TlsServer]:
    with TlsServer(tmp_path) as running:
        yield running


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", r"names the variable LEADSCORE_POSTGRES, which is not set; put the URL there"),
        (f"postgresql+psycopg://ada:{SECRET}@h/crm", "does not hold the URL of a PostgreSQL"),
        (f"postgresql://ada:{SECRET}%zz@h/crm", "with %40 and the like for special characters"),
        (f"postgresql://ada:{SECRET}@127.0.0.1:1/crm", "127.0.0.1.* port 1 .*Connection refused"),
        (f"postgresql://ada:{SECRET}@127.0.0.1:1/crm?sslmode=no", "invalid sslmode value"),
        (f"postgresql://ada:{SECRET}@h/crm?sslmode=verify-full&sslrootcert=/no", "failed|could"),
    ],
)
def test_a_server_that_cannot_be_reached_is_one_line_without_the_password(
    monkeypatch: pytest.MonkeyPatch, url: str, message: str
) -> None:
    monkeypatch.setenv("LEADSCORE_POSTGRES", url)
    with (
        pytest.raises(PostgresError, match=message) as caught,
        connected(PostgresDestination()),
    ):
        pass
    told = str(caught.value)
    assert "\n" not in told
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    assert not {"hunt", SECRET} & set(re.findall(r"\w+%?\w*", told))


def test_a_wrong_password_is_one_line(say: Say, publish: Publish, log_in: LogIn) -> None:
    log_in(password="right", given=SECRET)  # noqa: S106 - made up
    with pytest.raises(PostgresError, match="password authentication failed") as caught:
        publish(say())
    assert "\n" not in str(caught.value)
    assert "hunt" not in str(caught.value)
    log_in(password="right", given="right")  # noqa: S106 - made up
    with pytest.raises(PostgresError, match="permission denied"):
        publish(say())


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("sslmode=verify-full&sslrootcert={own}", "unexpected"),
        ("sslmode=verify-full&sslrootcert={other}", "certificate verify failed"),
        ("sslmode=disable", "expected authentication request"),
    ],
)
def test_what_the_url_says_of_tls_is_honoured(
    tls_server: TlsServer, monkeypatch: pytest.MonkeyPatch, asked: str, message: str
) -> None:
    query = asked.format(own=tls_server.certificate, other=tls_server.other_certificate)
    address = f"postgresql://ada:{SECRET}@127.0.0.1:{tls_server.port}/crm?{query}"
    monkeypatch.setenv("LEADSCORE_POSTGRES", address)
    with pytest.raises(PostgresError, match=message), connected(PostgresDestination()):
        pass
    assert tls_server.shaken_hands == ("{own}" in asked)


def test_tls_that_the_server_does_not_offer_is_insisted_on(
    tls_server: TlsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls_server.answer = b"N"
    address = f"postgresql://ada@127.0.0.1:{tls_server.port}/crm?sslmode=require"
    monkeypatch.setenv("LEADSCORE_POSTGRES", address)
    with (
        pytest.raises(PostgresError, match="server does not support SSL, but SSL was required"),
        connected(PostgresDestination()),
    ):
        pass


def test_a_missing_right_is_one_line_that_says_where_to_read_on(
    say: Say, publish: Publish, log_in: LogIn
) -> None:
    log_in()
    with pytest.raises(PostgresError, match=r"permission denied .* docs/postgres.md") as caught:
        publish(say())
    assert "\n" not in str(caught.value)


# ---- roles


def test_readers_read_the_views_and_nothing_else(
    say: Say, publish: Publish, ask: Ask, new_role: NewRole
) -> None:
    role = new_role(make=False)
    for day in (0, 1):
        assert publish(say(day), reader_role=role).to_do == ()
    ask(f"SET ROLE {role}")
    columns = (
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_name = %s AND table_schema = current_schema()"
    )
    assert ask(columns, "latest_tiers") == list(READABLE)
    assert ask("SELECT count(*) FROM latest_tiers") == [10]
    assert ask("SELECT count(*) FROM tier_history") == [10]
    tables = [f"TABLE {table}" for table in ("tiers_0", "history", "published", "latest_slot")]
    for query in (*tables, "DELETE FROM tier_history"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            ask(query)
    assert set(INTERNAL).isdisjoint(READABLE)


def test_a_job_that_may_not_make_roles_says_what_an_administrator_must_run(
    say: Say, publish: Publish, ask: Ask, log_in: LogIn, new_role: NewRole
) -> None:
    role, night = new_role(make=False), say()
    log_in(schema=SCHEMA)
    published = publish(night, schema_name=SCHEMA, reader_role=role)
    assert (published.outcome, published.to_do) == ("written", (f'CREATE ROLE "{role}" NOLOGIN;',))
    ask(published.to_do[0])
    again = publish(night, schema_name=SCHEMA, reader_role=role)
    assert (again.outcome, again.to_do) == ("unchanged", ())
    ask(f"SET ROLE {role}")
    ask(f"SET search_path TO {SCHEMA}")
    assert ask("SELECT count(*) FROM latest_tiers") == [10]


def test_the_job_takes_on_its_role_so_that_logins_can_take_turns(
    say: Say, publish: Publish, ask: Ask, log_in: LogIn, new_role: NewRole
) -> None:
    job = new_role()
    ask(f"CREATE SCHEMA of_{job} AUTHORIZATION {job}")
    for day in (0, 1):
        log_in(member_of=job)
        published = publish(say(day), schema_name=f"of_{job}", job_role=job)
        assert published.outcome == "written"
    log_in()
    with pytest.raises(PostgresError, match=f'make the role, and run: GRANT "{job}" TO "login_'):
        publish(say(2), schema_name=f"of_{job}", job_role=job)


# ---- versions of the schema


def test_a_schema_is_brought_to_the_newest_version_from_any(
    settings: PostgresDestination, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = len(MIGRATIONS)
    with connected(settings) as database:
        assert version_of(database) == 0
        with monkeypatch.context() as patch:
            patch.setattr("leadscore.serving.export.postgres.migrations.MIGRATIONS", MIGRATIONS[:1])
            assert migrate(database) == 0
        assert version_of(database) == 1
        assert migrate(database) == 1
        assert migrate(database) == newest
    assert ask("SELECT version FROM schema_version ORDER BY 1") == list(range(1, newest + 1))


def test_a_migration_that_fails_leaves_nothing(
    settings: PostgresDestination, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(database: Any) -> None:
        """Make a table, and stumble."""
        database.run("CREATE TABLE {schema}.half (x int4)")
        database.run("SELECT 1 / 0")

    monkeypatch.setattr(
        "leadscore.serving.export.postgres.migrations.MIGRATIONS", (*MIGRATIONS, breaks)
    )
    with connected(settings) as database:
        with pytest.raises(PostgresError, match="division by zero"):
            migrate(database)
        assert version_of(database) == len(MIGRATIONS)
    assert ask("SELECT to_regclass('half')") == [None]


def test_a_schema_of_a_newer_leadscore_is_refused(say: Say, publish: Publish, ask: Ask) -> None:
    night = say()
    publish(night)
    ask("INSERT INTO schema_version (version, what) VALUES (99, 'from the future')")
    with pytest.raises(PostgresError, match="is of version 99, and this leadscore knows versions"):
        publish(night)


def test_the_tables_have_the_ledgers_columns_in_its_order() -> None:
    assert list(COLUMNS) == LEDGER.names, "write a migration that adds the ledger's new column"


# ---- settings and command


@pytest.fixture
def folder(tmp_path: Path, say: Say, settings: PostgresDestination) -> Path:
    say()
    quoted = settings.schema_name.replace('"', '\\"')
    section = f'[publish.postgres]\nschema = "{quoted}"\nreader_role = ""\n'
    (tmp_path / "leadscore.toml").write_text(CONTRACT + section)
    return tmp_path


def test_the_command_publishes_the_newest_night(folder: Path, run_cli: Any, say: Say) -> None:
    say(1)
    ran = run_cli("publish", "-C", folder, "--json")
    assert (ran.code, json.loads(ran.out)["outcome"]) == (0, "written")
    assert "2026-07-01 00:00 UTC in PostgreSQL: 10 leads; readers see it now" in ran.err
    assert "nothing was changed" in run_cli("publish", "-C", folder).err
    older = run_cli("publish", "-C", folder, "--as-of", "2026-06-30")
    assert older.code == 0
    assert "readers go on seeing a later night" in older.err


def test_the_command_ends_with_1_where_an_administrator_is_needed(
    folder: Path, run_cli: Any, log_in: LogIn, new_role: NewRole
) -> None:
    log_in(schema="of_the_command")
    section = f'schema = "of_the_command"\nreader_role = "{new_role(make=False)}"\n'
    (folder / "leadscore.toml").write_text(f"{CONTRACT}[publish.postgres]\n{section}")
    ran = run_cli("publish", "-C", folder)
    assert ran.code == 1
    assert "Let a database administrator run this" in ran.err


def test_the_command_ends_with_2_and_one_line_where_the_server_is_away(
    folder: Path, run_cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADSCORE_POSTGRES", f"postgresql://ada:{SECRET}@127.0.0.1:1/crm")
    ran = run_cli("publish", "-C", folder)
    assert ran.code == 2
    assert len(ran.err.strip().splitlines()) == 1
    assert "Connection refused" in ran.err


def test_the_command_ends_with_3_where_another_run_works(folder: Path, run_cli: Any) -> None:
    with project_lock(folder, command="leadscore score"):
        ran = run_cli("publish", "-C", folder)
    assert ran.code == 3
    assert "Another run works in" in ran.err


def test_the_command_ends_with_2_where_the_ledger_is_empty(folder: Path, run_cli: Any) -> None:
    shutil.rmtree(folder / "ledger")
    ran = run_cli("publish", "-C", folder)
    assert ran.code == 2
    assert "holds no night yet" in ran.err


def test_the_command_ends_with_2_where_no_place_is_named(folder: Path, run_cli: Any) -> None:
    (folder / "leadscore.toml").write_text(CONTRACT)
    ran = run_cli("publish", "-C", folder)
    assert ran.code == 2
    assert "add the section [publish.postgres]" in ran.err


@pytest.mark.parametrize(
    ("section", "fault"),
    [
        ('adress = "env:X"', "`publish.postgres.adress` is not a setting. Did you mean 'address'?"),
        ('shema = "x"', "Did you mean 'schema'?"),
        ('history = "some"', "`publish.postgres.history`: "),
        (f'address = "postgresql://a:{SECRET}@h/x"', "does not belong in a file"),
        ('schema = ""', "`publish.postgres.schema`: "),
    ],
)
def test_faults_of_the_section_are_named(folder: Path, section: str, fault: str) -> None:
    (folder / "leadscore.toml").write_text(f"{CONTRACT}[publish.postgres]\n{section}\n")
    with pytest.raises(ContractError, match=re.escape(fault)) as caught:
        load_contract(folder)
    assert SECRET not in str(caught.value)


def test_where_scores_go_does_not_name_a_training(folder: Path) -> None:
    with_section = load_contract(folder)
    assert with_section.publish.postgres is not None
    (folder / "leadscore.toml").write_text(CONTRACT)
    assert load_contract(folder).model_dump_json() == with_section.model_dump_json()


def test_a_destination_made_in_python_is_judged_alike() -> None:
    with pytest.raises(ValidationError, match="does not belong in a file"):
        PostgresDestination(address="postgresql://localhost/crm")
