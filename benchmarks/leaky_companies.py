"""Made-up companies' leads with every honest oddity we know of, and one planted leak if wanted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

KINDS = ("noisy copy", "grade", "winners' number", "missingness", "tags", "last activity")

INDUSTRIES = ("Retail", "Health", "Software", "Banking", "Logistics", "Education", "Energy")
SIZES = ("1-10", "11-50", "51-200", "201-1000", "1001+")
SOURCES = (
    "Search",
    "Direct",
    "Social",
    "Fair",
    "Webinar",
    "Referral",
    "Partner",
    "Customer referral",
)
ACTIVITIES = ("Email opened", "Page visited", "Chat", "Form submitted", "Email bounced", "Call")
TAGS = (
    "rang, no answer",
    "call back",
    "wants offer",
    "no budget",
    "student",
    "wrong number",
    "happy",
)
LEAK_NAMES = {
    "noisy copy": ("field_17", "Checked", "Flag B"),
    "grade": ("Rep assessment", "Lead Grade", "Fit"),
    "winners' number": ("Order ref date", "Ticket", "ts_2"),
    "missingness": ("Billing city", "VAT kind", "Second contact"),
    "tags": ("Tags", "Remark", "Group"),
    "last activity": ("Last activity", "Activity", "Latest event"),
}


@dataclass(frozen=True)
class Company:
    """A company's leads: attributes, outcome (NaN while open), dates, and what was planted."""

    frame: pd.DataFrame
    outcome: pd.Series
    created_at: pd.Series
    leak: str | None
    leak_column: str | None


def made_up_company(seed: int, leak: str | None = None) -> Company:
    """Draw a company; base rates of 3-50 %, 1,000-20,000 leads, honest columns up to AUC 0.8.

    Parameters
    ----------
    seed
        The same seed and leak give the same company.
    leak
        One of `KINDS`, or None for a clean company.
    """
    draw = np.random.default_rng(seed)
    leads = int(np.exp(draw.uniform(np.log(1_000), np.log(20_000))))
    base_rate = float(np.exp(draw.uniform(np.log(0.03), np.log(0.50))))
    frame, logit = _attributes(draw, leads)
    shift = _intercept(logit, base_rate)
    won = draw.random(leads) < _sigmoid(logit + shift)
    frame = _honest_forms(frame, won, draw)
    age = np.sort(draw.random(leads))
    open_still = draw.random(leads) < np.where(age > 0.75, 0.8, 0.05) * draw.choice([0, 1, 1])
    outcome = pd.Series(np.where(open_still, np.nan, won.astype(float)))
    created_at = pd.Timestamp("2024-01-01") + pd.Series(pd.to_timedelta(age * 540, unit="D"))
    column = None
    if leak is not None:
        column = LEAK_NAMES[leak][seed % 3]
        frame[column] = _leak(leak, outcome.to_numpy(), draw)
    return Company(frame.astype(_types(frame)), outcome, created_at, leak, column)


