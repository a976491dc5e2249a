"""The made-up company as HubSpot exports it, and as warehouses land it."""

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
    iso,
    plain,
    truth,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LABELS = {
    "id": "Record ID",
    "createdate": "Create Date",
    "firstname": "First Name",
    "lastname": "Last Name",
    "email": "Email",
    "company": "Company Name",
    "jobtitle": "Job Title",
    "numemployees": "Number of Employees",
    "annualrevenue": "Annual Revenue",
    "industry": "Industry",
    "country": "Country/Region",
    "hs_analytics_source": "Original Traffic Source",
    "lifecyclestage": "Lifecycle Stage",
    "hubspot_owner_id": "Contact owner",
    "hs_analytics_num_page_views": "Number of Pageviews",
    "notes_last_updated": "Last Activity Date",
    "hs_lifecyclestage_salesqualifiedlead_date": "Became a Sales Qualified Lead Date",
    "hs_lifecyclestage_customer_date": "Became a Customer Date",
    "hs_merged_object_ids": "Merged object IDs",
}
GERMAN = LABELS | {
    "industry": "Branche",
    "annualrevenue": "Jahresumsatz",
    "hs_analytics_source": "Ursprüngliche Quelle",
    "lifecyclestage": "Lifecycle-Phase",
    "hs_lifecyclestage_salesqualifiedlead_date": "Datum der Konversion zum Sales Qualified Lead",
    "hs_lifecyclestage_customer_date": "Datum der Konversion zum Kunde",
}
SPARE = ("firstname", "lastname", "annualrevenue", "industry", "country", "notes_last_updated")


def contact_id(number: int) -> str:
    """Return the id of a contact; deals draw theirs from the same numbers."""
    return str(10_000 + number)


def deal_id(number: int) -> str:
    """Return the id of a lead's deal, which is the id of another contact."""
    return contact_id(number + 31)


def contact_rows(leads: Sequence[Lead], moment: Callable[[datetime | None], str]) -> pd.DataFrame:
    """Write the contacts by their properties; merged ones stand in the cell of the one kept."""
    merged: dict[int, list[str]] = {}
    for each in leads:
        if each.merged_into is not None:
            merged.setdefault(each.merged_into, []).append(contact_id(each.number))
    return pd.DataFrame(
        {
            "id": contact_id(each.number),
            "createdate": moment(each.created),
            "firstname": each.first_name,
            "lastname": each.last_name,
            "email": each.email,
            "company": each.company,
            "jobtitle": "CEO",
            "numemployees": each.employees,
            "annualrevenue": each.revenue,
            "industry": each.industry,
            "country": each.country,
            "hs_analytics_source": each.source,
            "lifecyclestage": "customer" if each.outcome == "won" else "lead",
            "hubspot_owner_id": each.number % 5,
            "hs_analytics_num_page_views": len(each.acts) * 3,
            "notes_last_updated": moment(each.created + timedelta(days=30)),
            "hs_lifecyclestage_salesqualifiedlead_date": moment(each.sql_at),
            "hs_lifecyclestage_customer_date": moment(
                each.closed_at if each.outcome == "won" else None
            ),
            "hs_merged_object_ids": ";".join(merged.get(each.number, [])),
        }
        for each in leads
        if each.merged_into is None
    )


def deal_rows(leads: Sequence[Lead], moment: Callable[[datetime | None], str]) -> pd.DataFrame:
    """Write the deals by their properties."""
    stages = {"won": "closedwon", "lost": "closedlost", None: "contractsent"}
    return pd.DataFrame(
        {
            "id": deal_id(each.number),
            "contacts": contact_id(each.number),
            "dealname": f"{each.company} deal",
            "dealstage": stages[each.outcome],
            "pipeline": "default",
            "amount": each.amount,
            "createdate": moment(each.sql_at),
            "closedate": moment(each.closed_at),
            "hubspot_owner_id": each.number % 5,
        }
        for each in leads
        if each.sql_at is not None and each.counts
    )


def interface(leads: Sequence[Lead], labels: dict[str, str] = LABELS) -> Written:
    """Write what the interface exports: contacts and deals by their labels."""
    kept = [replace(each, acts=()) for each in leads if not each.is_deleted]
    deals = deal_rows(kept, minute).rename(
        columns={
            "id": "Record ID",
            "contacts": "Associated Contact IDs",
            "dealname": "Deal Name",
            "dealstage": "Deal Stage",
            "pipeline": "Pipeline",
            "amount": "Amount",
            "createdate": "Create Date",
            "closedate": "Close Date",
            "hubspot_owner_id": "Deal owner",
        }
    )
    words = {
        "closedwon": "Closed Won",
        "closedlost": "Closed Lost",
        "contractsent": "Contract Sent",
    }
    deals["Deal Stage"] = deals["Deal Stage"].map(words)
    tables = {
        "contacts.csv": contact_rows(kept, minute).rename(columns=labels),
        "deals.csv": deals,
    }
    to_minutes = [
        replace(
            each,
            sql_at=each.sql_at and each.sql_at.replace(second=0),
            closed_at=each.closed_at and each.closed_at.replace(second=0),
        )
        for each in kept
    ]
    spare = tuple(labels[each] for each in SPARE)
    return Written(tables, truth(to_minutes, contact_id), "contacts.csv", spare)


