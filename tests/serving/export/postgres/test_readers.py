from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("adbc_driver_postgresql", reason="it comes with the extra `postgres`")

import psycopg
from psycopg.sql import SQL, Identifier

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from leadscore.features.contract.publishing import PostgresDestination
    from leadscore.serving.export.postgres.publish import Published

    Say = Callable[..., datetime]
    Publish = Callable[..., Published]
    Read = Callable[[], psycopg.Connection[Any]]
    Ask = Callable[..., list[Any]]

# A night with its day's number of leads above ten: what a reader sees is whole, or it is not.
SEEN = "SELECT count(*), count(DISTINCT as_of), min(as_of) FROM latest_tiers"
AGREES = (
    "SELECT count(*), count(DISTINCT t.as_of), min(t.as_of) FROM latest_tiers t"
    " JOIN nights n ON n.is_latest AND n.as_of = t.as_of"
)
ISOLATIONS = [psycopg.IsolationLevel.READ_COMMITTED, psycopg.IsolationLevel.REPEATABLE_READ]


@pytest.fixture
def read(server: str, settings: PostgresDestination) -> Read:
    """Connect as a reader of the test's schema."""

    def connect() -> psycopg.Connection[Any]:
        connection = psycopg.connect(server)
        connection.execute(SQL("SET search_path TO {}").format(Identifier(settings.schema_name)))
        connection.commit()
        return connection

    return connect


def test_readers_see_whole_nights_only_while_nights_are_swapped(
    read: Read, say: Say, publish: Publish, ask: Ask
) -> None:
    nights = [say(day, leads=10 + day) for day in range(8)]
    publish(nights[0])
    ask("CREATE VIEW of_the_team AS SELECT * FROM latest_tiers")
    seen: set[tuple[Any, ...]] = set()
    faults: list[BaseException] = []
    over = threading.Event()

    def poll(query: str, isolation: psycopg.IsolationLevel) -> None:
        try:
            with read() as connection:
                connection.prepare_threshold = 0
                connection.isolation_level = isolation
                while not over.is_set():
                    seen.add(connection.execute(query).fetchone())  # type: ignore[arg-type]
                    connection.commit()
        except BaseException as error:  # noqa: BLE001 - whatever a reader met fails the test
            faults.append(error)

    queries = [SEEN, AGREES, SEEN.replace("latest_tiers", "of_the_team")]
    pollers = [
        threading.Thread(target=poll, args=(query, isolation))
        for query in queries
        for isolation in ISOLATIONS
    ]
    for each in pollers:
        each.start()
    for night in nights[1:]:
        publish(night)
    time.sleep(0.2)
    over.set()
    for each in pollers:
        each.join()
    assert not faults
    whole = {(10 + day, 1, night) for day, night in enumerate(nights)}
    assert seen <= whole
    assert len(seen) > 3


def test_views_and_grants_of_others_survive_the_swap(
    say: Say, publish: Publish, ask: Ask, new_role: Callable[..., str]
) -> None:
    role = new_role()
    publish(say(0))
    ask("CREATE VIEW for_sales AS SELECT lead_id, tier FROM latest_tiers WHERE tier = 'SQL'")
    ask("CREATE MATERIALIZED VIEW counted AS SELECT tier, count(*) FROM latest_tiers GROUP BY 1")
    ask(f"GRANT SELECT ON latest_tiers, for_sales TO {role}")
    for day in (1, 2):
        publish(say(day, tier={f"L{day}": "SQL"}))
    assert ask("SELECT count(*) FROM for_sales") == [4]
    ask("REFRESH MATERIALIZED VIEW counted")
    assert ask("SELECT has_table_privilege(%s, 'latest_tiers', 'SELECT')", role) == [True]
    assert ask("SELECT has_table_privilege(%s, 'for_sales', 'SELECT')", role) == [True]


def test_a_reader_who_never_ends_stops_no_night_and_no_other_reader(
    read: Read, say: Say, publish: Publish, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leadscore.serving.export.postgres.live_tables.PAUSE_SECONDS", 0.0)
    nights = [say(day, leads=10 + day) for day in range(4)]
    publish(nights[0])
    with read() as idle:
        assert idle.execute("SELECT count(*) FROM latest_tiers").fetchone() == (10,)
        for day in (1, 2):
            published = publish(nights[day])
            assert published.outcome == "written"
            assert ask(SEEN) == [(10 + day, 1, nights[day])]
        # The reader's own transaction goes on, and sees what was committed.
        assert idle.execute("SELECT count(*) FROM latest_tiers").fetchone() == (12,)
    publish(nights[3])
    assert ask(SEEN) == [(13, 1, nights[3])]
    assert sorted(ask("SELECT count(*) FROM tiers_0") + ask("SELECT count(*) FROM tiers_1")) == [
        12, 13
    ]  # fmt: skip


def test_a_transaction_sees_the_night_it_began_with_however_many_follow(
    read: Read, say: Say, publish: Publish
) -> None:
    nights = [say(day, leads=10 + day) for day in range(4)]
    publish(nights[0])
    with read() as old:
        old.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        old.execute("SELECT 1 FROM pg_class LIMIT 1")  # its snapshot, without a lock on ours
        for night in nights[1:3]:
            publish(night)
        assert old.execute(SEEN).fetchone() == (10, 1, nights[0])
        old.commit()
        assert old.execute(SEEN).fetchone() == (12, 1, nights[2])


def test_a_killed_publisher_leaves_nothing_half_loaded_and_the_next_run_cleans_up(
    tmp_path: Path, read: Read, say: Say, publish: Publish, ask: Ask
) -> None:
    first, second = say(0), say(1, tier={"L2": "SQL"})
    publish(first)
    script = (
        "import sys; from datetime import datetime; from pathlib import Path\n"
        "from leadscore.features.contract.publishing import PostgresDestination\n"
        "from leadscore.serving.export.postgres.publish import publish_night\n"
        "settings = PostgresDestination(schema=sys.argv[3], reader_role='')\n"
        "publish_night(Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2]), settings)"
    )
    waiting = "SELECT pid FROM pg_stat_activity WHERE application_name = 'leadscore'"
    with read() as holder:
        # Between the rows and their record: the night is loaded, and not yet switched to.
        holder.execute("LOCK TABLE published IN EXCLUSIVE MODE")
        command = [sys.executable, "-c", script, str(tmp_path), second.isoformat()]
        run = subprocess.Popen([*command, ask("SELECT current_schema()::text")[0]])
        wait_for(lambda: bool(ask(f"{waiting} AND wait_event_type = 'Lock'")))
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
        assert ask("SELECT DISTINCT as_of FROM latest_tiers") == [first]
    wait_for(lambda: not ask(waiting))
    assert ask("SELECT DISTINCT as_of FROM latest_tiers") == [first]
    assert ask("SELECT as_of FROM nights") == [first]
    assert ask("SELECT to_regclass('history_20260701')") == [None]
    both = "SELECT DISTINCT as_of FROM (TABLE tiers_0 UNION TABLE tiers_1) AS of_both"
    assert ask(both) == [first]
    assert publish(second).outcome == "written"
    assert ask("SELECT DISTINCT as_of FROM latest_tiers") == [second]


def wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)
