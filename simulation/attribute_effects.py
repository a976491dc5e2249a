"""What the attributes of simulated leads are worth: fit, activity, reaction and chance to win.

All follows from the row as it is shown in the file; a missing cell is a level of its own. Effects
are in logits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from leadscore.simulation.vocabulary import (
    CAMPAIGN_STARTS,
    COUNTRIES,
    INDUSTRIES,
    LANDING_PAGES,
    SENIORITIES,
    SOURCES,
    TITLES,
    Level,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]

FIT_CENTRE, FIT_SPREAD = 0.28, 1.36  # of the raw fit, measured: fit is then mean 0, spread 1
FIT_EDGE = 3.2  # beyond it a lead is as good, or as poor, as at it
FIT_CELLS = 48  # steps of 0.13: finer than any learner sees, coarse enough for exact sums
REACTIONS = 3  # how much intent counts: little (bought clicks), plainly, much (recommended)
ACTIVITY_CUTS = (-0.35, 0.15, 0.6)  # four classes, from cold to hot
WIN_CENTRE = -1.85  # makes about one closed deal in four a win


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


def fit_grid() -> Floats:
    """Return the fit at the middle of each cell, poorest first."""
    step = 2 * FIT_EDGE / FIT_CELLS
    grid: Floats = -FIT_EDGE + step * (np.arange(FIT_CELLS, dtype=np.float64) + 0.5)
    return grid


def fit_cells(codes: Codes, drift: Floats, *, strength: float) -> Ints:
    """Return the cell of each lead's fit; `drift` is added, in spreads of fit."""
    fit = strength * (_raw_fit(codes) - FIT_CENTRE) / FIT_SPREAD + drift
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


def activity_classes(codes: Codes) -> Ints:
    """Return how active each lead is: 0 (cold) to 3 (hot)."""
    activity = (
        _worth(SOURCES, codes.source, "activity", missing=0.0)
        + _worth(LANDING_PAGES, codes.landing_page, "activity", missing=0.0)
        + np.append([0.1, 0.0, 0.1, 0.3, 0.4, -0.3], 0.0)[_seniority(codes)]
        + np.where(codes.corporate, 0.1, -0.4)
    )
    classes: Ints = np.digitize(activity, ACTIVITY_CUTS).astype(np.int64)
    return classes


def reactions(codes: Codes) -> Ints:
    """Return how much intent counts for each lead: 0 to `REACTIONS` - 1."""
    found: Ints = np.append([level.reaction for level in SOURCES.values()], 1)[codes.source]
    return found


def win_chances(codes: Codes, *, strength: float) -> Floats:
    """Return the chance that each lead's deal is won once it closes."""
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


def _worth(levels: Mapping[str, Level], codes: Ints, what: str, *, missing: float) -> Floats:
    effects: Floats = np.append([getattr(level, what) for level in levels.values()], missing)
    return effects[codes]


def _seniority(codes: Codes) -> Ints:
    order = {name: number for number, name in enumerate(SENIORITIES)}
    return np.append([order[level.seniority] for level in TITLES.values()], -1)[codes.title]
