"""The made-up company as Pipedrive, Dynamics 365, Zoho and Odoo export it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pandas as pd

from tests.features.onboarding.made_up_company import (
    Act,
    Lead,
    Written,
    acts_of,
    day,
    iso,
    plain,
    truth,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


def uuid(number: int) -> str:
    """Return an id as Pipedrive and Dynamics draw them."""
    return str(UUID(int=(1 << 100) + number))


def pipedrive(leads: Sequence[Lead]) -> Written:
    """Write what Pipedrive's interface gives to programs: all else names the lead's person."""
    kept = [each for each in leads if each.counts]
    rows = pd.DataFrame(
        {
            "id": uuid(each.number),
            "title": f"{each.company} lead",
            "owner_id": each.number % 5,
            "creator_id": each.number % 5,
            "person_id": 700 + each.number,
            "organization_id": 90 + each.number % 50,
            "source_name": each.source,
            "is_archived": str(each.sql_at is not None).lower(),
            "was_seen": "true",
            "expected_close_date": "",
            "next_activity_id": "",
            "add_time": iso(each.created),
            "update_time": iso(each.created + timedelta(days=20)),
        }
        for each in kept
    )
    deals = pd.DataFrame(
        {
            "id": 1 + each.number,
            "person_id": 700 + each.number,
            "org_id": 90 + each.number % 50,
            "title": "A deal",
            "value": each.amount,
            "currency": "EUR",
            "status": each.outcome or "open",
            "stage_id": 3,
            "pipeline_id": 1,
            "add_time": plain(each.sql_at),
            "stage_change_time": plain(each.sql_at),
            "won_time": plain(each.closed_at if each.outcome == "won" else None),
            "lost_time": plain(each.closed_at if each.outcome == "lost" else None),
            "close_time": plain(each.closed_at),
            "lost_reason": "price" if each.outcome == "lost" else "",
            "user_id": 3,
        }
        for each in kept
        if each.sql_at
    )
    persons = pd.DataFrame(
        {
            "id": 700 + each.number,
            "name": f"{each.first_name} {each.last_name}",
            "org_id": 90 + each.number % 50,
            "open_deals_count": 0,
            "won_deals_count": int(each.outcome == "won"),
            "email": each.email,
            "add_time": plain(each.created),
        }
        for each in kept
    )
    activities = pd.DataFrame(
        {
            "id": 5_000 + position,
            "lead_id": uuid(act.number) if position % 2 else "",
            "person_id": 700 + act.number,
            "deal_id": "",
            "type": act.kind,
            "due_date": day(act.at),
            "due_time": f"{act.at:%H:%M}",
            "done": "true",
            "busy_flag": "false",
            "add_time": plain(act.at),
            "marked_as_done_time": plain(act.at),
        }
        for position, (_, act) in enumerate(acts_of(kept))
    )
    tables = {"leads": rows, "deals": deals, "persons": persons, "activities": activities}
    files = {f"{name}.csv": table for name, table in tables.items()}
    spare = ("title", "creator_id", "source_name", "was_seen", "next_activity_id")
    return Written(files, truth(kept, uuid), "leads.csv", spare)


def dynamics(leads: Sequence[Lead]) -> Written:
    """Write the tables of the Web API: choices as numbers, merged leads with their master."""
    leads = [each for each in leads if not each.is_deleted]  # Dynamics keeps none
    rows = pd.DataFrame(
        {
            "leadid": uuid(each.number),
            "createdon": iso(each.created),
            "subject": "Interested",
            "companyname": each.company,
            "firstname": each.first_name,
            "lastname": each.last_name,
            "emailaddress1": each.email,
            "numberofemployees": each.employees,
            "revenue": each.revenue,
            "address1_country": each.country,
            "leadsourcecode": each.source,
            "statecode": 1 if each.sql_at else 0,
            "statuscode": 3 if each.sql_at else 1,
            "_qualifyingopportunityid_value": uuid(9_000 + each.number) if each.sql_at else "",
            "_parentcontactid_value": uuid(5_000 + each.number) if each.sql_at else "",
            "_masterid_value": "" if each.merged_into is None else uuid(each.merged_into),
            "merged": str(each.merged_into is not None),
            "modifiedon": iso(each.created + timedelta(days=40)),
        }
        for each in leads
    )
    states = {None: 0, "won": 1, "lost": 2}
    deals = pd.DataFrame(
        {
            "opportunityid": uuid(9_000 + each.number),
            "_originatingleadid_value": uuid(each.number),
            "createdon": iso(each.sql_at),
            "statecode": states[each.outcome],
            "statuscode": 1,
            "actualclosedate": day(each.closed_at),
            "actualvalue": each.amount if each.outcome == "won" else "",
            "estimatedvalue": each.amount,
            "modifiedon": iso(each.sql_at),
        }
        for each in leads
        if each.sql_at
    )
    activities = pd.DataFrame(
        {
            "activityid": uuid(20_000 + position),
            "_regardingobjectid_value": uuid(
                lead.number + (9_000 if lead.sql_at and position % 2 else 0)
            ),
            "activitytypecode": act.kind,
            "createdon": iso(act.at),
            "scheduledstart": iso(act.at),
            "statecode": 1,
        }
        for position, (lead, act) in enumerate(acts_of(leads))
    )
    files = {"lead.csv": rows, "opportunity.csv": deals, "activitypointer.csv": activities}
    spare = ("subject", "firstname", "lastname", "revenue", "address1_country", "statuscode")
    return Written(files, truth(leads, uuid, days=("won", "lost")), "lead.csv", spare)


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
