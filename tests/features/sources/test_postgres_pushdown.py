"""Tables that stay in a real PostgreSQL server: the same values as from copies of them."""

from __future__ import annotations

import re
from itertools import count

import ibis
import pandas as pd
import pytest

from leadscore.features.cells import flag_cell, list_cell, measure_cell
from leadscore.features.contract import Reading
from leadscore.features.core.errors import DataError
from leadscore.features.families.feature_table import build_features
from leadscore.features.point_in_time.snapshots import nightly_snapshots, training_snapshots
from leadscore.features.sources.postgres_dialect import AsDuckDB
from tests.features.conftest import CONTRACT
from tests.postgres_server import postgres_server  # noqa: F401 - a fixture

psycopg = pytest.importorskip("psycopg", reason="it comes with the extra `postgres`")


NUMBER = count()
PUSHED = CONTRACT.replace("[reading]", "[reading]\npush_down = true")


def behind_address(contract, variable="CRM"):
    """Let a contract's tables stand behind an address in place of files."""
    return re.sub(r'path = "(\w+)\.csv"', rf'address = "env:{variable}"\ntable = "\1"', contract)


@pytest.fixture
def crm(server, monkeypatch):
    """Fill a database of the test's own, which a variable leads to; gives its address."""

    def fill(variable="CRM", **tables):
        name = f"pushed_{next(NUMBER)}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        address = server.replace("/postgres?", f"/{name}?")
        monkeypatch.setenv(variable, address)
        connection = ibis.connect(address)
        for table, rows in tables.items():
            connection.create_table(table, rows)
        connection.disconnect()
        return address

    return fill


@pytest.fixture
def typed(company):
    """The company as a database holds it, with two rows that cannot be used."""
    leads = company.leads.copy()
    leads["Site visits"] = pd.to_numeric(leads["Site visits"].str.replace(",", ""), errors="coerce")
    events = company.events.copy()
    events.loc[0, "lead_id"], events.loc[1, "kind"] = "nobody", "n/a"
    return {"leads": leads, "events": events, "outcomes": company.outcomes}


def features(tables):
    snapshots = training_snapshots(tables, ages_days=(0, 2, 7, 21, 60))
    return build_features(tables, snapshots).to_pandas()


def test_features_worked_out_in_the_database_are_those_of_a_copy(
    crm, typed, write_project, open_project
):
    crm(**typed)
    copied = open_project(write_project(behind_address(CONTRACT)))
    said = features(copied)
    pushed = open_project(write_project(behind_address(PUSHED)))
    assert (copied.engine, pushed.engine) == ("duckdb", "postgres")
    pd.testing.assert_frame_equal(features(pushed), said, rtol=1e-9, atol=1e-9)
    assert len(said) > 200
    moment = pushed.data_end
    for tables in (copied, pushed):
        night = nightly_snapshots(tables, as_of=moment)
        assert night.order_by("lead_id").lead_id.to_pandas().is_monotonic_increasing
        assert night.count().to_pyarrow().as_py() > 10


def test_what_cannot_be_used_is_set_aside_as_from_a_copy(crm, typed, write_project, open_project):
    crm(**typed)
    copied = open_project(write_project(behind_address(CONTRACT))).quarantine
    pushed = open_project(write_project(behind_address(PUSHED))).quarantine
    assert pushed.rows["reason"].tolist() == ["no such lead", "no kind"]
    pd.testing.assert_frame_equal(pushed.rows, copied.rows)
    pd.testing.assert_frame_equal(pushed.counts, copied.counts)


def test_nothing_is_left_in_the_database(crm, typed, write_project, open_project):
    address = crm(**typed)
    listed = "SELECT table_schema, table_name FROM information_schema.tables WHERE table_name ~ 's'"
    with psycopg.connect(address) as connection:
        before = set(connection.execute(listed).fetchall())
        features(open_project(write_project(behind_address(PUSHED))))
        assert set(connection.execute(listed).fetchall()) == before


