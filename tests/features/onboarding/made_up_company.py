"""A made-up company with a known truth, which `*_exports.py` write as each system exports it."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    import pandas as pd

START = datetime(2024, 1, 8, 8, 30, tzinfo=UTC)
END = START + timedelta(days=420)
KINDS = ("Email opened", "Call", "Pricing view")
FIRST = ("Ada", "Grace", "Alan", "Edsger", "Barbara", "Donald", "Radia", "Tim")
LAST = ("Novak", "Meyer", "Rossi", "Dupont", "Silva", "Kim", "Berg", "Okafor", "Ryan")
INDUSTRIES = ("Retail", "Health", "Energy", "Software")
COUNTRIES = ("Germany", "France", "Italy", "Spain", "Poland")
SOURCES = ("Web", "Trade Show", "Partner", "Phone Inquiry")


@dataclass(frozen=True)
class Act:
    """Something a lead did, under its number."""

    number: int
    kind: str
    at: datetime


@dataclass(frozen=True)
class Lead:
    """One record of a lead; some were deleted, some merged into another."""

    number: int
    created: datetime
    first_name: str
    last_name: str
    company: str
    employees: int
    revenue: int
    industry: str
    country: str
    source: str
    acts: tuple[Act, ...] = ()
    sql_at: datetime | None = None
    closed_at: datetime | None = None
    is_won: bool = False
    amount: int = 0
    is_deleted: bool = False
    merged_into: int | None = None

    @property
    def email(self) -> str:
        """Return an address that no other lead has."""
        return f"{self.first_name}.{self.last_name}.{self.number}@example.com".lower()

    @property
    def counts(self) -> bool:
        """Whether the record is a lead."""
        return not self.is_deleted and self.merged_into is None

    @property
    def outcome(self) -> str | None:
        """Return how the deal ended, if it did."""
        return None if self.closed_at is None else ("won" if self.is_won else "lost")


@cache
def company(leads: int = 320) -> tuple[Lead, ...]:
    """Make the company: leads, then 15 that were deleted and 15 merged into one of the leads."""
    chance = random.Random(7)  # noqa: S311 - made-up rows
    made = [_lead(number, chance) for number in range(leads)]
    deleted = [replace(_lead(leads + n, chance), is_deleted=True) for n in range(15)]
    doubles = []
    for n in range(15):
        kept = made[n * leads // 15]
        double = _lead(leads + 15 + n, chance)
        created = kept.created + timedelta(hours=2)
        acts = tuple(
            replace(act, at=created + timedelta(days=1 + day, minutes=day))
            for day, act in enumerate(double.acts)
        )
        doubles.append(
            replace(
                double,
                created=created,
                acts=acts,
                merged_into=kept.number,
                sql_at=None,
                closed_at=None,
            )
        )
    return (*made, *deleted, *doubles)


def _lead(number: int, chance: random.Random) -> Lead:
    created = START + timedelta(days=chance.randrange(400), minutes=chance.randrange(600))
    acts = tuple(
        Act(number, chance.choice(KINDS), created + timedelta(hours=6 + 30 * n, seconds=number))
        for n in range(chance.randrange(5))
    )
    source, employees = chance.choice(SOURCES), chance.randrange(3, 900)
    likely = 0.05 + 0.35 * any(act.kind == "Pricing view" for act in acts)
    likely += 0.35 * (source == "Partner") + 0.25 * (employees > 500)
    sql_at = created + timedelta(days=chance.randrange(12), hours=5)
    sql_at = sql_at if chance.random() < likely and sql_at < END else None
    closed_at = sql_at + timedelta(days=3 + chance.randrange(40)) if sql_at else None
    closed_at = closed_at if chance.random() < 0.7 and closed_at and closed_at < END else None
    return Lead(
        number,
        created,
        chance.choice(FIRST),
        chance.choice(LAST),
        f"Firm {chance.randrange(120)} Ltd",
        employees,
        chance.randrange(1, 900) * 10_000,
        chance.choice(INDUSTRIES),
        chance.choice(COUNTRIES),
        source,
        acts,
        sql_at,
        closed_at,
        is_won=chance.random() < 0.5,
        amount=chance.randrange(20, 400) * 100,
    )


@dataclass(frozen=True)
class Truth:
    """What a drafted contract must read: leads, events, and the first time of each stage."""

    leads: set[str]
    events: Counter[tuple[str, str, datetime]]
    outcomes: dict[tuple[str, str], datetime]


def midnight(moment: datetime) -> datetime:
    """Return the start of a day."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def truth(
    leads: Iterable[Lead],
    lead_id: Callable[[int], str],
    *,
    kind: Callable[[Act], str] = lambda act: act.kind,
    days: Iterable[str] = (),
    stages: Iterable[str] = ("sql", "won", "lost"),
) -> Truth:
    """Count what the leads did and reached; the stages of `days` have no time of day.

    A day on which the lead itself came into being is its moment: nothing happens before.
    """
    every = list(leads)
    own = {lead.number for lead in every if lead.counts}
    owner = {lead.number: lead.merged_into for lead in every if lead.merged_into is not None}
    events = Counter(
        (lead_id(owner.get(act.number, act.number)), kind(act), act.at)
        for lead in every
        for act in lead.acts
        if owner.get(act.number, act.number) in own
    )
    outcomes = {}
    for lead in every:
        reached = {"sql": lead.sql_at, lead.outcome: lead.closed_at}
        for stage in stages:
            at = reached.get(stage)
            if lead.counts and at is not None:
                at = max(midnight(at), lead.created) if stage in days else at
                outcomes[lead_id(lead.number), stage] = at
    return Truth({lead_id(number) for number in own}, events, outcomes)


@dataclass(frozen=True)
class Written:
    """An export: its tables by file, what they must be read as, and columns it can spare."""

    tables: dict[str, pd.DataFrame]
    truth: Truth
    leads: str  # the file of the leads
    spare: tuple[str, ...] = ()  # columns of the leads
    around: dict[str, tuple[str, str]] = field(default_factory=dict)  # lines above, below a table

    def write(self, folder: Path) -> None:
        """Write each table as CSV, or as JSON lines where the file is called so."""
        for name, table in self.tables.items():
            above, below = self.around.get(name, ("", ""))
            text = table.to_csv(index=False)
            if name.endswith(".jsonl"):
                text = table.to_json(orient="records", lines=True)
            (folder / name).write_text(above + text + below, encoding="utf-8")


def iso(moment: datetime | None) -> str:
    """Write a moment as APIs do, with milliseconds and Z."""
    return "" if moment is None else f"{moment:%Y-%m-%dT%H:%M:%S}.000Z"


def plain(moment: datetime | None) -> str:
    """Write a moment as warehouses and interfaces do, without a zone."""
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}"


def day(moment: datetime | None) -> str:
    """Write a date."""
    return "" if moment is None else f"{moment:%Y-%m-%d}"


def acts_of(leads: Iterable[Lead]) -> list[tuple[Lead, Act]]:
    """List what was done, with the record it was done under."""
    return [(lead, act) for lead in leads for act in lead.acts]
