"""Works out again, in plain pandas from a made-up company's raw files, what a sentence says."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from pathlib import Path

DAY = pd.Timedelta(days=1)
NOT_OWN = ["email_sent", "sales_call"]
NOT_TOLD = ["email_sent", "ad_impression"]
ONE = {"email_sent": "email sent"}
MANY = {"email_sent": "emails sent"}
SPANS = {"24 hours": 1, "7 days": 7, "30 days": 30, "90 days": 90}
COLUMNS = {
    "industry": "industry", "country": "country", "source": "source", "medium": "medium",
    "campaign": "campaign", "landing page": "landing_page", "head count": "employees",
    "revenue": "revenue_eur",
}  # fmt: skip
NUMBERS = ("head count", "revenue")
STAGES = {
    "handoff to sales": "mql", "acceptance by sales": "accepted", "qualification by sales": "sql",
    "rejected by sales": "rejected", "sent back to marketing": "recycled",
    "accepted by sales": "accepted", "qualified by sales": "sql",
}  # fmt: skip
RANKS = {"mql": "MQL", "accepted": "accepted by sales", "sql": "SQL", "won": "won"}  # lowest first
COMPARISON = re.compile(r"(, as .+| \((?:typical lead: |typically )(?P<usual>.+)\))$")


@dataclass(frozen=True)
class Raw:
    """The raw files of a company, as its systems wrote them, and what its kinds are called."""

    leads: pd.DataFrame
    events: pd.DataFrame
    outcomes: pd.DataFrame
    kinds: Mapping[str, str]
    half_life_days: float

    @classmethod
    def read(cls, directory: Path, lead_ids: Collection[str]) -> Raw:
        contract = tomllib.loads((directory / "leadscore.toml").read_text(encoding="utf-8"))
        raw = directory / "raw"
        missing = contract["reading"].get("missing", [])
        leads = pd.read_csv(raw / "leads.csv", dtype="str", na_values=missing)
        events = pd.read_parquet(raw / "events")
        outcomes = pd.read_csv(raw / "outcomes.csv")
        for table, column in (
            (leads, "created_at"),
            (events, "occurred_at"),
            (events, "recorded_at"),
            (outcomes, "occurred_at"),
        ):
            table[column] = pd.to_datetime(table[column], utc=True).dt.tz_localize(None)
        kinds = {name(kind): kind for kind in events["kind"].unique() for name in (one, many)}
        first = leads.sort_values("created_at", kind="stable").drop_duplicates("lead_id")
        firm = first["company"].str.strip().str.lower()
        own = first["lead_id"].isin(lead_ids)
        wanted = first.loc[own | firm.isin(firm[own].dropna()), "lead_id"]  # and their colleagues
        return cls(
            first.assign(company=firm).set_index("lead_id"),
            events[events["lead_id"].isin(wanted)],
            outcomes[outcomes["lead_id"].isin(wanted)],
            kinds,
            contract.get("features", {}).get("half_life_days", 14.0),
        )


class Recount:
    """One lead as of a moment, seen through the raw files alone."""

    def __init__(self, raw: Raw, lead_id: str, as_of: pd.Timestamp) -> None:
        self.raw, self.as_of, self.lead = raw, as_of, raw.leads.loc[lead_id]
        self.events, self.outcomes = self._known([lead_id])
        self.own = self.events[~self.events["kind"].isin(NOT_OWN)]
        same = raw.leads["company"] == self.lead["company"]
        known = raw.leads.index[same & (raw.leads["created_at"] < as_of)]
        self.colleagues = None if pd.isna(self.lead["company"]) else known.drop(lead_id)

    def _known(self, lead_ids: Collection[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
        """List some leads' events, with their age, and outcomes, as known at the moment."""
        events = self.raw.events[self.raw.events["lead_id"].isin(lead_ids)]
        outcomes = self.raw.outcomes[self.raw.outcomes["lead_id"].isin(lead_ids)]
        known = events[(events["occurred_at"] < self.as_of) & (events["recorded_at"] < self.as_of)]
        told = outcomes[outcomes["occurred_at"] < self.as_of]
        return known.assign(age=self.as_of - known["occurred_at"]), told

    # ---- what a reason says

    def fact(self, subject: str) -> float | str | None:
        """Work out what a reason's subject is for this lead; KeyError where it is not known how."""
        for pattern, find in self._ways():
            found = re.fullmatch(pattern, subject, flags=re.IGNORECASE)
            if found:
                return find(*found.groups())
        raise KeyError(subject)

    def _ways(self) -> Iterator[tuple[str, Callable[..., float | str | None]]]:
        yield r"(Colleagues .+|.+ of a colleague|The account .+)", self._of_colleagues
        yield "Days with activity in the last 30 days", lambda: len(self._days(30))
        yield "Days with activity so far", lambda: len(self._days(None))
        yield "Longest silence between active days", self._silence
        yield "Different kinds of activity so far", self.own["kind"].nunique
        yield "Activity in the last 14 days against the 14 before", self._trend
        yield "Total value of events in the last 30 days", lambda: self._value(30 * DAY)
        yield "Total value of events so far", lambda: self._value(pd.Timedelta.max)
        yield "Source of the latest touch", self._latest_source
        yield "Different sources so far", self.events["source"].nunique
        yield r"Times (.+) so far", lambda done: len(self._reached(done))
        yield r"Latest reason for being (.+)", self._latest_reason
        yield r"Last (rejected by sales|sent back to marketing)", self._since_reached
        yield r"(Handoff to sales|Acceptance by sales|Qualification by sales)", self._since_reached
        yield "Creation of the lead", lambda: (self.as_of - self.lead["created_at"]) / DAY
        yield r"Hour of the day .+", lambda: self.lead["created_at"].hour
        yield r"Weekday the lead was created .+", lambda: self.lead["created_at"].day_of_week
        yield r"(.+) in the last (24 hours|7 days|30 days|90 days)", self._count
        yield r"(.+), older ones counting less", self._faded
        yield r"(Latest|First) (.+)", self._since
        yield r"(.+) so far", lambda what: len(self._of(what))
        columns = "|".join(COLUMNS)
        yield f"({columns})", self._column

    def _of_colleagues(self, subject: str) -> float | str | None:
        """Work out what is said of the other leads of the company."""
        if self.colleagues is None:
            return None
        events, outcomes = self._known(self.colleagues)
        own = events[~events["kind"].isin(NOT_OWN)]
        counted = re.fullmatch(r"Colleagues (active|with (.+)) in the last (\d+) days", subject)
        if counted:
            rows = events[events["kind"].isin(self._kinds(counted[2]))] if counted[2] else own
            return rows.loc[rows["age"] <= int(counted[3]) * DAY, "lead_id"].nunique()
        if subject == "Highest stage of a colleague":
            reached = [words for stage, words in RANKS.items() if stage in set(outcomes["stage"])]
            return reached[-1] if reached else None
        days = {
            word: (self.as_of - outcomes.loc[outcomes["stage"] == stage, "occurred_at"]).min() / DAY
            for word, stage in {"win": "won", "loss": "lost"}.items()
        }
        return {
            "Colleagues known so far": len(self.colleagues),
            "Latest activity of a colleague": own["age"].min() / DAY,
            "Latest win of a colleague": days["win"],
            "Latest loss of a colleague": days["loss"],
            "The account is or was a customer": float(days["win"] > 0),
            "The account was lost": float(days["loss"] > 0),
        }[subject]

    def _kinds(self, what: str) -> list[str]:
        return [self.raw.kinds[each] for each in re.split(r", | or ", what.lower())]

    def _of(self, what: str) -> pd.DataFrame:
        """List the events of the kinds that some words name."""
        if what.lower() == "activity of any kind":
            return self.own
        return self.events[self.events["kind"].isin(self._kinds(what))]

    def _count(self, what: str, span: str) -> float:
        return int((self._of(what)["age"] <= SPANS[span] * DAY).sum())

    def _faded(self, what: str) -> float:
        days = np.ceil(self._of(what)["age"] / DAY) - 1
        return float((2.0 ** (-days / self.raw.half_life_days)).sum())

    def _since(self, which: str, what: str) -> float | None:
        age = self._of(what)["age"]
        return None if age.empty else (age.min() if which == "Latest" else age.max()) / DAY

    def _days(self, within: int | None) -> list[float]:
        days = np.unique(np.ceil(self.own["age"] / DAY) - 1)
        return [day for day in days if within is None or day < within]

    def _silence(self) -> float | None:
        days = self._days(None)
        return None if len(days) < 2 else max(np.diff(days))

    def _trend(self) -> float:
        age = self.own["age"]
        return int((age <= 14 * DAY).sum() - ((age > 14 * DAY) & (age <= 28 * DAY)).sum())

    def _value(self, within: pd.Timedelta) -> float:
        return float(self.events.loc[self.events["age"] <= within, "value"].sum())

    def _latest_source(self) -> str | None:
        known = self.events.dropna(subset="source").sort_values(["occurred_at", "source"])
        return None if known.empty else known["source"].iloc[-1]

    def _reached(self, done: str) -> pd.DataFrame:
        rows = self.outcomes[self.outcomes["stage"] == STAGES[done.lower()]]
        return rows.sort_values("occurred_at")

    def _since_reached(self, done: str) -> float | None:
        rows = self._reached(done)
        return None if rows.empty else (self.as_of - rows["occurred_at"].iloc[-1]) / DAY

    def _latest_reason(self, done: str) -> str | None:
        rows = self._reached(done).dropna(subset="reason")
        return None if rows.empty else rows["reason"].iloc[-1]

    def _column(self, words: str) -> float | str | None:
        value = self.lead[COLUMNS[words.lower()]]
        if pd.isna(value):
            return None
        return float(value.replace(",", "")) if words.lower() in NUMBERS else value

    # ---- what a brief says

    def brief(self) -> list[str]:
        """Write the brief anew, in the plainest way."""
        return [*self._done(), *self._touches(), *self._origin()]

    def _done(self) -> Iterator[str]:
        told = self.own[(self.own["age"] <= 30 * DAY) & ~self.own["kind"].isin(NOT_TOLD)]
        counts = sorted(Counter(told["kind"]).items(), key=lambda pair: (-pair[1], pair[0]))
        if not counts:
            yield "Did nothing in the last 30 days."
            return
        others = sum(count for _kind, count in counts[6:])
        tail = f" and {others} other{'s' * (others > 1)}" if others else ""
        named = ", ".join(counted(kind, count) for kind, count in counts[:6])
        yield f"Did in the last 30 days: {named}{tail}."

    def _touches(self) -> Iterator[str]:
        told = self.events[~self.events["kind"].isin(NOT_TOLD)]
        days: dict[tuple[str, pd.Timestamp], list[pd.Timestamp]] = {}
        for kind, moment in zip(told["kind"], told["occurred_at"], strict=True):
            days.setdefault((kind, moment.floor("D")), []).append(moment)
        newest = sorted(days, key=lambda key: (-max(days[key]).value, key[0]))[:3]
        touches = [
            f"{one(kind) if len(days[kind, day]) == 1 else counted(kind, len(days[kind, day]))}"
            f" on {self._on(day)}"
            for kind, day in newest
        ]
        if touches:
            yield f"Last: {', '.join(touches)}."

    def _origin(self) -> Iterator[str]:
        source, medium, campaign, page = (
            None if pd.isna(self.lead[name]) else self.lead[name]
            for name in ("source", "medium", "campaign", "landing_page")
        )
        details = [medium] if medium and medium != source else []
        details += [f"campaign {campaign}"] if campaign else []
        said = ", ".join(details)
        start = f"came from {source}{f' ({said})' if said else ''}" if source else ""
        start = start or (f"channel: {said}" if said else "")
        end = f"landed on {'the home page' if page == '/' else page}" if page else ""
        sentence = ", ".join(part for part in (start, end) if part)
        sentences = [f"{sentence[0].upper()}{sentence[1:]}."] if sentence else []
        sentences += self._verdicts()
        if sentences:
            yield " ".join(sentences)

    def _verdicts(self) -> Iterator[str]:
        words = {
            "accepted": "Accepted by sales", "sql": "Qualified by sales",
            "rejected": "Rejected by sales", "recycled": "Sent back to marketing",
        }  # fmt: skip
        told = self.outcomes[self.outcomes["stage"].isin(words)].drop_duplicates()
        for row in told.sort_values("occurred_at", ascending=False).head(2).itertuples():
            reason = "" if pd.isna(row.reason) else f": {row.reason}"
            yield f"{words[row.stage]} on {self._on(row.occurred_at)}{reason}."

    def _on(self, day: pd.Timestamp) -> str:
        year = "" if day.year == self.as_of.year else f" {day.year}"
        return f"{day.day} {day:%b}{year}"


