from __future__ import annotations

import pytest

from leadscore.features.core import DataError

LEADS = "lead_id,created_at\na,2024-01-01\nb,2024-01-01\n"
WON = "lead_id,occurred_at,stage\na,2024-02-01,won\n"
ONE = """
[reading]
max_quarantine_share = 1
[leads]
path = "leads.csv"
[events]
path = "events.csv"
{}
[outcomes]
path = "outcomes.csv"
"""
SEVERAL = """
[reading]
max_quarantine_share = 1
[leads]
path = "leads.csv"
[events.tables.calls]
path = "calls.csv"
occurred_at = "began"
kind_is = "call"
{calls}
[events.tables.visits]
path = "visits.csv"
kind = "page"
event_id = "id"
{visits}
[outcomes]
path = "outcomes.csv"
"""
CALLS = "lead_id,began\na,2024-01-02\nb,never\n"
VISITS = "id,lead_id,occurred_at,page\n1,a,2024-01-03,home\n1,a,2024-01-03,home\n,c,2024-01-04,x\n"


def kinds(rows):
    return sorted(rows["kind"])


def test_rows_with_the_same_event_id_are_one_event_and_rows_without_one_all_count(read):
    events = """lead_id,occurred_at,kind,id
a,2024-01-02,call,1
a,2024-01-03,call,1
a,2024-01-04,mail,
a,2024-01-05,mail,
a,2024-01-05,mail,n/a
a,2024-01-05,mail,N/A
"""
    contract = ONE.format('event_id = "id"').replace("[reading]", '[reading]\nmissing = ["n/a"]')
    rows = read(contract, leads__csv=LEADS, events__csv=events, outcomes__csv=WON)["events"]
    assert kinds(rows) == ["call", "mail", "mail", "mail", "mail"]
    first = rows.loc[rows["kind"] == "call", "occurred_at"].iloc[0]
    assert str(first.date()) == "2024-01-02"


def test_the_same_event_id_of_two_leads_is_two_events(read):
    events = "lead_id,occurred_at,kind,id\na,2024-01-02,call,1\nb,2024-01-02,call,1\n"
    contract = ONE.format('event_id = "id"')
    rows = read(contract, leads__csv=LEADS, events__csv=events, outcomes__csv=WON)["events"]
    assert sorted(rows["lead_id"]) == ["a", "b"]


def test_rows_that_agree_in_every_cell_are_one_event_where_the_contract_says_so(read):
    events = """lead_id,occurred_at,kind,note
a,2024-01-02,call,x
a,2024-01-02,call,x
a,2024-01-02,call,y
"""
    files = {"leads__csv": LEADS, "events__csv": events, "outcomes__csv": WON}
    assert len(read(ONE.format('event_id = "(whole row)"'), **files)["events"]) == 2
    assert len(read(ONE.format(""), **files)["events"]) == 3


def test_several_tables_are_one_and_each_has_its_own_columns(read):
    visits = VISITS.replace(",c,", ",b,")
    rows = read(
        SEVERAL.format(calls="", visits=""),
        leads__csv=LEADS,
        calls__csv=CALLS,
        visits__csv=visits,
        outcomes__csv=WON,
    )["events"]
    assert kinds(rows) == ["call", "home", "x"]


def test_a_fault_names_the_table_and_the_row_in_it(read):
    found = read(
        SEVERAL.format(calls="", visits=""),
        leads__csv=LEADS,
        calls__csv=CALLS,
        visits__csv=VISITS,
        outcomes__csv=WON,
    )["faults"]
    assert found[["table", "row", "reason"]].to_numpy().tolist() == [
        ["events.calls", 2, "not a date that can be read"],
        ["events.visits", 3, "no such lead"],
    ]


def test_each_table_says_for_itself_whether_rows_of_other_leads_are_faults(read):
    calls = CALLS.replace("b,never", "d,2024-01-05")
    found = read(
        SEVERAL.format(calls='other_leads = "pass"', visits=""),
        leads__csv=LEADS,
        calls__csv=calls,
        visits__csv=VISITS,
        outcomes__csv=WON,
    )
    assert found["faults"]["table"].tolist() == ["events.visits"]
    assert set(found["events"]["lead_id"]) == {"a"}


def test_a_date_a_stage_is_a_row_a_stage_and_an_empty_date_none(read):
    contract = """
[leads]
path = "leads.csv"
[outcomes]
path = "leads.csv"
dates = {sql = "became_sql", won = "became_won"}
"""
    leads = """lead_id,created_at,became_sql,became_won
a,2024-01-01,2024-02-01,2024-03-01
b,2024-01-01,2024-02-02,
"""
    rows = read(contract, leads__csv=leads)["outcomes"]
    found = rows.assign(day=rows["occurred_at"].dt.strftime("%m-%d"))
    assert sorted(map(tuple, found[["lead_id", "stage", "day"]].to_numpy())) == [
        ("a", "sql", "02-01"),
        ("a", "won", "03-01"),
        ("b", "sql", "02-02"),
    ]


@pytest.mark.parametrize("setting", ["event_id", "lead_id"])
def test_a_missing_column_is_named_with_its_setting(read, setting):
    events = "lead_id,occurred_at,kind\na,2024-01-02,call\n"
    contract = ONE.format(f'{setting} = "nowhere"\ntimezone = "Europe/Paris"')
    with pytest.raises(DataError, match=f"events.{setting}"):
        read(contract, leads__csv=LEADS, events__csv=events, outcomes__csv=WON)
