"""One night of the ledger into PostgreSQL, whole or not at all."""

from __future__ import annotations

import hashlib
import logging
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING, Literal

from psycopg import sql

from leadscore.features.contract import CONTRACT_FILE, PostgresDestination, load_contract
from leadscore.features.core import ContractError, RunLocked, project_lock
from leadscore.serving.export.postgres.connection import PostgresError, SaidTwice, connected
from leadscore.serving.export.postgres.history import write_history
from leadscore.serving.export.postgres.ledger_rows import ledger_night
from leadscore.serving.export.postgres.live_tables import (
    empty_hidden,
    latest_night,
    load_hidden,
    switch,
)
from leadscore.serving.export.postgres.migrations import PUBLISHED, migrate
from leadscore.serving.export.postgres.roles import let_read
from leadscore.serving.ledger import LedgerError, nights

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from leadscore.serving.export.postgres.connection import Database
    from leadscore.serving.export.postgres.ledger_rows import LedgerNight

Outcome = Literal["written", "replaced", "unchanged", "kept-older"]

# What must be as it was for a night to count as published already; the settings' part is the mode.
IDENTITY = ("leads", "history", "digest", "run_id", "model_version", "policy_version")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Published:
    """What became of a night in PostgreSQL.

    Parameters
    ----------
    as_of
        The night.
    rows
        How many leads it holds.
    history_rows
        How many of them the history holds: those that changed, by default.
    outcome
        `written`; `replaced`, where other verdicts stood there; `unchanged`, where the same did;
        `kept-older`, where readers go on seeing a later night and only the history was written.
    seconds
        By step, in their order.
    to_do
        What a database administrator must run for readers to read; empty where all is done.
    """

    as_of: datetime
    rows: int
    history_rows: int
    outcome: Outcome
    seconds: dict[str, float] = field(default_factory=dict)
    to_do: tuple[str, ...] = ()


def publish_night(directory: Path, as_of: datetime, settings: PostgresDestination) -> Published:
    """Publish one night of a project's ledger; call it under the project's lock.

    Readers see the earlier night until all of this one is there. The same night again changes
    nothing; a night older than the one that readers see goes to the history alone.

    Parameters
    ----------
    directory
        The project folder.
    as_of
        The night, with a time zone.
    settings
        Where to, and how.

    Returns
    -------
    Published

    Raises
    ------
    LedgerError
        Where the ledger has no such night.
    PostgresError
        In one line, where the database cannot be reached or refuses; nothing has changed then.
    RunLocked
        Where another run publishes into the schema.
    """
    clock = _Clock()
    night = ledger_night(directory, as_of.astimezone(UTC))
    clock.done("read")
    with connected(settings) as database, _alone(database):
        clock.done("connect")
        migrate(database)
        to_do = let_read(database, settings.reader_role) if settings.reader_role else ()
        clock.done("schema")
        outcome = _outcome(database, night, settings)
        if outcome != "unchanged":
            with _faults_of(night, database.place):
                _publish(database, directory, night, settings, outcome=outcome, clock=clock)
        history_rows = _history_rows(database, night.as_of)
    return Published(night.as_of, night.rows, history_rows, outcome, clock.seconds, to_do)


def publish(directory: Path, as_of: datetime | None = None) -> Published:
    """Publish a night to where `[publish.postgres]` of a project's leadscore.toml says.

    Parameters
    ----------
    directory
        The project folder.
    as_of
        The night, with a time zone; the newest of the ledger, where left out.

    Returns
    -------
    Published

    Raises
    ------
    LeadScoreError
        As `publish_night` says, and where leadscore.toml names no destination.
    RunLocked
        Where another run works in this project, or publishes into the schema.
    """
    settings = load_contract(directory).publish.postgres
    if settings is None:
        raise ContractError(
            f"{directory / CONTRACT_FILE} does not say where to publish; add the section "
            "[publish.postgres], empty if the defaults suit, and put the URL of the database into "
            f"the variable {PostgresDestination().variable}"
        )
    with project_lock(directory, command="leadscore publish"):
        known = nights(directory)
        if as_of is None and not known:
            message = f"the ledger of {directory} holds no night yet; run `leadscore score`"
            raise LedgerError(message)
        return publish_night(directory, as_of or known[-1], settings)