def one(kind: str) -> str:
    return ONE.get(kind, kind.replace("_", " "))


def many(kind: str) -> str:
    return MANY.get(kind, f"{kind.replace('_', ' ')}s")


def counted(kind: str, count: int) -> str:
    return f"{count} {one(kind) if count == 1 else many(kind)}"


def agrees(told: str, true: float | str | None) -> bool:
    """Say whether what is told is the true value, as exactly as it is told."""
    if true is None or (isinstance(true, float) and np.isnan(true)):
        return told in {"never", "none", "unknown"}
    if isinstance(true, str):
        return told == true
    bounds = {"yes": (1, 1), "no": (0, 0), "the same": (0, 0), "over 99 %": (0.99, 1)}
    bounds |= {"under an hour ago": (0, 1 / 24), "under 0.1": (0, 0.1)}
    if told in bounds:
        least, most = bounds[told]
        return least <= true <= most
    found = re.fullmatch(r"(-?[\d,]*(\.\d+)?)( .+)?", told)
    if not found or not found[1]:
        return False
    unit = _unit(found[3] or "")
    step = 10.0 ** -(len(found[2]) - 1 if found[2] else 0)
    return abs(float(found[1].replace(",", "")) - true / unit) <= step / 2 + 1e-3


def _unit(words: str) -> float:
    """Find what one of the told unit is, of what the raw files count in."""
    units = {" %": 0.01, " million": 1e6, " hour ago": 1 / 24, " hours ago": 1 / 24, " fewer": -1}
    return units.get(words, 1.0)
