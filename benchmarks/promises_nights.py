"""How often the evidence must look at its leads, for a job that looks at them every night.

The later leads of which every night is known stand for a whole population: leads are drawn from it
as evidence, their outcomes from their true propensities, and the cut-off that follows is judged on
the population every night. So each trained model gives as many companies as are wanted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.machine import markdown_table
from benchmarks.promises_report import ALLOWED
from benchmarks.promises_rules import ours

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from benchmarks.promises_companies import Company

SIZES = {3_000: 4, 12_000: 2}  # leads of the evidence, and draws a company
STEPS = (7, 3, 2, 1)  # nights from look to look
AT_AGES = "at the ages of training"
HEAD = [
    "promise", "evidence looks", "leads of evidence", "draws", "cut-off found",
    "short of the promise every night", "precision every night, mean", "leads handed over",
]  # fmt: skip
INTRODUCTION = """\
For each of {models} trained models, evidence is drawn from the later leads of which every night is
known, with replacement and with outcomes anew. Its cut-off is judged on all these leads every
night, as `leadscore score` meets them. More than 5 % short says that evidence which looks so
seldom promises nothing of a nightly job."""


@dataclass(frozen=True)
class Drawn:
    """What came of a promise on drawn evidence.

    Parameters
    ----------
    tier, promised
        Which promise.
    looks
        When the evidence looked at its leads.
    leads
        How many leads were drawn.
    cut_off
        None where there was none; what follows is then NaN.
    precision
        True precision of the leads when they first reach the cut-off, looked at every night.
    handed_over
        The share of the leads that reach it.
    """

    tier: str
    promised: float
    looks: str
    leads: int
    cut_off: float | None
    precision: float
    handed_over: float


@dataclass(frozen=True)
class _Population:
    """Every night of some leads, by lead and time, with what a model says of it."""

    rows: pd.DataFrame
    said: NDArray[np.float64]
    first_row: NDArray[np.int64]
    nights: NDArray[np.int64]


def draws(
    companies: Sequence[Company], rows: pd.DataFrame, promises: Mapping[str, float]
) -> list[Drawn]:
    """Draw evidence for every company that was asked about every night, and judge its cut-offs.

    Parameters
    ----------
    companies
        Trained companies; those that were not asked are passed over.
    rows
        As `promises_companies.LaterLeads.rows`.
    promises
        The promised precision of each tier.

    Returns
    -------
    list of Drawn
    """
    nightly = rows["nightly"].to_numpy()
    chance = np.random.default_rng(0)
    found = []
    for company in companies:
        if np.isnan(company.said[nightly]).any():
            continue
        population = _population(rows[nightly], company.said[nightly])
        for leads, times in SIZES.items():
            for _ in range(times):
                found += _judged(population, _drawn(population, leads, chance), leads, promises)
    return found


def _population(rows: pd.DataFrame, said: NDArray[np.float64]) -> _Population:
    _, first_row, nights = np.unique(rows["lead"], return_index=True, return_counts=True)
    return _Population(rows.reset_index(drop=True), said, first_row, nights)


def _drawn(population: _Population, leads: int, chance: np.random.Generator) -> pd.DataFrame:
    """Draw leads with replacement, each with all its nights and an outcome of each of them."""
    pick = chance.integers(0, len(population.nights), leads)
    nights = population.nights[pick]
    within = np.arange(nights.sum()) - np.repeat(np.cumsum(nights) - nights, nights)
    row = np.repeat(population.first_row[pick], nights) + within
    known = population.rows.iloc[row]
    return pd.DataFrame(
        {
            "lead": np.repeat(np.arange(leads), nights),
            "as_of": known["as_of"].to_numpy(),
            "night": within,
            "at_age": known["at_age"].to_numpy(),
            "p_sql": population.said[row],
            "y_sql": (chance.random(len(row)) < known["true"].to_numpy()).astype("float64"),
            "p_won": np.nan,
            "y_won": np.nan,
        }
    )


def _judged(
    population: _Population, evidence: pd.DataFrame, leads: int, promises: Mapping[str, float]
) -> list[Drawn]:
    looks = {AT_AGES: evidence["at_age"]}
    looks |= {_in_words(step): evidence["night"] % step == 0 for step in STEPS}
    found = []
    for when, looked_at in looks.items():
        for tier, promised in promises.items():
            cut_off = ours(evidence[looked_at], promised)
            figures = _every_night(population, cut_off)
            found.append(Drawn(tier, promised, when, leads, cut_off, *figures))
    return found


def _in_words(step: int) -> str:
    return "every night" if step == 1 else f"every {step} nights"


def _every_night(population: _Population, cut_off: float | None) -> tuple[float, float]:
    if cut_off is None:
        return float("nan"), float("nan")
    first = population.rows[population.said >= cut_off].drop_duplicates("lead")
    return float(first["true"].mean()), len(first) / len(population.nights)


def nights_section(found: Sequence[Drawn]) -> list[str]:
    """Write what the draws showed.

    Parameters
    ----------
    found
        What `draws` found.

    Returns
    -------
    list of str
        Paragraphs of Markdown; none where nothing was drawn.
    """
    if not found:
        return []
    keys = dict.fromkeys((each.tier, each.leads, each.looks) for each in found)
    rows = [
        _row([each for each in found if (each.tier, each.leads, each.looks) == key])
        for key in sorted(keys, key=lambda key: (key[0] != "SQL", key[1]))
    ]
    per_model = sum(SIZES.values()) * (1 + len(STEPS)) * len({each.tier for each in found})
    text = INTRODUCTION.format(models=len(found) // per_model)
    return ["## How often the evidence must look", text, markdown_table(HEAD, rows, words=2)]


def _row(of_one: Sequence[Drawn]) -> list[str]:
    first, made = of_one[0], [each for each in of_one if each.cut_off is not None]
    short = sum(each.precision < each.promised for each in made) / len(of_one)
    return [
        f"{first.tier}: {first.promised:.0%}",
        first.looks,
        f"{first.leads:,}",
        f"{len(of_one)}",
        f"{len(made) / len(of_one):.0%}",
        f"{short:.0%}" if short <= ALLOWED else f"**{short:.0%}**",
        f"{np.mean([each.precision for each in made]):.1%}" if made else "–",
        f"{np.mean([each.handed_over for each in made]):.1%}" if made else "–",
    ]
