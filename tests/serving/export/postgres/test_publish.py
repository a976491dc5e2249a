from __future__ import annotations

import shutil
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from leadscore.features.core.errors import RunLocked
from leadscore.serving.ledger.reader import read_night
from leadscore.serving.ledger.schema import LedgerError

pytest.importorskip("adbc_driver_postgresql", reason="it comes with the extra `postgres`")

from leadscore.serving.export.postgres.connection import PostgresError, connected
from leadscore.serving.export.postgres.publish import _alone

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from leadscore.features.contract.publishing import PostgresDestination
    from leadscore.serving.export.postgres.publish import Published

    Say = Callable[..., datetime]
    Publish = Callable[..., Published]
    Ask = Callable[..., list[Any]]


def test_readers_see_what_the_ledger_says(
    tmp_path: Path, say: Say, publish: Publish, ask: Ask
) -> None:
    night = say()
    published = publish(night)
    assert (published.outcome, published.rows, published.history_rows) == ("written", 10, 10)
    assert list(published.seconds) == [
        "read", "connect", "schema", "empty", "latest", "history", "switch"
    ]  # fmt: skip
    ledger = read_night(tmp_path, night)
    rows = ask(
        "SELECT lead_id, p_sql, tier, reasons_for, reasons_against, expected_value, as_of"
        " FROM latest_tiers ORDER BY lead_id"
    )
    assert len(rows) == len(ledger)
    for found, (_, said) in zip(rows, ledger.iterrows(), strict=True):
        assert found == (
            said["lead_id"], said["p_sql"], said["tier"], said["reasons_for"],
            said["reasons_against"], None, night,
        )  # fmt: skip
    assert ask("SELECT as_of, leads, policy_version, is_latest FROM nights") == [
        (night, 10, "de7e9c51cc3f", True)
    ]


def test_the_next_night_replaces_the_latest_and_adds_what_changed_to_the_history(
    say: Say, publish: Publish, ask: Ask
) -> None:
    publish(say(0))
    # A point of the score is a change, a hundredth of one is not; L11 is new.
    night = say(1, leads=11, tier={"L3": "MQL"}, score={"L5": 61.0, "L6": 65.01})
    published = publish(night)
    assert (published.outcome, published.history_rows) == ("written", 3)
    assert ask("SELECT DISTINCT as_of FROM latest_tiers") == [night]
    assert ask("SELECT count(*) FROM latest_tiers") == [11]
    changed = ask("SELECT lead_id FROM tier_history WHERE as_of = %s ORDER BY 1", night)
    assert changed == ["L10", "L3", "L5"]
    assert ask("SELECT count(*) FROM tier_history") == [13]


@pytest.mark.parametrize(("mode", "kept"), [("all", 20), ("none", 0)])
def test_the_history_may_hold_all_or_nothing(
    say: Say, publish: Publish, ask: Ask, mode: str, kept: int
) -> None:
    for day in (0, 1):
        publish(say(day), history=mode)
    assert ask("SELECT count(*) FROM tier_history") == [kept]
    assert ask("SELECT count(*) FROM latest_tiers") == [10]


def test_the_same_night_again_changes_nothing(say: Say, publish: Publish, ask: Ask) -> None:
    night = say()
    publish(night)
    standing = "SELECT xmin::text, ctid::text, * FROM {}"
    tables = ("published", "latest_slot", "tiers_0", "tiers_1", "history", "schema_version")
    before = [ask(standing.format(table)) for table in tables]
    again = publish(night)
    assert (again.outcome, again.history_rows) == ("unchanged", 10)
    assert [ask(standing.format(table)) for table in tables] == before


def test_an_older_night_goes_to_the_history_alone(say: Say, publish: Publish, ask: Ask) -> None:
    older, later = say(0), say(1)
    publish(later)
    published = publish(older)
    assert (published.outcome, published.history_rows) == ("kept-older", 10)
    assert ask("SELECT DISTINCT as_of FROM latest_tiers") == [later]
    assert ask("SELECT as_of, is_latest FROM nights ORDER BY 1") == [(older, False), (later, True)]
    assert publish(older).outcome == "unchanged"


def test_nights_that_come_in_any_order_leave_the_same_history(
    say: Say, publish: Publish, ask: Ask, clear: Callable[[], None]
) -> None:
    nights = [say(0), say(1, tier={"L3": "MQL"}), say(2, tier={"L3": "MQL"}), say(3)]
    for order in ([0, 1, 2, 3], [3, 0, 2, 1], [2, 3, 1, 0]):
        for turn in order:
            publish(nights[turn])
        rows = ask("SELECT as_of, lead_id FROM tier_history ORDER BY 1, 2")
        assert rows[10:] == [(nights[1], "L3"), (nights[3], "L3")]
        assert ask("SELECT history_rows FROM published ORDER BY as_of") == [10, 1, 0, 1]
        clear()


