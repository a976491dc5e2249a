from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest

from leadscore.features.core import ContractError, DataError

VERSIONS = """
[reading]
missing = ["n/a"]
max_quarantine_share = 1
[leads]
path = "leads.csv"
lead_id = "id"
valid_from = "since"
{}
[leads.columns]
status = "firmographic"
size = "firmographic:number"
[outcomes]
path = "outcomes.csv"
"""
CHANGES = """
[reading]
missing = ["n/a"]
max_quarantine_share = 1
[leads]
path = "leads.csv"
lead_id = "id"
[leads.columns]
"Status" = "firmographic"
"No. of Staff" = "firmographic:number"
"Interests" = "firmographic"
[leads.history]
path = "history.csv"
{}
[outcomes]
path = "outcomes.csv"
"""
OLD = (
    'old = "old"\n'
    'fields = {Status = "status__c", "No. of Staff" = "Staff", Interests = "Interests"}'
)
NEW_ALONE = 'fields = {Status = "status__c", "No. of Staff" = "Staff"}'
TODAY = """id,created_at,Status,No. of Staff,Interests
a,2024-01-01,Won,50,a;b
b,2024-01-01,Open,6,b;a
"""
WON = "lead_id,occurred_at,stage\na,2024-05-01,won\n"
STATUS, STAFF = "lead_status", "lead_no_of_staff"


@pytest.fixture
def tables(write_project, open_project):
    def opened(contract, leads, history="", known_by=None):
        files = {"leads__csv": leads, "history__csv": history, "outcomes__csv": WON}
        return open_project(write_project(contract, **files), known_by=known_by)

    return opened


def held(tables, lead_id, *names):
    """Return since when a lead's states hold and what they are, in order of time."""
    rows = tables.versions.to_pandas().sort_values("valid_from")
    own = rows[rows["lead_id"] == lead_id]
    cells = own[list(names)].astype(object).where(own[list(names)].notna(), None)
    return list(zip(own["valid_from"].dt.strftime("%m-%d"), *cells.to_numpy().T, strict=True))


def changes(*lines):
    return "\n".join(["lead_id,changed_at,field,old,new", *lines])


def test_each_row_is_a_version_and_the_newest_is_the_lead(tables):
    leads = """id,created_at,since,status,size
a,2024-01-01,2024-02-01,Working,n/a
a,2024-01-01,2024-01-01,Open,5
a,2024-01-01,2024-03-01,,7
"""
    found = tables(VERSIONS.format(""), leads)
    expected = [("01-01", "Open", 5.0), ("02-01", "Working", None), ("03-01", None, 7.0)]
    assert held(found, "a", STATUS, "lead_size") == expected
    assert found.leads.to_pandas()["lead_size"].tolist() == [7]
    ends = found.versions.to_pandas().sort_values("valid_from")["valid_until"]
    assert ends.iloc[:2].tolist() == [pd.Timestamp("2024-02-01"), pd.Timestamp("2024-03-01")]
    assert ends.isna().tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("settings", "ends"), [("", ("", "")), ('valid_to = "until"', ("", "2024-02-01"))]
)
def test_of_versions_from_the_same_moment_the_one_that_still_holds_or_the_last_counts(
    tables, settings, ends
):
    first, second = ("x", "y") if settings else ("y", "x")
    leads = f"""id,created_at,since,until,status,size
a,2024-01-01,2024-02-01,{ends[0]},{first},5
a,2024-01-01,2024-02-01,{ends[1]},{second},5
"""
    found = tables(VERSIONS.format(settings), leads)
    assert held(found, "a", STATUS) == [("02-01", "x")]
    assert found.leads.to_pandas()[STATUS].tolist() == ["x"]


def test_a_version_from_no_moment_is_a_fault_and_none_of_the_states(tables):
    leads = """id,created_at,since,status,size
a,2024-01-01,soon,Open,5
a,2024-01-01,2024-02-01,Working,5
"""
    found = tables(VERSIONS.format(""), leads)
    assert held(found, "a", STATUS) == [("02-01", "Working")]
    fault = found.quarantine.rows.to_dict("records")
    assert fault == [
        {
            "table": "leads.valid_from",
            "row": 1,
            "column": "valid_from",
            "value": "soon",
            "reason": "not a date that can be read",
        }
    ]


def test_states_are_put_together_from_changes_and_old_values(tables):
    history = changes(
        "a,2024-03-01,Status__c,Working,Won",
        "a,2024-02-01,status__c,Open,Working",
        "a,2024-02-15,Staff,5,50",
        "a,2024-02-20,Owner,x,y",
    )
    found = tables(CHANGES.format(OLD), TODAY, history)
    assert held(found, "a", STATUS, STAFF) == [
        ("01-01", "Open", 5.0),
        ("02-01", "Working", 5.0),
        ("02-15", "Working", 50.0),
        ("03-01", "Won", 50.0),
    ]
    assert held(found, "b", STATUS) == []