def test_a_login_that_may_only_read_is_enough(crm, typed, write_project, open_project, monkeypatch):
    address = crm(**typed)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE ROLE job_that_reads LOGIN")
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO job_that_reads")
    monkeypatch.setenv("CRM", address.replace("postgres:@", "job_that_reads:@"))
    opened = open_project(write_project(behind_address(PUSHED)))
    assert opened.leads.count().to_pyarrow().as_py() == 60


@pytest.mark.parametrize("fault", ["Site visits: numbers", "Created: moments"])
def test_text_in_place_of_a_type_is_refused_with_its_remedy(
    crm, typed, write_project, open_project, fault
):
    column, expected = fault.split(": ")
    typed["leads"][column] = typed["leads"][column].astype("str")
    crm(**typed)
    with pytest.raises(DataError, match=f"'{column}' is text where {expected} are expected"):
        open_project(write_project(behind_address(PUSHED)))


def test_tables_in_two_places_are_refused(crm, typed, write_project, open_project, company):
    crm(**typed)
    crm("ERP", outcomes=typed["outcomes"])
    contract = behind_address(PUSHED)
    before, outcomes = contract.split("[outcomes]")
    elsewhere = f"{before}[outcomes]{outcomes.replace('env:CRM', 'env:ERP')}"
    with pytest.raises(DataError, match="one `address`; `outcomes` lies elsewhere"):
        open_project(write_project(elsewhere))
    with pytest.raises(DataError, match="one `address`; `leads` lies elsewhere"):
        open_project(company.write(write_project(PUSHED).directory, PUSHED))


def test_a_table_that_is_not_there_is_named(crm, typed, write_project, open_project):
    crm(leads=typed["leads"], events=typed["events"])
    with pytest.raises(DataError, match="`outcomes`: there is no table 'outcomes' in the database"):
        open_project(write_project(behind_address(PUSHED)))


def test_another_database_is_copied_or_refused(write_project, open_project, monkeypatch):
    monkeypatch.setenv("CRM", "duckdb:///nowhere.db")
    with pytest.raises(DataError, match="is for PostgreSQL; of other databases the tables are"):
        open_project(write_project(behind_address(PUSHED)))


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"\bcto\b", "the cto"),
        (r"\bcto\b", "director"),
        (r"\bleiter", "abteilungs leiter"),
        (r"\bleiter", "éleiter"),
        (r"^\w+$", "é"),
        (r"[\d.]+\W", "1.5 m"),
        (r"\d\s*(k|m)", "٣k"),
    ],
)
def test_a_pattern_means_to_postgresql_what_it_means_to_duckdb(server, pattern, text):
    fits = ibis.literal(text).re_search(pattern)
    theirs = ibis.connect(server)
    theirs.compiler = AsDuckDB()
    found = theirs.execute(fits)
    theirs.disconnect()
    assert found == ibis.duckdb.connect().execute(fits)


def test_text_cells_mean_to_postgresql_what_they_mean_to_duckdb(server):
    words = [
        "51-200",
        "(1.234,50) €",
        "1,5 Mio.",
        "under 10",
        "10 – 50k",
        "5 members",
        "x",
        "",
        "-5",
    ]
    words += ["x", "", "-5", "b; a", "a|b;", "One", "Sí", "NON", "1.0", "1e999"]
    words += ["1\u202f234,5 €", "CHF 1'234.50-"]
    reading = Reading(missing=("x",))
    theirs = ibis.connect(server)
    theirs.compiler = AsDuckDB()
    found = []
    for connection in (theirs, ibis.duckdb.connect()):
        rows = ibis.array(words).unnest().name("word").as_table()
        read = rows.mutate(
            measure=measure_cell(rows.word, reading),
            choices=list_cell(rows.word, reading),
            flag=flag_cell(rows.word, reading),
        )
        found.append(connection.to_pyarrow(read).to_pandas().sort_values("word", ignore_index=True))
    theirs.disconnect()
    pd.testing.assert_frame_equal(*found)
