from __future__ import annotations

from dataclasses import replace

import ibis
import numpy as np
import pandas as pd
import pytest

from leadscore.features.families.account import account_features
from leadscore.features.families.feature_table import build_features

DAY = pd.Timedelta(days=1)
NOT_BY_THE_LEAD = ("email_sent", "call")
GROUPS = {"interest": ("pricing_view", "webinar"), "sales_touch": ("call",)}
RANKS = {"mql": 1, "accepted": 2, "sql": 3, "won": 4}
WORDS = {1: "MQL", 2: "accepted by sales", 3: "SQL", 4: "won"}


def frame_of(tables, snapshots):
    table = account_features(tables, snapshots).table
    return table.order_by("lead_id", "as_of").to_pandas().set_index(["lead_id", "as_of"])


@pytest.fixture(scope="module")
def frame(tables, snapshots):
    return frame_of(tables, snapshots)


def pairs_of(tables, spine):
    """Each snapshot with each colleague that it may know, worked out in plain pandas."""
    leads = tables.leads.select("lead_id", "account", "created_at").to_pandas()
    own = spine.merge(leads[["lead_id", "account"]], on="lead_id")
    others = leads.rename(columns={"lead_id": "colleague"})
    pairs = own.merge(others, on="account")
    known = (pairs["colleague"] != pairs["lead_id"]) & (pairs["created_at"] < pairs["as_of"])
    return pairs[known]


@pytest.fixture(scope="module")
def pairs(tables, spine):
    return pairs_of(tables, spine)


def seen(pairs, rows):
    """The colleagues' rows that each snapshot may know."""
    rows = rows.rename(columns={"lead_id": "colleague"})
    found = pairs.merge(rows, on="colleague")
    known = found[["occurred_at", "recorded_at"]].max(axis=1) < found["as_of"]
    return found[known].assign(age=lambda each: each["as_of"] - each["occurred_at"])


def per_snapshot(frame, found, empty):
    return found.reindex(frame.index, fill_value=empty).astype("float64")


def test_colleagues_are_counted(frame, pairs):
    counts = per_snapshot(frame, pairs.groupby(["lead_id", "as_of"]).size(), 0)
    assert counts.max() == 2
    pd.testing.assert_series_equal(frame["colleagues"], counts, check_names=False)


@pytest.mark.parametrize(
    ("name", "days"),
    [("active", 7), ("active", 30), ("active", 90), ("interest", 30), ("sales_touch", 30)],
)
def test_active_colleagues_are_counted_once_each(tables, frame, pairs, name, days):
    events = tables.events.to_pandas()
    kinds = GROUPS.get(name)
    own = events["kind"].isin(kinds) if kinds else ~events["kind"].isin(NOT_BY_THE_LEAD)
    found = seen(pairs, events[own])
    found = found[found["age"] <= days * DAY]
    counts = found.groupby(["lead_id", "as_of"])["colleague"].nunique()
    assert len(counts) > 10
    assert counts.max() > 1 or days == 7 or kinds
    expected = per_snapshot(frame, counts, 0)
    pd.testing.assert_series_equal(frame[f"colleagues_{name}_{days}d"], expected, check_names=False)


def test_the_latest_activity_is_that_of_a_colleague(tables, frame, pairs):
    events = tables.events.to_pandas()
    found = seen(pairs, events[~events["kind"].isin(NOT_BY_THE_LEAD)])
    days = (found.groupby(["lead_id", "as_of"])["age"].min() / DAY).reindex(frame.index)
    assert days.notna().sum() > 50
    own = frame["days_since_colleague_active"]
    pd.testing.assert_series_equal(own, days, check_names=False)


def test_the_highest_stage_is_that_of_a_colleague(tables, frame, pairs):
    found = seen(pairs, tables.outcomes.to_pandas())
    rank = found["stage"].map(RANKS)
    highest = rank.groupby([found["lead_id"], found["as_of"]]).max().map(WORDS)
    expected = highest.reindex(frame.index)
    assert expected.nunique() == 4
    assert frame["colleagues_stage"].fillna("").tolist() == expected.fillna("").tolist()