def german_interface(leads: Sequence[Lead]) -> Written:
    """Write contacts and deals with German labels of the contacts."""
    return interface(leads, GERMAN)


def of_fivetran(act: Act) -> str:
    """Return the kind of event that Fivetran's tables tell."""
    return "Form submission" if act.kind == "Pricing view" else act.kind.upper()


def fivetran(leads: Sequence[Lead]) -> Written:
    """Write what Fivetran lands: deals and engagements name contacts by tables of their own."""
    contacts = contact_rows(leads, plain).add_prefix("property_")
    contacts = contacts.rename(columns={"property_id": "id"})
    contacts["_fivetran_deleted"] = [
        str(each.is_deleted).lower() for each in leads if each.merged_into is None
    ]
    deals = deal_rows(leads, plain)
    links = pd.DataFrame(
        {"contact_id": deals["contacts"], "deal_id": deals["id"], "type_id": 3, "category": "H"}
    )
    deals = deals.drop(columns="contacts").rename(
        columns={
            "id": "deal_id",
            "dealname": "property_dealname",
            "dealstage": "deal_pipeline_stage_id",
            "pipeline": "deal_pipeline_id",
            "amount": "property_amount",
            "createdate": "property_createdate",
            "closedate": "property_closedate",
            "hubspot_owner_id": "owner_id",
        }
    )
    deals["is_deleted"] = "false"
    done = acts_of(leads)
    forms = [
        {
            "timestamp": plain(act.at),
            "form_id": 12,
            "contact_id": contact_id(lead.number),
            "conversion_id": position,
            "page_url": "https://example.com/pricing",
            "title": "Pricing",
        }
        for position, (lead, act) in enumerate(done)
        if act.kind == "Pricing view"
    ]
    others = [(n, lead, act) for n, (lead, act) in enumerate(done) if act.kind != "Pricing view"]
    engagements = [
        {
            "engagement_id": 10_000 + n,
            "type": act.kind.upper(),
            "property_hs_timestamp": plain(act.at),
        }
        for n, _lead, act in others
    ]
    engaged = [
        {"contact_id": contact_id(lead.number), "engagement_id": 10_000 + n, "type_id": 194}
        for n, lead, _act in others
    ]
    history = [
        {
            "contact_id": contact_id(each.number),
            "name": "numemployees",
            "value": value,
            "timestamp": plain(each.created + timedelta(days=days)),
            "source": "CRM_UI",
            "source_id": "1",
        }
        for each in leads
        for days, value in ((0, 1), (3, each.employees))
        if each.counts
    ]
    tables = {
        "contact.csv": contacts,
        "deal.csv": deals,
        "deal_contact.csv": links,
        "contact_form_submission.csv": pd.DataFrame(forms),
        "engagement.csv": pd.DataFrame(engagements),
        "engagement_contact.csv": pd.DataFrame(engaged),
        "contact_property_history.csv": pd.DataFrame(history),
    }
    tables = {
        name: each.assign(_fivetran_synced="2025-03-20 02:00:00") for name, each in tables.items()
    }
    spare = tuple(f"property_{each}" for each in SPARE)
    return Written(tables, truth(leads, contact_id, kind=of_fivetran), "contact.csv", spare)


def airbyte(leads: Sequence[Lead]) -> Written:
    """Write what Airbyte lands: contacts, deals and engagements with lists of contacts."""
    archived = [str(each.is_deleted).lower() for each in leads if each.merged_into is None]
    contacts = contact_rows(leads, iso).add_prefix("properties_")
    contacts = contacts.rename(columns={"properties_id": "id"}).assign(
        createdAt=contacts["properties_createdate"],
        updatedAt="2025-03-19T00:00:00.000Z",
        archived=archived,
    )
    older = contacts.head(30).assign(
        properties_numemployees=1, updatedAt="2024-01-19T00:00:00.000Z"
    )
    deals = deal_rows(leads, iso)
    deals["contacts"] = '["' + deals["contacts"] + '"]'
    deals = deals.add_prefix("properties_").rename(
        columns={"properties_id": "id", "properties_contacts": "contacts"}
    )
    deals = deals.assign(archived="false", updatedAt="2025-03-19T00:00:00.000Z")
    engagements = [
        {
            "id": 500_000 + position,
            "properties_hs_timestamp": iso(act.at),
            "properties_hs_engagement_type": act.kind,
            "type": act.kind,
            "contacts": f'["{contact_id(lead.number)}"]',
            "createdAt": iso(act.at),
            "archived": "false",
        }
        for position, (lead, act) in enumerate(acts_of(leads))
    ]
    tables = {
        "contacts.csv": pd.concat([older, contacts]),
        "deals.csv": deals,
        "engagements.csv": pd.DataFrame(engagements),
    }
    tables = {
        name: each.assign(_airbyte_extracted_at="2025-03-20T02:00:00.000Z")
        for name, each in tables.items()
    }
    spare = tuple(f"properties_{each}" for each in SPARE)
    return Written(tables, truth(leads, contact_id), "contacts.csv", spare)


def minute(moment: datetime | None) -> str:
    """Write a moment as the interface does, to the minute."""
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M}"
