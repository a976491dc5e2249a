from __future__ import annotations

from dataclasses import replace

import ibis
import pandas as pd
import pytest

from leadscore.features.families.engagement_query import common_kinds
from leadscore.features.families.feature_table import build_features, feature_frame


@pytest.fixture(scope="module")
def built(tables, snapshots):
    return build_features(tables, snapshots, kinds=common_kinds(tables))


@pytest.fixture(scope="module")
def frame(built):
    return built.to_pandas()


def moved(tables, *, seed=None):
    """Copy the tables to another connection, their rows shuffled by `seed`."""
    connection = ibis.duckdb.connect()
    stored = {}
    for name in ("leads", "events", "outcomes"):
        table = getattr(tables, name)
        rows = table.to_pandas()
        rows = rows if seed is None else rows.sample(frac=1, random_state=seed)
        stored[name] = connection.create_table(name, rows, schema=table.schema())
    return replace(tables, **stored)


def test_there_is_a_row_a_snapshot_and_a_column_a_feature(built, frame, spine):
    pd.testing.assert_frame_equal(frame[["lead_id", "as_of"]], spine[["lead_id", "as_of"]])
    assert list(frame.columns) == ["lead_id", "as_of", *(each.name for each in built.catalogue)]


def test_numbers_are_float64_and_text_is_str(built, frame):
    for each in built.catalogue:
        assert frame[each.name].dtype == ("str" if each.kind == "text" else "float64")


def test_flags_are_0_or_1(built, frame):
    flags = [each.name for each in built.catalogue if each.kind == "flag"]
    assert flags == ["name_implausible", "phone_implausible", "account_won", "account_lost"]
    assert set(frame[flags].stack()) == {0.0, 1.0}  # noqa: PD013 - all cells as one column


def test_nothing_personal_is_in_the_table(company, built, frame):
    assert not {"email", "phone", "first_name", "last_name", "account"} & set(frame.columns)
    personal = company.leads[["E-mail", "Phone", "First name", "Last name", "Company"]]
    told = {str(cell).lower() for cell in personal.to_numpy().ravel() if pd.notna(cell)}
    held = {
        str(cell).lower()
        for each in built.catalogue
        if each.kind == "text"
        for cell in frame[each.name].dropna().unique()
    }
    assert len(held) > 20
    assert not [(cell, word) for cell in held for word in told if word in cell]


@pytest.mark.parametrize("threads", [1, 2])
def test_the_number_of_threads_changes_no_bit(tables, snapshots, frame, threads):
    own = moved(tables)
    own.leads.get_backend().raw_sql(f"SET threads = {threads}")
    again = build_features(own, snapshots, kinds=common_kinds(own)).to_pandas()
    pd.testing.assert_frame_equal(again, frame, check_exact=True)


def test_the_order_of_the_rows_changes_no_bit(tables, spine, frame):
    own = moved(tables, seed=3)
    shuffled = ibis.memtable(spine.sample(frac=1, random_state=4))
    again = build_features(own, shuffled, kinds=common_kinds(own)).to_pandas()
    pd.testing.assert_frame_equal(again, frame, check_exact=True)


def test_by_default_kinds_are_those_common_before_the_earliest_snapshot(tables, spine):
    late = spine[spine["as_of"] > pd.Timestamp("2024-03-01")]
    earliest = late["as_of"].min().to_pydatetime()
    kinds = build_features(tables, ibis.memtable(late)).kinds
    assert kinds == common_kinds(tables, known_by=earliest)
    assert kinds


def test_a_contract_without_events_has_the_other_families(tables, snapshots):
    built = build_features(replace(tables, events=None, event_terms=()), snapshots)
    families = {each.family for each in built.catalogue}
    assert families == {"firmographic", "channel", "history", "account"}
    assert built.kinds == ()


def test_some_leads_at_a_time_give_the_same_rows(tables, snapshots, frame):
    by_part, built = feature_frame(tables, snapshots, kinds=common_kinds(tables), at_once=100)
    assert len(frame) > 100
    pd.testing.assert_frame_equal(by_part, frame, check_exact=True)
    assert list(by_part.columns[2:]) == [each.name for each in built.catalogue]


def test_many_events_a_lead_are_taken_some_leads_at_a_time_too(
    tables, snapshots, frame, monkeypatch
):
    seen = []
    monkeypatch.setattr(
        "leadscore.features.families.feature_table.EVENTS_AT_ONCE", len(frame) * 5
    )  # of ten a lead
    monkeypatch.setattr(
        "leadscore.features.families.feature_table.build_features",
        lambda tables, spine, *, kinds: (
            seen.append(spine) or build_features(tables, spine, kinds=kinds)
        ),
    )
    by_part, _built = feature_frame(tables, snapshots, kinds=common_kinds(tables))
    assert len(seen) == 1 + 2
    pd.testing.assert_frame_equal(by_part, frame, check_exact=True)