class _Clock:
    """Seconds by step, in their order."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._since = time.perf_counter()

    def done(self, step: str) -> None:
        now = time.perf_counter()
        self.seconds[step] = now - self._since
        self._since = now
        logger.info("%s took %.1f s", step, self.seconds[step])


@contextmanager
def _alone(database: Database) -> Iterator[None]:
    """Let one run at a time publish into a schema; the server frees the lock with the session."""
    name = hashlib.sha256(f"leadscore {database.schema}".encode()).digest()
    key = sql.Literal(int.from_bytes(name[:8], signed=True))
    if not database.value("SELECT pg_try_advisory_lock({key})", key=key):
        raise RunLocked(
            f"Another run publishes into the schema {database.schema!r} of {database.place}. Wait "
            "until it ends, then try again."
        )
    yield


def _outcome(database: Database, night: LedgerNight, settings: PostgresDestination) -> Outcome:
    standing = _standing(database, night.as_of)
    if standing is not None and standing == _identity(night, settings):
        return "unchanged"
    latest = latest_night(database)
    if latest is not None and night.as_of < latest:
        return "kept-older"
    return "written" if standing is None else "replaced"


def _publish(
    database: Database,
    directory: Path,
    night: LedgerNight,
    settings: PostgresDestination,
    *,
    outcome: Outcome,
    clock: _Clock,
) -> None:
    """Load and switch in one transaction: what dies on the way leaves nothing."""
    is_latest = outcome != "kept-older"
    is_empty = is_latest and empty_hidden(database)
    clock.done("empty")
    with database.transaction():
        if is_latest:
            rows = load_hidden(database, night.batches(), is_empty=is_empty)
            if rows != night.rows:
                raise PostgresError(
                    f"{database.place}: {rows:,} of {night.rows:,} rows arrived; nothing was "
                    "published. Is another program writing to the ledger?"
                )
            clock.done("latest")
        _record(database, night, settings)
        write_history(database, directory, night, mode=settings.history)
        clock.done("history")
        if is_latest:
            switch(database, night.as_of)
    clock.done("switch")


def _identity(night: LedgerNight, settings: PostgresDestination) -> tuple[object, ...]:
    """Return the values of `IDENTITY`."""
    versions = (night.run_id, night.model_version, night.policy_version)
    return (night.rows, settings.history, night.digest, *versions)


def _standing(database: Database, as_of: datetime) -> tuple[object, ...] | None:
    """Return the values of `IDENTITY` of a night that was published before."""
    found = database.rows(
        "SELECT {columns} FROM {published} WHERE as_of = {as_of}",
        columns=_listed(IDENTITY),
        published=database.named(PUBLISHED),
        as_of=sql.Literal(as_of),
    )
    return found[0] if found else None


def _record(database: Database, night: LedgerNight, settings: PostgresDestination) -> None:
    values = (night.as_of, 0, *_identity(night, settings))
    database.run(
        "DELETE FROM {published} WHERE as_of = {as_of}",
        published=database.named(PUBLISHED),
        as_of=sql.Literal(night.as_of),
    )
    database.run(
        "INSERT INTO {published} ({columns}) VALUES ({values})",
        published=database.named(PUBLISHED),
        columns=_listed(("as_of", "history_rows", *IDENTITY)),
        values=sql.SQL(", ").join(map(sql.Literal, values)),
    )


def _history_rows(database: Database, as_of: datetime) -> int:
    return int(
        database.value(
            "SELECT history_rows FROM {published} WHERE as_of = {as_of}",
            published=database.named(PUBLISHED),
            as_of=sql.Literal(as_of),
        )
    )


def _listed(names: tuple[str, ...]) -> sql.Composable:
    return sql.SQL(", ").join(map(sql.Identifier, names))


@contextmanager
def _faults_of(night: LedgerNight, place: str) -> Iterator[None]:
    """Say in the ledger's words what of a night cannot be stored."""
    try:
        yield
    except SaidTwice as error:
        raise PostgresError(
            f"{place}: a lead stands twice in the night {night.as_of:%Y-%m-%d %H:%M}; nothing was "
            "published. Score the night again with --replace"
        ) from error
    except PostgresError as error:
        if "0x00" not in str(error):
            raise
        raise PostgresError(
            f"{place}: {', '.join(night.nul_columns())} of the night "
            f"{night.as_of:%Y-%m-%d %H:%M} hold the character NUL, which PostgreSQL cannot store; "
            "nothing was published. Mend the table it comes from, and score the night again with "
            "--replace"
        ) from error
