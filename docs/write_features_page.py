"""The reference page of features, written from the code that builds them."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import ibis
import pandas as pd

from leadscore.features.contract import TERMS, Contract
from leadscore.features.families import build_features
from leadscore.features.point_in_time import NO_DATE
from leadscore.features.tables import CHANNEL_TOUCH, Quarantine, Tables, attributes_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from leadscore.features.families import Feature

KIND = "page view"  # stands for any kind or group of events
GROUPS = {"email_sent": ("sent",), "email_opened": ("opened",)}  # what the open rate is made of
EVENTS_OF_A_GROUP = "colleagues with events of the group in the last 30 days"
FAMILIES = {
    "firmographic": "What the company and the person are, and how well the form was filled in.",
    "engagement": "What the lead did, up to the moment it is looked at.",
    "channel": "Where the lead came from: its first and latest channel, and how many there were.",
    "history": "What marketing and sales have already done with the lead.",
    "account": "What the lead's colleagues, the other leads of its account, have done so far.",
}
HEAD = """\
# Features

Written by `python -m docs.write_features_page`; a test keeps it current.

Every feature of a snapshot `(lead_id, as_of)` is computed from rows that occurred **and** were
recorded strictly before `as_of`. Windows are whole days of 24 hours back from `as_of`. Counts are 0
where nothing happened; times since something are empty. A feature is there where its columns are.
"""
ACCOUNT = """\
The account is the column that `leads.account` names. Without one it is the domain of a company's
e-mail address, known by a digest alone; free e-mail providers are no account. These columns are
empty for a lead without an account, and in an account of more than 500 leads. The column with
`<group>` is repeated for each group of `[events.groups]`.
"""
PER_KIND = """\
The columns below are repeated for each group of `[events.groups]` and each common event kind, with
its name in place of `<kind>`; for `activity`, all that the lead itself did (not the groups
`email_sent` and `sales_touch`); and for `other_kinds`, the rest. A kind whose name ends in a plain
English noun is called by it, "pricing views"; other kinds are "*kind* events". A group of up to
three kinds is called by theirs, "demo requests or pricing views". `<kind>_faded` is the sum of
2^(−age in days / `features.half_life_days`). Kinds with less than `features.rare_kind_share` of the
events, and kinds that a model was not trained on, are counted in `other_kinds`.
"""
OWN_COLUMNS = """\
A firmographic or channel column without a term is a feature of its own, `lead_<name>`. Personal
columns are never features, nor is the value of the deal.
"""


def feature_page() -> str:
    """Write the page of every feature: its name, what it says, its unit and kind.

    Returns
    -------
    str
        Markdown, as `docs/features.md` holds it.
    """
    features = _whole_catalogue()
    parts = [HEAD]
    for family, says in FAMILIES.items():
        own = [each for each in features if each.family == family]
        parts.append(f"## {family.capitalize()}\n\n{says}\n")
        if family == "engagement":
            parts += [PER_KIND, _table(_pattern(own)), "Beside these:\n"]
            own = [each for each in own if not each.group]
        if family == "account":
            parts.append(ACCOUNT)
            own = _groups_as_one(own)
        parts.append(_table(own))
    return "\n".join([*parts, "## Your own columns\n", OWN_COLUMNS])


def _pattern(features: Iterable[Feature]) -> list[Feature]:
    """Put `<kind>` in the place of the one kind that the made-up contract has."""
    fact = "page_view"
    return [
        replace(
            each,
            name=each.name.replace(fact, "<kind>"),
            words=each.words.replace(f"{KIND}s", "*kind* events").replace(KIND, "*kind* event"),
        )
        for each in features
        if each.fact == fact
    ]


def _groups_as_one(features: Iterable[Feature]) -> list[Feature]:
    """Put `<group>` in the place of one of the made-up contract's groups; leave out the others."""
    first, *others = (f"colleagues_{group}" for group in GROUPS)
    return [
        replace(each, name=each.name.replace(first, "colleagues_<group>"), words=EVENTS_OF_A_GROUP)
        if each.fact == first
        else each
        for each in features
        if each.fact not in others
    ]


def _table(features: Iterable[Feature]) -> str:
    lines = ["| feature | what it says | unit | kind |", "| --- | --- | --- | --- |"]
    lines += [f"| `{each.name}` | {each.words} | {each.unit} | {each.kind} |" for each in features]
    return "\n".join([*lines, ""])


def _whole_catalogue() -> tuple[Feature, ...]:
    """Build the features of a made-up company that uses every term of the contract."""
    terms = {term: f"{role}.{term}" for role in TERMS for term in TERMS[role] if role != "ignored"}
    contract = Contract.model_validate(
        {
            "leads": {"path": "", "lead_id": "lead_id", "columns": terms},
            "events": {"path": "", "groups": GROUPS},
            "outcomes": {"path": ""},
        }
    )
    leads = ibis.memtable(
        _rows("lead_id", "account", *terms).assign(created_at=pd.Timestamp(NO_DATE))
    )
    dated = _rows("lead_id", "kind", "stage", "reason", *CHANNEL_TOUCH).assign(
        occurred_at=pd.Timestamp(NO_DATE), recorded_at=pd.Timestamp(NO_DATE), value=0.0
    )
    tables = Tables(
        contract=contract,
        leads=leads,
        events=ibis.memtable(dated),
        outcomes=ibis.memtable(dated),
        versions=None,
        attributes=attributes_of(contract, leads.schema(), place=""),
        event_terms=("value", *CHANNEL_TOUCH),
        data_end=NO_DATE,
        quarantine=Quarantine(pd.DataFrame(), pd.DataFrame()),
    )
    spine = leads.select("lead_id", as_of=leads.created_at)
    return build_features(tables, spine, kinds=(KIND,)).catalogue


def _rows(*columns: str) -> pd.DataFrame:
    return pd.DataFrame({column: ["x"] for column in columns})


if __name__ == "__main__":
    sys.stdout.write(feature_page())
