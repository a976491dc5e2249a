"""A company of a few leads, written out cell by cell, for what the policy's rules ask of tables."""

from __future__ import annotations

import tomllib
from datetime import datetime
from typing import TYPE_CHECKING

import ibis

from leadscore.features.contract.contract import Contract, load_contract

if TYPE_CHECKING:
    from pathlib import Path

NIGHT = datetime(2026, 6, 1)

CONTRACT = """
[leads]
path = "leads.csv"
lead_id = "id"
created_at = "created"

[leads.columns]
country = "firmographic"
staff = "firmographic:number"
email = "personal.email"
phone = "personal.phone"
campaign = "channel.campaign"
deal = "value.amount"
grade = "ignored"

[events]
path = "events.csv"
recorded_at = "recorded_at"

[events.groups]
asked = ["demo_request", "contact_form"]

[outcomes]
path = "outcomes.csv"
recorded_at = "recorded_at"
reason = "reason"
amount = "amount"

[outcomes.reason_groups]
not_now = ["no budget", "too early"]
Data = ["wrong number"]
"""

LEADS = """
id,created,country,staff,email,phone,campaign,deal,grade
A,2026-01-01,Germany,40,ann@acme.example,+49 151 730,spring,,1
B,2026-01-01,germany,9,bob@mail.acme.example,,spring,,1
C,2026-01-01,Austria,,carl@notacme.example,+43 151 730,autumn,,1
D,2026-01-01,,500,nobody,,,,1
"""
EVENTS = "lead_id,occurred_at,recorded_at,kind\n"
OUTCOMES = "lead_id,occurred_at,recorded_at,stage,reason,amount\n"


def contract(text: str = CONTRACT) -> Contract:
    """Read a contract that no file needs to stand behind."""
    return Contract.model_validate(tomllib.loads(text))


def write(
    directory: Path,
    leads: str = LEADS,
    events: str = "",
    outcomes: str = "",
    contract_text: str = CONTRACT,
) -> Contract:
    """Write the three files; of events and outcomes the rows below the heading."""
    (directory / "leadscore.toml").write_text(contract_text, encoding="utf-8")
    (directory / "leads.csv").write_text(leads.strip() + "\n", encoding="utf-8")
    (directory / "events.csv").write_text(EVENTS + events.strip() + "\n", encoding="utf-8")
    (directory / "outcomes.csv").write_text(OUTCOMES + outcomes.strip() + "\n", encoding="utf-8")
    return load_contract(directory)


def spine(*lead_ids: str, as_of: datetime = NIGHT) -> ibis.Table:
    """The snapshots of one night."""
    ids = ibis.memtable({"lead_id": list(lead_ids)})
    return ids.mutate(as_of=ibis.literal(as_of).cast("timestamp"))
