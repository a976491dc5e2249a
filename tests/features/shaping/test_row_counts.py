from __future__ import annotations

from leadscore.features.shaping.row_counts import PassedOver, passed_over
from leadscore.features.tables.open_tables import connected

CONTRACT = """
[leads]
path = "leads.csv"
lead_id = "lead_id"
deleted = ["gone"]
newest_by = "at"
merged_into = "now"
[leads.columns]
status = "firmographic"
[leads.history]
path = "history.csv"
old = "old"
[events.tables.calls]
path = "calls.csv"
other_leads = "pass"
deleted_at = ["gone"]
kind_is = "call"
[events.tables.mails]
path = "mails.csv"
event_id = "(whole row)"
[outcomes]
path = "outcomes.csv"
other_leads = "pass"
"""
PLAIN = """
[leads]
path = "leads.csv"
[outcomes]
path = "outcomes.csv"
"""


def test_rows_that_settings_leave_out_are_counted_by_table_and_reason(write_project):
    contract = write_project(
        CONTRACT,
        leads__csv="""lead_id,created_at,at,gone,now,status
a,2024-01-01,1,,,x
a,2024-01-01,2,,,x
b,2024-01-01,1,true,,x
c,2024-01-01,1,,a,x
""",
        history__csv="lead_id,changed_at,field,old,new\na,2024-01-02,status,y,x\nz,2024-01-02,status,y,x\n",
        calls__csv="lead_id,occurred_at,gone\na,2024-01-02,\na,2024-01-02,2024\nz,2024-01-02,\nc,2024-01-03,\n",
        mails__csv="lead_id,occurred_at,kind\na,2024-01-02,mail\na,2024-01-02,mail\n",
        outcomes__csv="lead_id,occurred_at,stage\nz,2024-02-01,won\n",
    )
    with connected() as connection:
        found = passed_over(connection, contract)
    assert found == [
        PassedOver("leads", "deleted", 1),
        PassedOver("leads", "merged into another", 1),
        PassedOver("leads", "older rows of a lead", 1),
        PassedOver("events.tables.calls", "deleted", 1),
        PassedOver("events.tables.calls", "of ids that are no lead's", 1),
        PassedOver("events.tables.mails", "delivered before", 1),
        PassedOver("outcomes", "of ids that are no lead's", 1),
        PassedOver("leads.history", "of ids that are no lead's", 1),
    ]


def test_a_contract_that_leaves_nothing_out_reads_no_file(write_project):
    with connected() as connection:
        assert passed_over(connection, write_project(PLAIN)) == []