def test_a_column_that_was_cleared_is_empty_until_it_is_filled_again(tables):
    history = changes(
        "a,2024-02-01,status__c,Open,",
        "a,2024-03-01,status__c,,Won",
        "a,2024-02-01,Staff,7,n/a",
        "a,2024-03-02,Staff,n/a,50",
    )
    found = tables(CHANGES.format(OLD), TODAY, history)
    assert held(found, "a", STATUS, STAFF) == [
        ("01-01", "Open", 7.0),
        ("02-01", None, None),
        ("03-01", "Won", None),
        ("03-02", "Won", 50.0),
    ]


def test_a_column_that_was_empty_before_its_first_change_was_not_as_today(tables):
    found = tables(CHANGES.format(OLD), TODAY, changes("a,2024-03-01,status__c,,Won"))
    assert held(found, "a", STATUS) == [("01-01", None), ("03-01", "Won")]


def test_of_several_changes_at_the_same_moment_the_last_row_holds(tables):
    history = changes(
        "a,2024-02-01,status__c,Open,Working",
        "a,2024-02-01,status__c,Working,Won",
        "a,2024-02-01,Staff,5,50",
    )
    found = tables(CHANGES.format(OLD), TODAY, history)
    assert held(found, "a", STATUS, STAFF) == [("01-01", "Open", 5.0), ("02-01", "Won", 50.0)]


def test_choices_in_a_cell_are_read_as_those_of_the_leads(tables):
    history = changes("a,2024-02-01,Interests,b;a,c;b;a")
    found = tables(CHANGES.format(OLD), TODAY, history)
    assert held(found, "a", "lead_interests") == [("01-01", "a;b"), ("02-01", "a;b;c")]


def test_without_old_values_a_column_is_known_from_its_first_change(tables):
    history = changes("a,2024-02-01,status__c,Open,Working", "a,2024-03-01,Staff,5,50")
    found = tables(CHANGES.format(NEW_ALONE), TODAY, history)
    assert held(found, "a", STATUS, STAFF) == [
        ("02-01", "Working", None),
        ("03-01", "Working", 50.0),
    ]
    assert "lead_interests" not in found.versions.columns


def test_without_old_values_the_contract_says_which_columns_the_history_tells_of(tables):
    with pytest.raises(ContractError, match=r"give `old`.*or `fields`"):
        tables(CHANGES.format(""), TODAY, changes())


def test_changes_of_other_leads_are_passed_over_or_faults(tables):
    history = changes("z,2024-02-01,status__c,x,y", "a,2024-02-01,status__c,x,y")
    assert tables(CHANGES.format(OLD), TODAY, history).quarantine.rows.empty
    contract = CHANGES.format('other_leads = "fault"\n' + OLD)
    found = tables(contract, TODAY, history)
    fault = found.quarantine.rows[["table", "row", "reason"]].to_numpy().tolist()
    assert fault == [["leads.history", 1, "no such lead"]]


def test_too_many_faults_of_a_history_are_refused_with_their_reasons(tables):
    contract = CHANGES.format(OLD).replace("max_quarantine_share = 1", "")
    with pytest.raises(DataError, match=r"leads\.history: 1 of 1 .* 1 × changed_at: not a date"):
        tables(contract, TODAY, changes("a,soon,status__c,x,y"))


@pytest.mark.parametrize("column", ["lead_id", "changed_at", "field", "old", "new"])
def test_a_missing_column_of_a_history_is_named_with_its_setting(tables, column):
    history = changes("a,2024-02-01,status__c,x,y").replace(column, "other", 1)
    with pytest.raises(DataError, match=f"leads.history.{column}"):
        tables(CHANGES.format(OLD), TODAY, history)


@pytest.mark.parametrize(
    ("day", "status", "staff"), [(1, "Open", 5), (2, "Working", 5), (20, "Working", 50)]
)
def test_leads_have_the_values_that_were_known_by_then(tables, day, status, staff):
    history = changes(
        "a,2024-02-01,status__c,Open,Working",
        "a,2024-02-15,Staff,5,50",
        "a,2024-03-01,status__c,Working,Won",
    )
    night = datetime(2024, 2, day)  # on the first, the change of that moment is not known yet
    found = tables(CHANGES.format(OLD), TODAY, history, known_by=night).leads.to_pandas()
    own = found.set_index("lead_id")
    assert own.loc["a", [STATUS, STAFF]].tolist() == [status, staff]
    assert own.loc["b", STATUS] == "Open"
    assert not own.index.has_duplicates


def test_leads_are_as_today_where_no_moment_is_given(tables):
    history = changes("a,2024-02-01,status__c,Open,Working", "a,2024-03-01,status__c,Working,Won")
    found = tables(CHANGES.format(OLD), TODAY, history).leads.to_pandas().set_index("lead_id")
    assert found.loc["a", STATUS] == "Won"