def _attributes(draw: np.random.Generator, leads: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Columns known when a lead comes in, and the log odds that they make."""
    quality = draw.normal(size=leads)
    source = draw.choice(SOURCES, leads, p=[0.3, 0.22, 0.15, 0.1, 0.08, 0.06, 0.06, 0.03])
    effect = dict(zip(SOURCES, draw.normal(0, 0.5, len(SOURCES)), strict=True))
    effect |= {"Referral": draw.uniform(1.5, 3.5), "Customer referral": draw.uniform(2.0, 4.0)}
    strength = draw.uniform(0.8, 1.6)
    visits = draw.poisson(np.exp(0.8 + 0.5 * quality))
    minutes = np.where(
        draw.random(leads) < 0.3, 0.0, np.exp(1.5 + quality + draw.normal(0, 0.5, leads))
    )
    city = draw.zipf(1.6, leads).clip(max=400)
    titles = draw.integers(0, 150, leads)
    title_effect = draw.normal(0, 0.4, 150)
    industry = draw.choice(INDUSTRIES, leads)
    logit = strength * quality + pd.Series(source).map(effect).to_numpy() + title_effect[titles]
    logit = logit + pd.Series(industry).map(
        dict(zip(INDUSTRIES, draw.normal(0, 0.4, 7), strict=True))
    )
    frame = pd.DataFrame(
        {
            "Lead source": source,
            "Industry": industry,
            "Company size": draw.choice(SIZES, leads),
            "City": [f"city {number}" for number in city],
            "Job title": [f"title {number}" for number in titles],
            "Visits": visits.astype(float),
            "Minutes on site": minutes.round(1),
            "Pages a visit": (visits / draw.integers(1, 4, leads)).round(2),
            "Email clicks": draw.poisson(np.exp(-0.5 + 0.3 * quality)).astype(float),
            "Customer status": draw.choice(["new", "known"], leads),
            "Vendor score": np.round(50 + 10 * (0.3 * quality + draw.normal(size=leads))),
            "Newsletter": draw.choice(["Yes", "No"], leads, p=[0.05, 0.95]),
            "Lead number": np.arange(leads) + 70_000.0,
            "Language": "en",
        }
    )
    return frame, np.asarray(logit, dtype=float)


def _honest_forms(frame: pd.DataFrame, won: np.ndarray, draw: np.random.Generator) -> pd.DataFrame:
    """Questions that interested leads answer more often (missingness AUC about 0.60 to 0.65)."""
    leads = len(frame)
    answered = draw.random(leads) < np.where(won, 0.85, draw.uniform(0.55, 0.65))
    role = np.where(
        won & (draw.random(leads) < 0.2), "Executive", draw.choice(["Expert", "Student"], leads)
    )
    reach = pd.Series(role).where(answered)
    budget = pd.Series(np.exp(draw.normal(8, 1, leads)).round()).where(draw.random(leads) < 0.6)
    who = pd.Series([f"friend {number}" for number in draw.integers(0, 90, leads)])
    referred = frame["Lead source"].isin(["Referral", "Customer referral"])
    return frame.assign(
        Occupation=reach,
        Motive=pd.Series(draw.choice(["career", "price", "speed"], leads)).where(answered),
        Budget=budget,
        **{"Referred by": who.where(referred)},
    )


def _leak(kind: str, outcome: np.ndarray, draw: np.random.Generator) -> pd.Series:
    """Draw a column written after the outcome; open leads do not have it yet."""
    leads, won, lost = len(outcome), outcome == 1, outcome == 0
    chance = draw.random(leads)
    if kind == "noisy copy":
        noise = draw.uniform(0.01, 0.08)
        return pd.Series(np.where(chance < noise, ~won, won)).map({True: "yes", False: "no"})
    if kind == "grade":
        written = (won | lost) & (draw.random(leads) < draw.uniform(0.5, 0.9))
        good = np.where(won, chance < 0.88, chance < 0.12)
        grade = np.where(good, draw.choice(["A", "B"], leads), draw.choice(["C", "D"], leads))
        return pd.Series(grade).where(written)
    if kind == "winners' number":
        written = (won & (chance < draw.uniform(0.6, 0.95))) | (lost & (chance < 0.01))
        return pd.Series(np.round(1.7e9 + 1e7 * draw.random(leads))).where(written)
    if kind == "missingness":
        written = chance < np.where(won, draw.uniform(0.75, 0.95), draw.uniform(0.05, 0.2))
        return pd.Series(draw.choice(["x", "y", "z"], leads)).where(written)
    if kind == "tags":
        winners = draw.choice(["contract sent", "happy", "call back"], leads, p=[0.6, 0.3, 0.1])
        losers = draw.choice(TAGS, leads, p=[0.3, 0.1, 0.05, 0.25, 0.15, 0.13, 0.02])
        return pd.Series(np.where(won, winners, losers)).where((won | lost) & (chance < 0.7))
    last = draw.choice(ACTIVITIES, leads)
    return pd.Series(np.where(won & (chance < draw.uniform(0.5, 0.85)), "Converted", last))


def _types(frame: pd.DataFrame) -> dict[str, str]:
    numeric = pd.api.types.is_numeric_dtype
    return {name: "float64" if numeric(frame[name]) else "str" for name in frame.columns}


def _intercept(logit: np.ndarray, base_rate: float) -> float:
    """Find what to add to the log odds so that the base rate comes out."""
    low, high = -20.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _sigmoid(logit + middle).mean() < base_rate else (low, middle)
    return low


def _sigmoid(value: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-value))
