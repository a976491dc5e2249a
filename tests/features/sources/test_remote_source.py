"""Tables read from a real PostgreSQL server."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import pytest

from leadscore.features.core.errors import DataError
from tests.postgres_server import postgres_server  # noqa: F401 - a fixture

psycopg = pytest.importorskip("psycopg", reason="it comes with the extra `postgres`")

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[[str], None]

NUMBER = count()
FLAT = """
[leads]
address = "env:CRM"
table = "{table}"
lead_id = "{lead_id}"
target = "won"
[leads.columns]
{columns}
"""
ODD_TYPES = """
CREATE TYPE mood AS ENUM ('hot', 'cold');
CREATE TABLE leads (
    id uuid, won int2, "Exact" numeric, amount numeric(12, 2), at timestamptz, facts jsonb,
    mood mood, tags text[], "from" inet, words tsvector, open bool, born date
);
INSERT INTO leads VALUES (
    '6ecd8c99-4036-403d-bf84-cf8400f67836', 1, 0.12345678901234567890, 'NaN', '2026-01-02 03:04+02',
    '{"a": 1}', 'hot', '{a,b}', '10.0.0.1', 'one two', true, '2026-01-02'
);
INSERT INTO leads (id, won) VALUES ('3f333df6-90a4-4fda-8dd3-9485d27cee36', 0);
"""


@pytest.fixture
def run(server, monkeypatch):
    """Run statements in a database of the test's own, which the variable CRM leads to."""
    name = f"crm_{next(NUMBER)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    address = server.replace("/postgres?", f"/{name}?")
    monkeypatch.setenv("CRM", address)

    def execute(statements):
        with psycopg.connect(address) as connection:
            connection.execute(statements)

    return execute


@pytest.fixture
def leads(write_project, open_project):
    """Read the leads of a flat table: their ids and columns."""

    def read(table, lead_id="id", **columns):
        specs = "\n".join(f'"{name}" = "{spec}"' for name, spec in columns.items())
        contract = FLAT.format(table=table, lead_id=lead_id, columns=specs)
        opened = open_project(write_project(contract))
        names = {each.name: each.column for each in opened.attributes}
        rows = opened.leads.order_by(opened.leads.target.desc()).to_pyarrow().to_pylist()
        return [
            {"id": row["lead_id"], **{column: row[name] for name, column in names.items()}}
            for row in rows
        ]

    return read


def test_every_type_of_postgresql_is_read(run, leads):
    run(ODD_TYPES)
    text = dict.fromkeys(("facts", "mood", "tags", "from", "words", "open"), "firmographic:text")
    first, second = leads("leads", Exact="firmographic", amount="firmographic", **text)
    assert first["id"] == "6ecd8c99-4036-403d-bf84-cf8400f67836"
    assert first["Exact"] == pytest.approx(0.12345678901234568)
    assert first["amount"] is None  # not a number, which a numeric may be
    assert (first["mood"], first["from"], first["words"]) == ("hot", "10.0.0.1/32", "'one' 'two'")
    assert (first["facts"], first["tags"], first["open"]) == ('{"a": 1}', "[a, b]", "true")
    assert set(second.values()) == {"3f333df6-90a4-4fda-8dd3-9485d27cee36", None}


def test_exact_numbers_are_ids_without_a_fraction(run, leads):
    run("CREATE TABLE leads (id numeric, city text, won int2)")
    run("INSERT INTO leads VALUES (9007199254740993, 'Ulm', 1), (42, 'Bern', 0)")
    assert [lead["id"] for lead in leads("leads", city="firmographic:text")] == [
        "9007199254740993", "42"
    ]  # fmt: skip


def test_names_are_taken_as_they_are_written(run, leads):
    run('CREATE TABLE "Crm Leads" ("Lead Id" text, "City" text, won int2)')
    run("INSERT INTO \"Crm Leads\" VALUES ('a', 'Ulm', 1)")
    assert leads("Crm Leads", lead_id="Lead Id", City="firmographic:text") == [
        {"id": "a", "City": "Ulm"}
    ]


@pytest.mark.parametrize("kind", ["TABLE", "VIEW", "MATERIALIZED VIEW"])
def test_a_table_or_view_of_another_schema_is_found(run, leads, kind):
    run('CREATE SCHEMA "Sales"')
    run(f"CREATE {kind} \"Sales\".leads AS SELECT 'a' AS id, 'Ulm' AS city, 1 AS won")
    run("CREATE TABLE \"x.leads\" AS SELECT 'b' AS id, 'Bern' AS city, 1 AS won")
    assert leads("Sales.leads", city="firmographic:text") == [{"id": "a", "city": "Ulm"}]
    assert leads("x.leads", city="firmographic:text") == [{"id": "b", "city": "Bern"}]


def test_a_table_that_is_not_there_is_named(run, leads):
    for name in ("leads", "sales.leads"):
        with pytest.raises(DataError, match=rf"table '{name}' behind postgresql:… cannot be read"):
            leads(name)


def test_events_and_outcomes_are_read_in_the_contracts_terms(run, write_project, open_project):
    run("CREATE TABLE leads AS SELECT 1::bigint AS id, timestamptz '2026-01-01' AS born")
    run("CREATE TABLE log (who bigint, at timestamptz, what text, worth numeric)")
    run("INSERT INTO log VALUES (1, '2026-01-02 03:04+02', 'visit', 1.5), (1, NULL, 'visit', 2)")
    run("CREATE TABLE stages (who numeric(10), at timestamp, stage text)")
    run("INSERT INTO stages VALUES (1, '2026-01-03', 'won')")
    opened = open_project(
        write_project(
            """
            [leads]
            address = "env:CRM"
            table = "leads"
            lead_id = "id"
            created_at = "born"
            [events]
            address = "env:CRM"
            table = "log"
            lead_id = "who"
            occurred_at = "at"
            kind = "what"
            value = "worth"
            [outcomes]
            address = "env:CRM"
            table = "stages"
            lead_id = "who"
            occurred_at = "at"
            [reading]
            max_quarantine_share = 1.0
            """
        )
    )
    event, outcome = (t.to_pyarrow().to_pylist()[0] for t in (opened.events, opened.outcomes))
    assert (event["lead_id"], str(event["occurred_at"])) == ("1", "2026-01-02 01:04:00")
    assert event["value"] == 1.5
    assert (outcome["lead_id"], outcome["stage"]) == ("1", "won")
