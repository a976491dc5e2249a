"""The features as Snowflake and BigQuery would be asked for them; nobody is connected to."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import ibis
import pytest
import sqlglot
from sqlglot import exp

from leadscore.features.core.errors import DataError
from leadscore.features.families.account_members import account_totals, all_account_members
from leadscore.features.families.feature_table import build_features
from leadscore.features.sources.remote_source import connected_to
from leadscore.features.tables.tables import AccountTables

if TYPE_CHECKING:
    from leadscore.features.tables.tables import Tables

WAREHOUSES = ("snowflake", "bigquery")
CRM = {"leads": "crm_leads", "events": "crm_events", "outcomes": "crm_outcomes"}


@pytest.fixture(scope="module", params=WAREHOUSES)
def query(request: pytest.FixtureRequest, tables: Tables) -> exp.Expression:
    """The features of some snapshots, in a warehouse's words, read back."""
    unbound: Any = {
        name: ibis.table(getattr(tables, name).schema(), name=table) for name, table in CRM.items()
    }
    there = replace(tables, engine=request.param, **unbound)
    # Snapshots that nobody can ask for their moments have those of one night.
    members = all_account_members(there, as_of=datetime(2024, 2, 1))
    accounts = AccountTables(members, account_totals(members, there.contract))
    snapshots = ibis.table({"lead_id": "string", "as_of": "timestamp"}, name="night")
    kinds = ("page_view", "webinar")
    built = build_features(replace(there, accounts=accounts), snapshots, kinds=kinds).table
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(5_000)  # sqlglot parses nested calls of functions by recursion
    try:
        query = str(ibis.to_sql(built, dialect=request.param))
        return sqlglot.parse_one(query, read=request.param)
    finally:
        sys.setrecursionlimit(limit)


def test_the_query_asks_the_tables_and_columns_of_the_contract(query: exp.Expression) -> None:
    asked = {table.name for table in query.find_all(exp.Table)}
    assert {*CRM.values(), "night"} <= asked
    columns = {column.name for column in query.find_all(exp.Column)}
    assert {"lead_id", "as_of", "occurred_at", "recorded_at", "kind", "stage"} <= columns


def test_the_query_gives_every_feature_once(query: exp.Expression) -> None:
    names = query.named_selects
    assert len(names) == len(set(names))
    wanted = {"activity_7d", "longest_silence_days", "touch_source", "hours_since_mql"}
    assert {"lead_id", "as_of", "seniority", "email_kind"} | wanted <= set(names)


def test_only_what_was_known_strictly_before_the_snapshot_is_looked_at(
    query: exp.Expression,
) -> None:
    compared = {
        (kind, each.left.name)
        for kind in (exp.LT, exp.LTE, exp.GT, exp.GTE)
        for each in query.find_all(kind)
        if each.right.name == "as_of" and each.left.name in {"occurred_at", "recorded_at"}
    }
    assert compared == {(exp.LT, "occurred_at"), (exp.LT, "recorded_at")}


@pytest.mark.parametrize(
    ("address", "extra"),
    [
        ("snowflake://user:secret@account/db", "leadscore.snowflake."),
        ("bigquery://project/dataset", "leadscore.bigquery."),
    ],
)
def test_a_driver_that_is_missing_is_named_by_its_extra(address: str, extra: str) -> None:
    scheme = address.split(":", 1)[0]
    module = {"snowflake": "snowflake.connector", "bigquery": "google.cloud.bigquery"}[scheme]
    try:
        __import__(module)
    except ImportError:
        pass
    else:
        pytest.skip(f"the driver of {scheme} is installed here")
    with pytest.raises(DataError, match=rf"`leads` is behind {scheme}:….*{extra}") as said:
        connected_to(address, what="`leads`")
    assert "secret" not in str(said.value)
