"""A small made-up company that every test of the features starts from."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

import ibis
import numpy as np
import pandas as pd
import pytest

from leadscore.features.contract.contract import CONTRACT_FILE, load_contract
from leadscore.features.point_in_time.snapshots import training_snapshots
from leadscore.features.tables.open_tables import open_tables

KINDS = ("page_view", "pricing_view", "email_sent", "email_open", "webinar", "call", "Reactive ü")
FIRST_NAMES = ("Wilhelmina", "Bartholomew", "Xanthippe", "test", None)
LAST_NAMES = ("Quackenbush", "Featherstone", "Ravensdale", "Oglethorpe")
CONTRACT = """
[reading]
missing = ["n/a"]

[leads]
path = "leads.csv"
lead_id = "Lead ID"
created_at = "Created"
account = "Company"

[leads.columns]
"Company size" = "firmographic.company_size"
"Annual revenue" = "firmographic.revenue"
"Job title" = "firmographic.job_title"
"Industry" = "firmographic.industry"
"Site visits" = "firmographic:number"
"E-mail" = "personal.email"
"Phone" = "personal.phone"
"First name" = "personal.first_name"
"Last name" = "personal.last_name"
"Lead Source" = "channel.source"
"Deal value" = "value.amount"

[events]
path = "events.csv"
recorded_at = "recorded_at"
value = "value"
source = "utm_source"

[events.groups]
email_sent = ["email_sent"]
email_opened = ["email_open"]
sales_touch = ["call"]
interest = ["pricing_view", "webinar"]

[outcomes]
path = "outcomes.csv"
recorded_at = "recorded_at"
reason = "reason"

[outcomes.reason_groups]
not_now = ["no budget", "no time"]

[horizon_days]
sql = 20
won = 45

[features]
half_life_days = 7.0
rare_kind_share = 0.02
snapshot_ages_days = [0, 2, 7, 21, 60]
"""


@dataclass(frozen=True)
class Company:
    """Sixty leads, six hundred events and what became of it all, as somebody would export it."""

    leads: pd.DataFrame
    events: pd.DataFrame
    outcomes: pd.DataFrame

    def write(self, directory, contract=CONTRACT):
        """Write the three files and the contract, and read the contract."""
        for name in ("leads", "events", "outcomes"):
            getattr(self, name).to_csv(directory / f"{name}.csv", index=False)
        (directory / CONTRACT_FILE).write_text(contract, encoding="utf-8")
        return load_contract(directory)


def make_company():
    random = np.random.default_rng(7)
    number = np.arange(60)
    created = pd.Timestamp("2024-01-01 09:30") + pd.to_timedelta(number * 37, unit="h")
    ids = np.array([f"L{each:02}" for each in number])
    leads = pd.DataFrame(
        {
            "Lead ID": ids,
            "Created": created,
            "Company": [f"Firm {each % 25}" for each in number],
            "Company size": np.resize(["5", "51-200", "1,000+", "12 000", "n/a", "9"], 60),
            "Annual revenue": np.resize(["800k", "$2.5M", "1.5 bn", "20000000", "n/a"], 60),
            "Job title": np.resize(["CTO", "Head of Sales", "Marketing Manager", "n/a"], 60),
            "Industry": np.resize(["Retail", "Health", "Café & Bar"], 60),
            "Site visits": np.resize(["3", "1,204", "n/a", "0.5"], 60),
            "E-mail": [_email(each) for each in number],
            "Phone": [f"+49 151 {7_304_219 + 31 * each}" for each in number],
            "First name": np.resize(np.array(FIRST_NAMES, dtype=object), 60),
            "Last name": np.resize(LAST_NAMES, 60),
            "Lead Source": np.resize(["Web", "Fair", "Referral", "n/a"], 60),
            "Deal value": 1000.0 + 10 * number,
        }
    )
    return Company(leads, _events(random, ids, created), _outcomes(random, ids, created))


def _email(number):
    host = ("firm.example", "gmail.com", "acme.example")[number % 3]
    return "nobody" if number % 10 == 9 else f"{LAST_NAMES[number % 4].lower()}.{number}@{host}"


def _events(random, ids, created):
    whose = random.integers(0, 57, 600)  # the last three leads do nothing
    after = pd.to_timedelta(np.round(random.exponential(15 * 86_400, 600)), unit="s")
    occurred = created[whose] + after
    late = pd.to_timedelta(random.choice([0, 0, 0, 3600, 3 * 86_400], 600), unit="s")
    kinds = random.choice(KINDS, 600, p=[0.4, 0.15, 0.15, 0.1, 0.1, 0.07, 0.03]).astype(object)
    kinds[:5] = "once in a while"
    return pd.DataFrame(
        {
            "lead_id": ids[whose],
            "occurred_at": occurred,
            "recorded_at": occurred + late,
            "kind": kinds,
            "value": np.where(random.random(600) < 0.3, random.integers(1, 90, 600) / 4, np.nan),
            "utm_source": random.choice(["google", "bing", "n/a"], 600),
        }
    )


def _outcomes(random, ids, created):
    rows = []
    for lead_id, start in zip(ids[:50], created[:50], strict=True):
        moment = start
        for stage in ("mql", "rejected", "recycled", "accepted", "sql", "won", "lost"):
            if random.random() < 0.5:
                moment = moment + pd.Timedelta(hours=int(random.integers(5, 300)))
                known = moment + pd.Timedelta(hours=int(random.choice([0, 0, 30])))
                reason = random.choice(["No budget", "no time", "wrong fit", "n/a"])
                rows.append((lead_id, moment, known, stage, reason))
    return pd.DataFrame(rows, columns=["lead_id", "occurred_at", "recorded_at", "stage", "reason"])


@pytest.fixture(scope="session")
def company():
    return make_company()


@pytest.fixture(scope="session")
def tables(company, tmp_path_factory):
    """The company's tables, opened and cleaned."""
    contract = company.write(tmp_path_factory.mktemp("company"))
    with open_tables(contract) as opened:
        yield opened


@pytest.fixture(scope="session")
def spine(tables):
    """The training snapshots of the company."""
    snapshots = training_snapshots(tables, ages_days=(0, 2, 7, 21, 60))
    return snapshots.order_by("lead_id", "as_of").to_pandas()


@pytest.fixture(scope="session")
def snapshots(spine):
    return ibis.memtable(spine)


@pytest.fixture
def write_project(tmp_path):
    """Write a contract and its files, given as text or bytes, into a project folder."""

    def write(contract, **files):
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            (tmp_path / name.replace("__", ".")).write_bytes(data)
        (tmp_path / CONTRACT_FILE).write_text(contract, encoding="utf-8")
        return load_contract(tmp_path)

    return write


@pytest.fixture
def open_project():
    """Open a contract's tables for the length of a test."""
    with ExitStack() as stack:
        yield lambda contract, **options: stack.enter_context(open_tables(contract, **options))


@pytest.fixture(scope="module")
def closed_at(tables):
    """When each lead was first known to be won or lost."""
    outcomes = tables.outcomes.to_pandas()
    ends = outcomes[outcomes["stage"].isin(["won", "lost"])]
    known_at = ends[["occurred_at", "recorded_at"]].max(axis=1)
    return known_at.groupby(ends["lead_id"]).min()
