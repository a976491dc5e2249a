"""The leads of a simulated software company."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from leadscore.simulation.attribute_effects import (
    Codes,
    activity_classes,
    fit_cells,
    reactions,
    win_chances,
)
from leadscore.simulation.vocabulary import (
    CAMPAIGN_SOURCES,
    CAMPAIGN_STARTS,
    COUNTRIES,
    INDUSTRIES,
    LANDING_PAGES,
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
    Texts = NDArray[np.object_]

START = np.datetime64("2025-01-01", "D")
DAYS = 546  # 18 months, to 2026-06-30: a year to learn from and half a year to be tested on
DAY_US = 86_400_000_000
LEADS_PER_ACCOUNT = 2.5  # enough that an account split over train and test would show


@dataclass(frozen=True, slots=True)
class Company:
    """A slice of the company's leads, oldest first."""

    shown: pd.DataFrame  # the columns of `leads.csv`, all text, without `sales_grade`
    account: Ints  # of the slice; a number of its own for a lead whose company is not shown
    created_us: Ints  # microseconds from `START` to the lead's creation
    employees: Ints  # head count of the account, shown or not, on which the worth of a deal depends
    fit: Ints  # cells of `attribute_effects.fit_grid`
    reaction: Ints
    activity: Ints
    win: Floats  # chance that the deal is won once it closes


def make_company(
    rng: np.random.Generator, *, first: int, size: int, leads: int, strength: float, drift: float
) -> Company:
    """Draw one slice of the leads, from number `first` on; `leads` is the number of all.

    `strength` is how much attributes matter: 1 in the ordinary company, 0 where they do not.
    `drift` is the change of fit from the first day's leads to the last day's, in spreads of fit.
    """
    created_us = _creation_times(rng, first=first, size=size, leads=leads)
    accounts = max(1, round(size / LEADS_PER_ACCOUNT))
    account = np.minimum((accounts * rng.random(size) ** 1.4).astype(np.int64), accounts - 1)
    employees = _head_counts(rng, accounts)[account]
    codes = _draw_codes(rng, account, employees, created_us)
    shown = _shown(rng, codes, account, created_us, first=first)
    company = Company(
        shown=shown,
        account=np.where(shown["company"] == "", accounts + np.arange(size), account),
        created_us=created_us,
        employees=employees,
        fit=fit_cells(codes, drift * (created_us / (DAYS * DAY_US) - 0.5), strength=strength),
        reaction=reactions(codes),
        activity=activity_classes(codes),
        win=win_chances(codes, strength=strength),
    )
    return company if strength else replace(company, activity=np.ones(size, np.int64))


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
    """Round as people do in forms: 1,234,567 becomes 1,230,000."""
    unit = 10.0 ** (np.floor(np.log10(amount)) - 2)
    return (np.round(amount / unit) * unit).astype(np.int64)


def _campaigns(rng: np.random.Generator, source: Ints, created_us: Ints) -> Ints:
    begun = np.array(list(CAMPAIGN_STARTS.values())) <= created_us[:, None] // DAY_US
    pick = np.argmax(rng.random(begun.shape) * begun, axis=1)
    bought = np.append([name in CAMPAIGN_SOURCES for name in SOURCES], False)[source]
    return np.where(bought & (rng.random(source.size) < 0.85), pick, -1)


def _shown(
    rng: np.random.Generator, codes: Codes, account: Ints, created_us: Ints, *, first: int
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