def test_a_night_said_anew_replaces_what_stood_there(say: Say, publish: Publish, ask: Ask) -> None:
    first, second = say(0), say(1)
    for night in (first, second):
        publish(night)
    say(1, leads=9, run_id="again", tier={"L2": "SQL"})
    published = publish(second)
    assert (published.outcome, published.rows, published.history_rows) == ("replaced", 9, 1)
    assert ask("SELECT tier FROM latest_tiers WHERE lead_id = 'L2'") == ["SQL"]
    assert ask("SELECT count(*) FROM latest_tiers") == [9]
    assert ask("SELECT lead_id FROM tier_history WHERE as_of = %s", second) == ["L2"]
    # The first night anew: what changed on the second follows.
    say(0, run_id="again", tier={"L2": "SQL", "L4": "SQL"})
    assert publish(first).outcome == "kept-older"
    assert ask("SELECT lead_id FROM tier_history WHERE as_of = %s", second) == ["L4"]


def test_other_settings_for_the_history_publish_the_night_again(
    say: Say, publish: Publish, ask: Ask
) -> None:
    night = say()
    publish(night, history="none")
    assert publish(night).history_rows == 10
    emptied = publish(night, history="none")
    assert (emptied.outcome, emptied.history_rows) == ("replaced", 0)
    assert ask("SELECT count(*) FROM tier_history") == [0]


def test_a_night_with_a_time_of_day_has_a_partition_of_its_own(
    say: Say, publish: Publish, ask: Ask
) -> None:
    for day in (0, 0.25, 0.5):
        publish(say(day), history="all")
    partitions = "SELECT DISTINCT tableoid::regclass::text FROM history ORDER BY 1"
    assert ask(partitions) == [
        "history_20260630", "history_20260630t060000_000000", "history_20260630t120000_000000"
    ]  # fmt: skip


def test_a_night_in_several_files_is_one_night(
    tmp_path: Path, say: Say, publish: Publish, ask: Ask
) -> None:
    night = say(leads=25)
    file = tmp_path / "ledger" / f"night={night:%Y-%m-%d}" / "part-0.parquet"
    table = pq.read_table(file, partitioning=None)
    pq.write_table(table.slice(0, 10), file)
    pq.write_table(table.slice(10), file.with_name("part-1.parquet"))
    assert publish(night).rows == 25
    assert ask("SELECT lead_id FROM latest_tiers ORDER BY 1") == sorted(
        f"L{number}" for number in range(25)
    )


def test_a_lead_that_stands_twice_publishes_nothing(
    tmp_path: Path, say: Say, publish: Publish, ask: Ask
) -> None:
    first, second = say(0), say(1)
    publish(first)
    file = tmp_path / "ledger" / f"night={second:%Y-%m-%d}" / "part-0.parquet"
    shutil.copy(file, file.with_name("part-1.parquet"))
    with pytest.raises(PostgresError, match="a lead stands twice in the night 2026-07-01"):
        publish(second)
    assert ask("SELECT DISTINCT as_of FROM latest_tiers") == [first]
    assert ask("SELECT count(*) FROM tier_history WHERE as_of = %s", second) == [0]
    file.with_name("part-1.parquet").unlink()
    assert publish(second).outcome == "written"


def test_a_night_that_the_ledger_does_not_hold_is_named(say: Say, publish: Publish) -> None:
    night = say()
    with pytest.raises(LedgerError, match=r"no night 2026-07-01 .* Its newest are 2026-06-30"):
        publish(night + timedelta(days=1))


def test_one_run_at_a_time_publishes_into_a_schema(
    say: Say, publish: Publish, settings: PostgresDestination
) -> None:
    with (
        connected(settings) as database,
        _alone(database),
        pytest.raises(RunLocked, match="Another run publishes into the schema"),
    ):
        publish(say())


def test_a_night_whose_predecessor_left_the_ledger_counts_as_new(
    tmp_path: Path, say: Say, publish: Publish
) -> None:
    first, second = say(0), say(1)
    publish(first)
    shutil.rmtree(tmp_path / "ledger" / f"night={first:%Y-%m-%d}")
    assert publish(second).history_rows == 10


def test_a_night_from_before_a_column_has_it_empty(
    tmp_path: Path, say: Say, publish: Publish, ask: Ask
) -> None:
    first, second = say(0), say(1)
    file = tmp_path / "ledger" / f"night={first:%Y-%m-%d}" / "part-0.parquet"
    table = pq.read_table(file, partitioning=None)
    pq.write_table(table.drop_columns(["team", "brief"]), file)
    publish(first)
    assert ask("SELECT DISTINCT team, brief FROM latest_tiers") == [(None, None)]
    assert publish(second).history_rows == 10  # each has a team now
