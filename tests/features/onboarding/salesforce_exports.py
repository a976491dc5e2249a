"""The made-up company as Salesforce exports it, and as warehouses land it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pandas as pd

from tests.features.onboarding.made_up_company import (
    Act,
    Lead,
    Truth,
    Written,
    acts_of,
    day,
    iso,
    plain,
    truth,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SPARE = ("FirstName", "LastName", "Email", "Title", "AnnualRevenue", "Industry", "Country")
CHECKS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def record_id(prefix: str, number: int, *, short: bool = False) -> str:
    """Return an id of 15 characters, or with the 3 that say which letters are capitals."""
    number, tail = number + 40_000, ""
    while number:
        number, digit = divmod(number, 62)
        tail = DIGITS[digit] + tail
    plain_id = f"{prefix}5g{tail:0>10}"
    if short:
        return plain_id
    fives = (plain_id[start : start + 5] for start in (0, 5, 10))
    signs = (sum(each.isupper() << n for n, each in enumerate(five)) for five in fives)
    return plain_id + "".join(CHECKS[sign] for sign in signs)


def lead_id(number: int) -> str:
    """Return the id of a lead."""
    return record_id("00Q", number)


def salesforce_truth(
    leads: Sequence[Lead], *, kind: Callable[[Act], str] = lambda act: act.kind
) -> Truth:
    """ConvertedDate and CloseDate have no time of day; meetings are of one kind."""
    return truth(leads, lead_id, kind=kind, days=("sql", "won", "lost"))


def lead_rows(leads: Sequence[Lead], moment: Callable[[datetime], str]) -> pd.DataFrame:
    """Write the object Lead; what was converted names its contact and its opportunity."""
    return pd.DataFrame(
        {
            "Id": lead_id(each.number),
            "IsDeleted": str(each.is_deleted or each.merged_into is not None).lower(),
            "MasterRecordId": "" if each.merged_into is None else lead_id(each.merged_into),
            "LastName": each.last_name,
            "FirstName": each.first_name,
            "Title": "CEO",
            "Company": each.company,
            "Email": each.email,
            "Country": each.country,
            "Industry": each.industry,
            "NumberOfEmployees": each.employees,
            "AnnualRevenue": each.revenue,
            "LeadSource": each.source,
            "Status": "Qualified" if each.sql_at else "Open - Not Contacted",
            "OwnerId": record_id("005", each.number % 5),
            "IsConverted": str(each.sql_at is not None).lower(),
            "ConvertedDate": day(each.sql_at),
            "ConvertedAccountId": record_id("001", each.number) if each.sql_at else "",
            "ConvertedContactId": record_id("003", each.number) if each.sql_at else "",
            "ConvertedOpportunityId": record_id("006", each.number) if each.sql_at else "",
            "CreatedDate": moment(each.created),
            "SystemModstamp": moment(each.created + timedelta(days=60)),
        }
        for each in leads
    )


def who(lead: Lead) -> str:
    """Return the id under which activities name a lead: short, or its contact's."""
    short = lead.number % 2 == 0
    return record_id("003" if lead.sql_at else "00Q", lead.number, short=short)


def task_rows(leads: Sequence[Lead], moment: Callable[[datetime], str]) -> pd.DataFrame:
    """Write the object Task; some rows were deleted, and one names a contact that was no lead."""
    rows = [
        {
            "Id": record_id("00T", position),
            "WhoId": who(lead),
            "WhatId": "",
            "Subject": act.kind,
            "ActivityDate": day(act.at),
            "Status": "Completed",
            "Type": act.kind,
            "TaskSubtype": "Task",
            "IsDeleted": "false",
            "CreatedDate": moment(act.at),
            "SystemModstamp": moment(act.at),
        }
        for position, (lead, act) in enumerate(acts_of(leads))
        if act.kind != "Call"
    ]
    gone = [
        row | {"Id": record_id("00T", 9_000 + position), "IsDeleted": "true"}
        for position, row in enumerate(rows[:20])
    ]
    stranger = rows[0] | {"Id": record_id("00T", 9_999), "WhoId": record_id("003", 9_999)}
    return pd.DataFrame([*rows, *gone, stranger])


def event_rows(leads: Sequence[Lead], moment: Callable[[datetime], str]) -> pd.DataFrame:
    """Write the calls as the object Event."""
    return pd.DataFrame(
        {
            "Id": record_id("00U", position),
            "WhoId": who(lead),
            "WhatId": "",
            "Subject": "Talk",
            "StartDateTime": moment(act.at),
            "EndDateTime": moment(act.at + timedelta(minutes=30)),
            "DurationInMinutes": 30,
            "Type": "Call",
            "IsDeleted": "false",
            "CreatedDate": moment(act.at - timedelta(hours=1)),
            "SystemModstamp": moment(act.at),
        }
        for position, (lead, act) in enumerate(acts_of(leads))
        if act.kind == "Call"
    )