@pytest.mark.parametrize("stage", ["won", "lost"])
def test_wins_and_losses_of_colleagues_are_told_and_dated(tables, frame, pairs, stage):
    found = seen(pairs, tables.outcomes.to_pandas()).query("stage == @stage")
    days = (found.groupby(["lead_id", "as_of"])["age"].min() / DAY).reindex(frame.index)
    assert 0 < days.notna().sum() < len(days)
    pd.testing.assert_series_equal(frame[f"days_since_account_{stage}"], days, check_names=False)
    flags = days.notna().astype("float64")
    pd.testing.assert_series_equal(frame[f"account_{stage}"], flags, check_names=False)


def test_moments_that_are_no_midnights_see_the_same(tables, spine):
    odd = spine.assign(as_of=spine["as_of"] + pd.Timedelta(hours=7, minutes=13))
    frame = frame_of(tables, ibis.memtable(odd))
    found = seen(pairs_of(tables, odd), tables.events.to_pandas())
    found = found[~found["kind"].isin(NOT_BY_THE_LEAD)]
    days = (found.groupby(["lead_id", "as_of"])["age"].min() / DAY).reindex(frame.index)
    pd.testing.assert_series_equal(frame["days_since_colleague_active"], days, check_names=False)


def test_one_night_is_the_same_as_among_others(tables, spine, frame):
    night = spine["as_of"].mode()[0]
    own = spine[spine["as_of"] == night]
    assert len(own) > 1
    alone = frame_of(tables, ibis.memtable(own))
    pd.testing.assert_frame_equal(alone, frame.loc[alone.index], check_exact=True)


def with_accounts(tables, account):
    return replace(tables, leads=tables.leads.mutate(account=account(tables.leads)))


def test_a_lead_without_an_account_has_no_values(tables, snapshots):
    some = with_accounts(
        tables, lambda leads: ibis.ifelse(leads.lead_id < "L30", None, leads.account)
    )
    frame = frame_of(some, snapshots)
    is_without = frame.index.get_level_values("lead_id") < "L30"
    assert frame[is_without].isna().all(axis=None)
    assert frame.loc[~is_without, "colleagues"].notna().all()


def test_an_account_of_too_many_leads_is_none(tables, snapshots, spine, monkeypatch):
    monkeypatch.setattr("leadscore.features.families.account_members.MOST_MEMBERS", 20)
    monkeypatch.setattr("leadscore.features.families.account.MOST_MEMBERS", 20)
    frame = frame_of(with_accounts(tables, lambda _leads: ibis.literal("private")), snapshots)
    created = np.sort(tables.leads.created_at.to_pyarrow().to_numpy())
    known = np.searchsorted(created, spine["as_of"].to_numpy())
    expected = np.where(known <= 20, known - 1.0, np.nan)
    np.testing.assert_array_equal(frame["colleagues"], expected)
    assert set(known > 20) == {True, False}


def test_without_account_and_email_there_are_no_such_features(tables, snapshots):
    leads = tables.contract.leads
    columns = {name: spec for name, spec in leads.columns.items() if spec.term != "email"}
    leads = leads.model_copy(update={"account": None, "columns": columns})
    contract = tables.contract.model_copy(update={"leads": leads})
    built = build_features(replace(tables, contract=contract), snapshots, kinds=())
    assert "account" not in {each.family for each in built.catalogue}


def test_a_reason_reads_as_a_sentence(tables, snapshots):
    words = {each.name: each.words for each in account_features(tables, snapshots).features}
    assert words["colleagues_active_30d"] == "colleagues active in the last 30 days"
    assert words["colleagues_interest_30d"] == (
        "colleagues with pricing views or webinars in the last 30 days"
    )
