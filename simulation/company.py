"""The leads of a made-up software company, and what their attributes are worth.

Everything a lead is worth follows from its row as it is shown in the file: a missing cell is a
level of its own, and nothing hidden behind it counts. Effects are in logits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from leadscore.simulation.vocabulary import (
    COUNTRIES,
    INDUSTRIES,
    LANDING_PAGES,
    SENIORITIES,
    SOURCES,
    TITLES,
    Level,
    company_names,
    email_addresses,
    number_cells,
    person_names,
    phone_numbers,
    text_cells,
    time_cells,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]
    Texts = NDArray[np.object_]

START = np.datetime64("2025-01-01", "D")
DAYS = 546  # 18 months, to 2026-06-30: a year to learn from and half a year to be tested on
DAY_US = 86_400_000_000
LEADS_PER_ACCOUNT = 2.5  # enough that an account split over train and test would show

CAMPAIGN_STARTS = {  # day of the first lead; one starts mid-way, as campaigns do
    "brand-always-on": 0,
    "analyst-report": 0,
    "webinar-series": 90,
    "spring-launch-2026": 400,
}
CAMPAIGN_SOURCES = ("google", "linkedin", "facebook", "newsletter", "trade show")

FIT_CENTRE, FIT_SPREAD = 0.28, 1.36  # of the raw fit, measured: fit is then mean 0, spread 1
FIT_EDGE = 3.2  # beyond it a lead is as good, or as poor, as at it
FIT_CELLS = 48  # steps of 0.13: finer than any learner sees, coarse enough for exact sums
REACTIONS = 3  # how much intent counts: little (bought clicks), plainly, much (recommended)
ACTIVITY_CUTS = (-0.35, 0.15, 0.6)  # four classes, from cold to hot
WIN_CENTRE = -1.85  # makes about one closed deal in four a win


@dataclass(frozen=True, slots=True)
class Company:
    """A slice of the company's leads, oldest first.

    Attributes
    ----------
    shown
        The columns of `leads.csv`, all text, without `sales_grade`.
    created_us
        Microseconds from `START` to the lead's creation.
    employees
        Head count of the lead's account, shown or not: what a deal is worth follows from it.
    fit, reaction, activity
        Level of each lead on the grid of fits, its reaction to intent and its activity class.
    win
        Chance that the lead's deal is won once it closes.
    """

    shown: pd.DataFrame
    created_us: Ints
    employees: Ints
    fit: Ints
    reaction: Ints
    activity: Ints
    win: Floats


class Codes(NamedTuple):
    """What a row shows, as level numbers; -1 is missing (0 for head count and revenue)."""

    industry: Ints
    country: Ints
    employees: Ints
    revenue: Ints
    title: Ints
    source: Ints
    landing_page: Ints
    campaign: Ints
    corporate: Flags
    free_mail: Flags


def make_company(
    rng: np.random.Generator, *, first: int, size: int, leads: int, strength: float, drift: float
) -> Company:
    """Draw one slice of the leads, from number `first` on.

    Parameters
    ----------
    rng
        Source of chance of this slice alone.
    first, size, leads
        Number of the slice's first lead, its length, and the length of the whole; leads are
        numbered in order of creation.
    strength
        How much attributes matter; 1 is the ordinary company, 0 one where they say nothing.
    drift
        Change of fit from the first day's leads to the last day's, in spreads of fit.

    Returns
    -------
    Company
        The slice's rows and what they are worth.
    """
    created_us = _creation_times(rng, first=first, size=size, leads=leads)
    accounts = max(1, round(size / LEADS_PER_ACCOUNT))
    account = np.minimum((accounts * rng.random(size) ** 1.4).astype(np.int64), accounts - 1)
    employees = _head_counts(rng, accounts)[account]
    codes = _draw_codes(rng, account, employees, created_us)
    shown = _shown(rng, codes, account, created_us, first=first)
    company = Company(
        shown=shown,
        created_us=created_us,
        employees=employees,
        fit=_fit_cells(codes, created_us, strength=strength, drift=drift),
        reaction=np.append([level.reaction for level in SOURCES.values()], 1)[codes.source],
        activity=np.digitize(_liveliness(codes), ACTIVITY_CUTS).astype(np.int64),
        win=_win_chances(codes, strength=strength),
    )
    return company if strength else replace(company, activity=np.ones(size, np.int64))


def fit_grid() -> Floats:
    """Return the fits that the grid's cells stand for, poorest first."""
    step = 2 * FIT_EDGE / FIT_CELLS
    grid: Floats = -FIT_EDGE + step * (np.arange(FIT_CELLS, dtype=np.float64) + 0.5)
    return grid