def opportunity_rows(leads: Sequence[Lead], moment: Callable[[datetime], str]) -> pd.DataFrame:
    """Write the object Opportunity: won and lost ones, and open ones that expect to close."""
    words = {"won": "Closed Won", "lost": "Closed Lost", None: "Negotiation/Review"}
    return pd.DataFrame(
        {
            "Id": record_id("006", each.number),
            "IsDeleted": "false",
            "AccountId": record_id("001", each.number),
            "Name": f"{each.company} deal",
            "StageName": words[each.outcome],
            "Amount": each.amount,
            "CloseDate": day(each.closed_at or each.sql_at + timedelta(days=90)),
            "IsClosed": str(each.outcome is not None).lower(),
            "IsWon": str(each.outcome == "won").lower(),
            "LeadSource": each.source,
            "CreatedDate": moment(each.sql_at),
            "SystemModstamp": moment(each.sql_at),
        }
        for each in leads
        if each.sql_at is not None
    )


def bystanders() -> dict[str, pd.DataFrame]:
    """Write what lies beside in a real folder: users, accounts, contacts, an empty file."""
    users = [
        {"Id": record_id("005", n), "Username": f"rep{n}@us.example", "CreatedDate": "2020-01-01"}
        for n in range(5)
    ]
    accounts = [
        {"Id": record_id("001", n), "Name": f"Firm {n} Ltd", "Industry": "Retail", "Website": ""}
        for n in range(60)
    ]
    contacts = [
        {
            "Id": record_id("003", n),
            "AccountId": record_id("001", n),
            "LastName": "Kim",
            "Email": f"c{n}@example.com",
            "MailingCountry": "Italy",
            "ReportsToId": "",
            "CreatedDate": "2020-01-01T08:00:00.000Z",
        }
        for n in range(50)
    ]
    frames = {"User.csv": users, "Account.csv": accounts, "Contact.csv": contacts}
    return {name: pd.DataFrame(rows) for name, rows in frames.items()}


def objects(leads: Sequence[Lead], moment: Callable[[datetime], str] = iso) -> Written:
    """Write the objects by their API names, as Data Loader does, with much beside them."""
    made = (lead_rows, task_rows, event_rows, opportunity_rows)
    names = ("Lead.csv", "Task.csv", "Event.csv", "Opportunity.csv")
    tables = {name: rows(leads, moment) for name, rows in zip(names, made, strict=True)}
    return Written(tables, salesforce_truth(leads), "Lead.csv", SPARE)


def with_bystanders(leads: Sequence[Lead]) -> Written:
    """Write the objects with users, accounts and contacts beside them."""
    written = objects(leads)
    return replace(written, tables=written.tables | bystanders())


def fivetran(leads: Sequence[Lead]) -> Written:
    """Write the objects in snake case, as Fivetran lands them."""
    written = objects(leads, plain)
    tables = {
        name.lower(): table.rename(columns=snake).assign(_fivetran_synced="2025-03-20 02:00:00")
        for name, table in written.tables.items()
    }
    return replace(
        written, tables=tables, leads="lead.csv", spare=tuple(snake(each) for each in SPARE)
    )


def history_mode(leads: Sequence[Lead]) -> Written:
    """Write each version of a lead, as Fivetran's history mode keeps them."""
    written = fivetran(leads)
    rows = written.tables["lead.csv"]
    created = pd.to_datetime(rows["created_date"])
    changed = (created + pd.Timedelta(days=3)).astype("str")
    before = rows.assign(
        number_of_employees=1,
        _fivetran_active="false",
        _fivetran_start=rows["created_date"],
        _fivetran_end=changed,
    )
    now = rows.assign(
        _fivetran_active="true",
        _fivetran_start=changed,
        _fivetran_end="9999-12-31 23:59:59.999",
    )
    return replace(written, tables=written.tables | {"lead.csv": pd.concat([before, now])})


def airbyte(leads: Sequence[Lead]) -> Written:
    """Write the objects as Airbyte appends them: a row of some leads more than once."""
    written = objects(leads)
    tables = {
        name: table.assign(_airbyte_raw_id=range(len(table)), _airbyte_extracted_at="2025-03-20")
        for name, table in written.tables.items()
    }
    older = (
        tables["Lead.csv"]
        .head(40)
        .assign(
            NumberOfEmployees=1,
            SystemModstamp="2024-01-01T00:00:00.000Z",
            _airbyte_extracted_at="2024-02-01",
        )
    )
    repeated = tables["Task.csv"].head(30)
    tables["Lead.csv"] = pd.concat([older, tables["Lead.csv"]])
    tables["Task.csv"] = pd.concat([tables["Task.csv"], repeated])
    return replace(written, tables=tables)


def snake(name: str) -> str:
    """Write a name of the API in snake case."""
    return "".join(f"_{each.lower()}" if each.isupper() else each for each in name).lstrip("_")
