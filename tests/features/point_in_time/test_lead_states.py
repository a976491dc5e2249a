from __future__ import annotations

import ibis
import pandas as pd
import pytest

from leadscore.features.families.feature_table import build_features

VERSIONS = """
[leads]
path = "leads.csv"
lead_id = "id"
valid_from = "since"
{}
[leads.columns]
status = "firmographic"
title = "firmographic.job_title"
source = "channel.source"
[outcomes]
path = "outcomes.csv"
"""
LEADS = """id,created_at,since,status,title,source
a,2024-01-01,2024-01-05,Open,CTO,Fair
a,2024-01-01,2024-02-01,Working,Sales Manager,Web
a,2024-01-01,2024-03-01,Won,n/a,
b,2024-01-01,2024-02-01,Open,CTO,Web
"""
HISTORY = """
[leads]
path = "leads.csv"
lead_id = "id"
[leads.columns]
status = "firmographic"
[leads.history]
path = "history.csv"
{}
fields = {{status = "status"}}
[outcomes]
path = "outcomes.csv"
"""
TODAY = "id,created_at,status\na,2024-01-01,Won\nb,2024-01-01,Open\n"
WON = "lead_id,occurred_at,stage\na,2024-05-01,won\n"
SECOND = pd.Timedelta(seconds=1)


@pytest.fixture
def features(write_project, open_project):
    """Return the features of leads at moments, by both."""

    def computed(contract, moments, leads, history="", listed=None):
        files = {"leads__csv": leads, "history__csv": history, "outcomes__csv": WON}
        if listed is not None:
            files["listed__csv"] = listed
        contract = write_project(contract, **files)
        file = contract.directory / "listed.csv" if listed is not None else None
        tables = open_project(contract, leads_file=file)
        spine = pd.DataFrame(moments, columns=["lead_id", "as_of"])
        spine["as_of"] = pd.to_datetime(spine["as_of"])
        found = build_features(tables, ibis.memtable(spine), kinds=()).to_pandas()
        assert len(found) == len(spine)
        found = found.astype(object).where(found.notna(), None)
        return found.set_index(["lead_id", "as_of"])

    return computed


def test_a_feature_has_the_value_known_strictly_before_its_snapshot(features):
    change = pd.Timestamp("2024-02-01")
    found = features(VERSIONS.format(""), [("a", change), ("a", change + SECOND)], LEADS)
    columns = ["lead_status", "seniority", "source"]
    assert found[columns].to_numpy().tolist() == [
        ["Open", "executive", "Fair"],
        ["Working", "manager", "Web"],
    ]


def test_a_value_that_was_cleared_is_unknown_again(features):
    found = features(VERSIONS.format(""), [("a", "2024-03-02")], LEADS.replace("n/a", ""))
    assert found[["lead_status", "seniority", "source"]].iloc[0].tolist() == ["Won", None, None]


def test_before_its_first_version_nothing_is_known_of_a_lead(features):
    found = features(VERSIONS.format(""), [("b", "2024-02-01"), ("b", "2024-02-02")], LEADS)
    assert found["lead_status"].tolist() == [None, "Open"]
    assert found["source"].tolist() == [None, "Web"]
    assert found["fields_filled_in"].tolist() == [0, 1]


def test_a_lead_without_any_change_is_as_today_where_former_values_are_known(features):
    history = "lead_id,changed_at,field,old,new\na,2024-02-01,status,Open,Won\n"
    moments = [("a", "2024-01-15"), ("b", "2024-01-15")]
    found = features(HISTORY.format('old = "old"'), moments, TODAY, history)
    assert found["lead_status"].tolist() == ["Open", "Open"]


def test_without_former_values_leads_that_change_later_look_like_those_that_never_do(features):
    history = "lead_id,changed_at,field,new\na,2024-02-01,status,Won\n"
    moments = [("a", "2024-01-15"), ("b", "2024-01-15"), ("a", "2024-02-02")]
    found = features(HISTORY.format(""), moments, TODAY, history)["lead_status"]
    assert found.tolist() == [None, "Won", None]  # in the order of leads and moments


@pytest.mark.parametrize("night", ["2024-01-02", "2024-02-15"])
def test_todays_values_hold_for_the_leads_of_a_list(features, night):
    listed = "id,created_at,status,title,source\na,2024-01-01,Listed,CEO,Mail\nnew,2024-01-01,x,,\n"
    moments = [("a", night), ("new", night), ("b", night)]
    found = features(VERSIONS.format(""), moments, LEADS, listed=listed)["lead_status"]
    now = "Open" if night > "2024-02-01" else None
    assert found.droplevel("as_of").to_dict() == {"a": "Listed", "new": "x", "b": now}


def test_a_list_may_write_ids_and_moments_as_the_leads_do(features):
    settings = 'ids = "salesforce"\ntimezone = "Europe/Amsterdam"'
    leads = LEADS.replace("\na,", "\n00Q50000001AbCd,").replace("\nb,", "\n00Q50000001abcd,")
    listed = "id,created_at,status,title,source\n00Q50000001AbCd,2024-01-01,Listed,CEO,Mail\n"
    moments = [("00Q50000001AbCdEAK", "2024-02-15")]
    found = features(VERSIONS.format(settings), moments, leads, listed=listed)
    assert found["lead_status"].tolist() == ["Listed"]
