"""The made-up company's events in Marketo, Segment and Google Analytics, leads beside them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pandas as pd

from tests.features.onboarding.made_up_company import Act, Lead, Written, acts_of, iso, plain, truth

if TYPE_CHECKING:
    from collections.abc import Sequence

TYPES = {"Email opened": "10", "Call": "46", "Pricing view": "1"}


def number_id(number: int) -> str:
    """Return the id of a lead."""
    return str(1_286_000 + number)


def marketo(leads: Sequence[Lead]) -> Written:
    """Write the bulk extracts of leads and activities, merges, and outcomes from elsewhere."""
    rows = pd.DataFrame(
        {
            "id": number_id(each.number),
            "createdAt": iso(each.created),
            "updatedAt": iso(each.created),
            "firstName": each.first_name,
            "lastName": each.last_name,
            "email": each.email,
            "company": each.company,
            "numberOfEmployees": each.employees,
            "industry": each.industry,
            "country": each.country,
            "leadSource": each.source,
            "originalSourceType": "Web form fillout",
            "leadScore": each.number % 90,
        }
        for each in leads
        if each.counts
    )
    activities = pd.DataFrame(
        {
            "marketoGUID": f"guid-{position}",
            "leadId": number_id(act.number),
            "activityDate": iso(act.at),
            "activityTypeId": TYPES[act.kind],
            "campaignId": 7,
            "primaryAttributeValueId": 3,
            "primaryAttributeValue": "page",
            "attributes": json.dumps({"Client IP Address": "10.0.0.1", "Link": "a,b"}),
        }
        for position, (_, act) in enumerate(acts_of(leads))
    )
    merges = pd.DataFrame(
        {
            "id": position,
            "lead_id": number_id(each.merged_into),
            "activity_date": iso(each.created),
            "merge_ids": f"[{number_id(each.number)}]",
        }
        for position, each in enumerate(leads)
        if each.merged_into is not None
    )
    files = {
        "leads.csv": rows,
        "activities_2024-01.csv": activities.iloc[::2],
        "activities_2024-02.csv": activities.iloc[1::2],
        "activity_merge_leads.csv": merges,
        "outcomes.csv": outcome_rows(leads),
    }
    spare = ("firstName", "lastName", "industry", "country", "leadScore")
    true = truth(leads, number_id, kind=lambda act: TYPES[act.kind])
    return Written(files, true, "leads.csv", spare)


def plain_leads(leads: Sequence[Lead]) -> pd.DataFrame:
    """Write a leads table of a company's own."""
    return pd.DataFrame(
        {
            "lead_id": number_id(each.number),
            "created_at": plain(each.created),
            "email": each.email,
            "company": each.company,
            "employees": each.employees,
            "country": each.country,
            "lead_source": each.source,
        }
        for each in leads
        if each.counts
    )


def outcome_rows(leads: Sequence[Lead]) -> pd.DataFrame:
    """Write outcomes of a company's own: a row a stage."""
    return pd.DataFrame(
        {"lead_id": number_id(each.number), "stage": stage, "occurred_at": plain(at)}
        for each in leads
        for stage, at in (("SQL", each.sql_at), (each.outcome, each.closed_at))
        if at is not None and each.counts
    )


def segment(leads: Sequence[Lead]) -> Written:
    """Write Segment's tracks, half of them of visitors that `identifies` names later."""
    kept = [each for each in leads if each.counts]
    tracks = pd.DataFrame(
        {
            "id": f"m-{position}",
            "user_id": number_id(act.number) if position % 2 else "",
            "anonymous_id": f"visitor-{act.number}",
            "event": slugged(act),
            "event_text": act.kind,
            "timestamp": plain(act.at),
            "received_at": plain(act.at),
            "sent_at": plain(act.at),
            "context_campaign_source": "google",
        }
        for position, (_, act) in enumerate(acts_of(kept))
    )
    identifies = pd.DataFrame(
        {
            "id": f"i-{each.number}",
            "user_id": number_id(each.number),
            "anonymous_id": f"visitor-{each.number}",
            "received_at": plain(each.created),
            "timestamp": plain(each.created),
        }
        for each in kept
    )
    files = {
        "leads.csv": plain_leads(kept),
        "tracks.csv": tracks,
        "identifies.csv": identifies,
        "outcomes.csv": outcome_rows(kept),
    }
    return Written(files, truth(kept, number_id), "leads.csv", ("employees", "country"))


def analytics(leads: Sequence[Lead]) -> Written:
    """Write Google Analytics' events in microseconds since 1970, some of unknown visitors."""
    kept = [each for each in leads if each.counts]
    events = pd.DataFrame(
        {
            "event_date": f"{act.at:%Y%m%d}",
            "event_timestamp": int(act.at.timestamp() * 1_000_000),
            "event_name": slugged(act),
            "user_id": number_id(act.number),
            "user_pseudo_id": f"{act.number}.1700000000",
            "event_bundle_sequence_id": position,
            "platform": "WEB",
            "traffic_source_source": "google",
        }
        for position, (_, act) in enumerate(acts_of(kept))
    )
    visitors = events.head(50).assign(user_id="", user_pseudo_id="77.1700000000")
    files = {
        "leads.csv": plain_leads(kept),
        "events_20250301.csv": pd.concat([events, visitors]),
        "outcomes.csv": outcome_rows(kept),
    }
    true = truth(kept, number_id, kind=slugged)
    return Written(files, true, "leads.csv", ("employees", "country"))


def slugged(act: Act) -> str:
    """Return a kind as programs write it."""
    return act.kind.lower().replace(" ", "_")
