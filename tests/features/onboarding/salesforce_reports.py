"""The made-up company as reports of Salesforce's interface."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from tests.features.onboarding.made_up_company import Lead, Written, day, midnight
from tests.features.onboarding.salesforce_exports import (
    lead_rows,
    opportunity_rows,
    record_id,
    salesforce_truth,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

LABELS = {
    "Id": "Lead ID",
    "LastName": "Last Name",
    "FirstName": "First Name",
    "Company": "Company / Account",
    "NumberOfEmployees": "No. of Employees",
    "LeadSource": "Lead Source",
    "Status": "Lead Status",
    "ConvertedDate": "Converted Date",
    "CreatedDate": "Create Date",
}
GERMAN = {
    "Id": "Lead-ID",
    "LastName": "Nachname",
    "FirstName": "Vorname",
    "Company": "Firma/Account",
    "NumberOfEmployees": "Anzahl der Mitarbeiter",
    "LeadSource": "Lead-Quelle",
    "Status": "Lead-Status",
    "ConvertedDate": "Konvertierungsdatum",
    "CreatedDate": "Erstelldatum",
}
FOOTER = (
    '\n"Grand Totals ({rows} records)"\n\n"Confidential Information - Do Not Distribute"\n'
    '"Copyright © 2000-2025 salesforce.com, inc. All rights reserved."\n'
)


def report(leads: Sequence[Lead], labels: dict[str, str] = LABELS) -> Written:
    """Write reports on leads and on the opportunities of converted leads, by their labels."""
    kept = [each for each in leads if each.counts]  # reports leave out what was deleted
    rows = lead_rows(kept, day)[list(labels)].rename(columns=labels)
    rows[labels["Id"]] = [record_id("00Q", each.number, short=True) for each in kept]
    deals = opportunity_rows(kept, day)
    deals = pd.DataFrame(
        {
            "Lead ID": [record_id("00Q", each.number, short=True) for each in kept if each.sql_at],
            "Opportunity Name": deals["Name"],
            "Stage": deals["StageName"],
            "Amount": deals["Amount"],
            "Close Date": deals["CloseDate"],
            "Opportunity Owner": "Rep One",
            "Opportunity ID": deals["Id"].str[:15],
        }
    )
    around = {
        "leads_report.csv": ("Leads of all time\n\n", FOOTER.format(rows=len(rows))),
        "deals_report.csv": ("", FOOTER.format(rows=len(deals))),
    }
    dated = [
        replace(
            each,
            created=midnight(each.created),
            sql_at=each.sql_at and midnight(each.sql_at),
            acts=(),
        )
        for each in kept
    ]
    return Written(
        {"leads_report.csv": rows, "deals_report.csv": deals},
        salesforce_truth(dated),
        "leads_report.csv",
        (labels["FirstName"], labels["LastName"]),
        around,
    )


def german_report(leads: Sequence[Lead]) -> Written:
    """Write the report on leads with German labels."""
    return report(leads, GERMAN)