def creation_day_weights() -> Floats:
    """Return each day's share of the leads: quiet weekends, slow growth."""
    days = np.arange(DAYS)
    working_day = np.is_busday(START + days)
    weights = np.where(working_day, 1.0, 0.3) * (1 + 0.4 * days / DAYS)
    shares: Floats = (weights / weights.sum()).astype(np.float64)
    return shares


def _creation_times(rng: np.random.Generator, *, first: int, size: int, leads: int) -> Ints:
    rank = (first + np.arange(size) + rng.random(size)) / leads
    day = np.searchsorted(np.cumsum(creation_day_weights()), rank).clip(max=DAYS - 1)
    second = (3600 * rng.triangular(5, 12, 22, size)).astype(np.int64)
    created: Ints = np.sort(day * 86_400 + second) * 1_000_000
    return created


def _head_counts(rng: np.random.Generator, accounts: int) -> Ints:
    return np.exp(rng.normal(4.7, 1.7, accounts)).clip(1, 200_000).astype(np.int64)


def _draw_codes(
    rng: np.random.Generator, account: Ints, employees: Ints, created_us: Ints
) -> Codes:
    size, accounts = account.size, account.max() + 1
    source = _with_gaps(rng, _draw(rng, SOURCES, size), 0.03)
    title = _with_gaps(rng, _draw(rng, TITLES, size), 0.09)
    mail = rng.random(size)
    student = np.append([level.seniority == "student" for level in TITLES.values()], False)[title]
    free_mail = mail < np.where(student, 0.7, 0.17)
    revenue = employees * np.exp(rng.normal(11.5, 0.6, accounts))[account]
    return Codes(
        industry=_with_gaps(rng, _draw(rng, INDUSTRIES, accounts)[account], 0.08),
        country=_with_gaps(rng, _draw(rng, COUNTRIES, accounts)[account], 0.04),
        employees=np.where(rng.random(size) < 0.15, 0, employees),
        revenue=np.where(rng.random(size) < 0.3, 0, _three_digits(revenue)),
        title=title,
        source=source,
        landing_page=_with_gaps(rng, _draw(rng, LANDING_PAGES, size), 0.05),
        campaign=_campaigns(rng, source, created_us),
        corporate=~free_mail & (mail < 0.92),
        free_mail=free_mail,
    )


def _draw(rng: np.random.Generator, levels: Mapping[str, Level], size: int) -> Ints:
    shares = np.array([level.share for level in levels.values()])
    return rng.choice(len(levels), size=size, p=shares / shares.sum())


def _with_gaps(rng: np.random.Generator, codes: Ints, share: float) -> Ints:
    return np.where(rng.random(codes.size) < share, -1, codes)


def _three_digits(amount: Floats) -> Ints:
    """Round as people do who fill in a form: 1,234,567 becomes 1,230,000."""
    unit = 10.0 ** (np.floor(np.log10(amount)) - 2)
    return (np.round(amount / unit) * unit).astype(np.int64)


def _campaigns(rng: np.random.Generator, source: Ints, created_us: Ints) -> Ints:
    begun = np.array(list(CAMPAIGN_STARTS.values())) <= created_us[:, None] // DAY_US
    pick = np.argmax(rng.random(begun.shape) * begun, axis=1)
    bought = np.append([name in CAMPAIGN_SOURCES for name in SOURCES], False)[source]
    return np.where(bought & (rng.random(source.size) < 0.85), pick, -1)


def _worth(levels: Mapping[str, Level], codes: Ints, what: str, *, missing: float) -> Floats:
    effects: Floats = np.append([getattr(level, what) for level in levels.values()], missing)
    return effects[codes]


def _seniority(codes: Codes) -> Ints:
    order = {name: number for number, name in enumerate(SENIORITIES)}
    return np.append([order[level.seniority] for level in TITLES.values()], -1)[codes.title]


def _fit_cells(codes: Codes, created_us: Ints, *, strength: float, drift: float) -> Ints:
    calendar = created_us / (DAYS * DAY_US) - 0.5
    fit = strength * (_raw_fit(codes) - FIT_CENTRE) / FIT_SPREAD + drift * calendar
    cell = np.floor((fit + FIT_EDGE) / (2 * FIT_EDGE) * FIT_CELLS)
    return cell.clip(0, FIT_CELLS - 1).astype(np.int64)


