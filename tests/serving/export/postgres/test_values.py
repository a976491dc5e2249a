from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from leadscore.serving.ledger.schema import SCHEMA

pytest.importorskip("adbc_driver_postgresql", reason="it comes with the extra `postgres`")

from leadscore.serving.export.postgres.connection import PostgresError, connected
from leadscore.serving.export.postgres.migrations import SLOTS, migrate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from leadscore.features.contract.publishing import PostgresDestination
    from leadscore.serving.export.postgres.connection import Database
    from leadscore.serving.export.postgres.publish import Published

    Say = Callable[..., datetime]
    Publish = Callable[..., Published]
    Ask = Callable[..., list[Any]]

# Every character but NUL, which PostgreSQL's text cannot hold, and halves of pairs, which no
# UTF-8 can.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))
VALUES: dict[pa.DataType, st.SearchStrategy[Any]] = {
    pa.string(): TEXT,
    pa.float64(): st.floats(allow_nan=False),
    pa.int32(): st.integers(-(2**31), 2**31 - 1),
    pa.timestamp("us", "UTC"): MOMENTS,
    pa.list_(pa.string()): st.lists(TEXT, max_size=4),
}
ROW = st.fixed_dictionaries(
    {
        field.name: st.none() | VALUES[field.type] if field.nullable else VALUES[field.type]
        for field in SCHEMA
    }
)


@pytest.fixture
def database(settings: PostgresDestination) -> Iterator[Database]:
    with connected(settings) as database:
        migrate(database)
        yield database


@examples(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40
)
@given(rows=st.lists(ROW, min_size=1, max_size=20))
def test_every_value_of_the_ledger_comes_back_as_it_went(
    database: Database, rows: list[dict[str, Any]]
) -> None:
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    with database.transaction():
        database.run("TRUNCATE {slot}", slot=database.named(SLOTS[0]))
        assert database.load(SLOTS[0], table.to_reader()) == len(rows)
        found = database.rows("TABLE {slot}", slot=database.named(SLOTS[0]))
    assert found == [tuple(row[name] for name in SCHEMA.names) for row in table.to_pylist()]


@pytest.mark.parametrize(
    ("column", "value"), [("brief", ["one\0two"]), ("team", "a\0b"), ("brief", ["\0", "fine"])]
)
def test_the_character_nul_is_refused_and_its_column_named(
    say: Say, publish: Publish, ask: Ask, column: str, value: object
) -> None:
    first, second = say(0), say(1, **{column: {"L4": value}})
    publish(first)
    with pytest.raises(PostgresError, match=f"{column} of the night 2026-07-01 .* character NUL"):
        publish(second)
    assert ask("SELECT DISTINCT as_of FROM latest_tiers") == [first]
