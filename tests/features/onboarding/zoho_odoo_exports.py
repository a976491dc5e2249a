"""The made-up company as Zoho and Odoo export it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pandas as pd

from tests.features.onboarding.made_up_company import (
    Act,
    Lead,
    Written,
    acts_of,
    day,
    plain,
    truth,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


def zoho_id(number: int) -> str:
    """Return an id as Zoho draws them."""
    return f"48765430000{number + 100_000}"


def zoho(leads: Sequence[Lead]) -> Written:
    """Write the modules of Zoho CRM: calls and tasks name the lead, then its contact."""
    kept = [each for each in leads if each.counts]
    rows = pd.DataFrame(
        {
            "id": zoho_id(each.number),
            "Created_Time": zoned(each.created),
            "Company": each.company,
            "First_Name": each.first_name,
            "Last_Name": each.last_name,
            "Email": each.email,
            "No_of_Employees": each.employees,
            "Annual_Revenue": each.revenue,
            "Industry": each.industry,
            "Country": each.country,
            "Lead_Source": each.source,
            "Lead_Status": "Contacted",
            "Owner": "rep",
            "Converted__s": str(each.sql_at is not None).lower(),
            "Converted_Date_Time": zoned(each.sql_at),
            "Converted_Contact": zoho_id(3_000 + each.number) if each.sql_at else "",
            "Converted_Deal": zoho_id(6_000 + each.number) if each.sql_at else "",
            "Modified_Time": zoned(each.created + timedelta(days=40)),
            "Last_Activity_Time": zoned(each.created + timedelta(days=40)),
        }
        for each in kept
    )
    stages = {None: "Qualification", "won": "Closed Won", "lost": "Closed Lost"}
    deals = pd.DataFrame(
        {
            "id": zoho_id(6_000 + each.number),
            "Deal_Name": "A deal",
            "Contact_Name": zoho_id(3_000 + each.number),
            "Account_Name": each.company,
            "Stage": stages[each.outcome],
            "Closing_Date": day(each.closed_at or each.sql_at + timedelta(days=80)),
            "Amount": each.amount,
            "Created_Time": zoned(each.sql_at),
        }
        for each in kept
        if each.sql_at
    )
    done = list(enumerate(acts_of(kept)))
    calls = pd.DataFrame(
        {
            "id": zoho_id(10_000 + position),
            "What_Id": "" if lead.sql_at else zoho_id(lead.number),
            "Who_Id": zoho_id(3_000 + lead.number) if lead.sql_at else "",
            "Call_Start_Time": zoned(act.at),
            "Call_Type": "Outbound",
            "Call_Duration_in_seconds": 90,
            "Created_Time": zoned(act.at),
        }
        for position, (lead, act) in done
        if act.kind == "Call"
    )
    tasks = pd.DataFrame(
        {
            "id": zoho_id(20_000 + position),
            "Subject": act.kind,
            "What_Id": "" if lead.sql_at else zoho_id(lead.number),
            "Who_Id": zoho_id(3_000 + lead.number) if lead.sql_at else "",
            "Due_Date": day(act.at + timedelta(days=3)),
            "Created_Time": zoned(act.at),
            "Status": "Completed",
            "Priority": "High",
        }
        for position, (lead, act) in done
        if act.kind != "Call"
    )
    files = {"Leads.csv": rows, "Deals.csv": deals, "Calls.csv": calls, "Tasks.csv": tasks}
    spare = ("First_Name", "Last_Name", "Annual_Revenue", "Industry", "Country", "Owner")
    true = truth(kept, zoho_id, kind=zoho_kind, days=("won", "lost"))
    return Written(files, true, "Leads.csv", spare)


def zoho_kind(act: Act) -> str:
    """Return the kind that Zoho's modules tell."""
    return "Outbound" if act.kind == "Call" else "Task"


def zoned(moment: datetime | None) -> str:
    """Write a moment in a zone that is not UTC."""
    if moment is None:
        return ""
    return f"{moment + timedelta(hours=2):%Y-%m-%dT%H:%M:%S}+02:00"


def odoo(leads: Sequence[Lead]) -> Written:
    """Write crm.lead, lost leads with their stage of then, and the report on activities."""
    kept = [each for each in leads if each.counts]
    rows = pd.DataFrame(
        {
            "id": 100 + each.number,
            "create_date": plain(each.created),
            "type": "opportunity" if each.sql_at else "lead",
            "name": "Interested",
            "partner_name": each.company,
            "contact_name": f"{each.first_name} {each.last_name}",
            "email_from": each.email,
            "country_id": each.country,
            "source_id": each.source,
            "stage_id": "Won" if each.outcome == "won" else "Qualified",
            "won_status": each.outcome or "pending",
            "active": str(each.outcome != "lost"),
            "date_conversion": plain(each.sql_at),
            "date_open": plain(each.created),
            "date_closed": plain(each.closed_at),
            "date_last_stage_update": plain(each.sql_at or each.created),
            "lost_reason_id": "Too expensive" if each.outcome == "lost" else "",
            "expected_revenue": each.amount,
            "automated_probability": 100 if each.outcome == "won" else 4.5,
            "user_id": "Rep One",
        }
        for each in kept
    )
    activities = pd.DataFrame(
        {
            "id": position + 1,
            "lead_id": 100 + lead.number,
            "date": plain(act.at),
            "mail_activity_type_id": act.kind,
            "subtype_id": "Activities",
            "author_id": "Rep One",
            "lead_create_date": plain(lead.created),
        }
        for position, (lead, act) in enumerate(acts_of(kept))
    )
    files = {"crm.lead.csv": rows, "crm.activity.report.csv": activities}
    spare = ("name", "contact_name", "country_id", "source_id", "user_id", "expected_revenue")
    return Written(files, truth(kept, lambda number: str(100 + number)), "crm.lead.csv", spare)


def odoo_without_activities(leads: Sequence[Lead]) -> Written:
    """Write crm.lead alone: one file that tells leads and outcomes."""
    written = odoo([replace(each, acts=()) for each in leads])
    return replace(written, tables={"crm.lead.csv": written.tables["crm.lead.csv"]})