def _raw_fit(codes: Codes) -> Floats:
    seniority, known = _seniority(codes), codes.employees > 0
    distance = np.log(np.maximum(codes.employees, 1) / 500) / 1.5
    size = np.where(known, 1.5 * np.exp(-(distance**2)) - 0.6, -0.3)  # best served: mid-market
    mail = np.where(codes.corporate, 0.15, np.where(codes.free_mail, -0.5, -0.8))
    alone = (
        _worth(INDUSTRIES, codes.industry, "fit", missing=-0.2)
        + _worth(COUNTRIES, codes.country, "fit", missing=-0.3)
        + _worth(TITLES, codes.title, "fit", missing=-0.4)
        + _worth(SOURCES, codes.source, "fit", missing=-0.1)
        + _worth(LANDING_PAGES, codes.landing_page, "fit", missing=0.0)
    )
    senior = np.isin(seniority, [0, 1])
    together = (
        0.9 * (senior & (codes.employees >= 200))
        - 0.6 * (senior & known & (codes.employees < 20))  # everyone is chief of a small firm
        + _campaign_by_industry(codes)
    )
    fit: Floats = alone + size + mail + together
    return fit


def _campaign_by_industry(codes: Codes) -> Floats:
    industries, campaigns = list(INDUSTRIES), list(CAMPAIGN_STARTS)
    spring = codes.campaign == campaigns.index("spring-launch-2026")
    report = codes.campaign == campaigns.index("analyst-report")
    care = np.isin(codes.industry, [industries.index("Healthcare"), industries.index("Finance")])
    software = codes.industry == industries.index("Software")
    fit: Floats = 1.1 * (spring & care) - 0.5 * (spring & ~care) + 0.8 * (report & software)
    return fit


def _liveliness(codes: Codes) -> Floats:
    activity: Floats = (
        _worth(SOURCES, codes.source, "activity", missing=0.0)
        + _worth(LANDING_PAGES, codes.landing_page, "activity", missing=0.0)
        + np.append([0.1, 0.0, 0.1, 0.3, 0.4, -0.3], 0.0)[_seniority(codes)]
        + np.where(codes.corporate, 0.1, -0.4)
    )
    return activity


def _win_chances(codes: Codes, *, strength: float) -> Floats:
    revenue = np.where(codes.revenue > 0, np.log10(np.maximum(codes.revenue, 1)) - 7, 0.0)
    recommended = np.isin(codes.source, [list(SOURCES).index(s) for s in ("referral", "partner")])
    deal = (
        _worth(INDUSTRIES, codes.industry, "deal", missing=0.0)
        + _worth(TITLES, codes.title, "deal", missing=-0.2)
        + _worth(SOURCES, codes.source, "deal", missing=0.0)
        + 0.5 * revenue.clip(-2, 2)
        + 0.7 * (recommended & (codes.employees >= 200))
    )
    win: Floats = 1 / (1 + np.exp(-(WIN_CENTRE + strength * deal)))
    return win


def _shown(
    rng: np.random.Generator,
    codes: Codes,
    account: Ints,
    created_us: Ints,
    *,
    first: int,
) -> pd.DataFrame:
    size = account.size
    given, family = person_names(rng, size)
    company, domain = company_names(account + first)
    number = pd.Series(np.arange(first, first + size)).astype(str).str.zfill(7)
    columns: dict[str, Texts | pd.Series] = {
        "lead_id": "L" + number,
        "created_at": time_cells(
            rng, START.astype("datetime64[us]") + created_us.astype("timedelta64[us]")
        ),
        "company": np.where(rng.random(size) < np.where(codes.free_mail, 0.4, 0.03), "", company),
        "email": email_addresses(
            rng, given, family, domain, corporate=codes.corporate, free_mail=codes.free_mail
        ),
        "first_name": given,
        "last_name": family,
        "phone": phone_numbers(rng, size),
        "job_title": text_cells(rng, tuple(TITLES), codes.title),
        "industry": text_cells(rng, tuple(INDUSTRIES), codes.industry),
        "employees": number_cells(rng, codes.employees, separated=0.0),
        "revenue_eur": number_cells(rng, codes.revenue, separated=0.4),
        "country": text_cells(rng, tuple(COUNTRIES), codes.country),
        "source": text_cells(rng, tuple(SOURCES), codes.source),
        "medium": np.append([s.medium for s in SOURCES.values()], "").astype(object)[codes.source],
        "campaign": np.append(list(CAMPAIGN_STARTS), "").astype(object)[codes.campaign],
        "landing_page": text_cells(rng, tuple(LANDING_PAGES), codes.landing_page),
    }
    return pd.DataFrame(columns)
