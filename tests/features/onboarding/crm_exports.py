"""The made-up company as Pipedrive and Dynamics 365 export it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pandas as pd

from tests.features.onboarding.made_up_company import (
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
