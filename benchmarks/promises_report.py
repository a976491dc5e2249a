"""The tables of `benchmarks/promises.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import binomtest

from benchmarks.machine import markdown_table
from benchmarks.promises_rules import NAIVE, OURS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.promises_kept import Kept

SAME, AFTER, NIGHTS = "same months", "two months after", "two months after, every night"
ALLOWED = 0.05  # what a confidence of 95 % leaves
HEAD = [
    "promise", "cut-off by", "companies", "cut-off found", "short of the promise", "share of all",
    "95 % interval of that", "at most", "reached", "precision, mean", "lowest",
    "precision in the tier, mean", "leads handed over", "SQLs found",
]  # fmt: skip
DRIFT_HEAD = [
    "drift", "promise", "cut-off by", "companies", "cut-off found", "short of the promise",
    "precision, mean", "shortfall, mean", "shortfall, largest",
]  # fmt: skip
INTRODUCTION = """\
{companies} made-up companies of {leads:,} leads each train on what they knew by 1 May 2026, find
the cut-off of a tier on their own held-out leads, and are judged on fresh leads of the same kind,
by the propensities that outcomes are drawn from. *Precision* is that of the leads when they first
reach the cut-off: one verdict a lead, as sales meets it. *In the tier* is that of all snapshots at
or above it. A company without a cut-off has made no promise, and breaks none; the share counts
all companies. At most 5 % and two standard errors of so many may fall short (*at most*). *Leads
handed over* and *SQLs found* (over snapshots) are means over the companies with a cut-off."""


PERIODS = {
    NIGHTS: """\
Leads that came in the two months after the company trained, in which it would use its cut-off,
looked at on every night after something became known of them, as `leadscore score` meets them:
on the other nights a chance only fades. This is what a promise is about.""",
    AFTER: """\
The same leads, looked at only at the ages that training looks at. Who is looked at now and then
may be well above the cut-off when seen there first, and fewer get there at all.""",
    SAME: """\
Leads that came in the months of the evidence, at the same ages.""",
}
MAPIE = """\
MAPIE's `BinaryClassificationController` tests every threshold by the same binomial tail. It takes
rows to be independent, and several snapshots of a lead are not; with one snapshot a lead drawn at
random it promises something of random snapshots, not of leads that first get there. A prediction
that sees the first time it allows, but then refuses its fixed sequence; Holm's way shares the 5 %
among all thresholds and finds fewer. Lent our order, it finds our cut-offs, but for a few where
it counts one failure too many, as a float: `ceil(50 * (1 - 21 / 50))` is 30. A threshold that no
row reaches has no p-value, at which Holm's way and the fixed sequence end with nothing; so its
default thresholds are cut at the highest propensity here."""
DRIFT = """\
The guarantee assumes that later leads behave as the evidence did. Here they do not: leads of
the same looks fit worse from day to day, by so many spreads of fit over the 18 months (a quarter of
that from the middle of the evidence to the middle of the two months after). Judged on leads of
those two months, on nights with news; the shortfall is that of the companies that fall short."""


def report(found: Sequence[Kept], *, leads: int, below: str) -> str:
    """Write the tables.

    Parameters
    ----------
    found
        What came of each promise.
    leads
        Of a company.
    below
        How, when and on what it was measured.

    Returns
    -------
    str
        Markdown.
    """
    steady = [each for each in found if each.drift == 0]
    companies = len({each.seed for each in steady})
    parts = ["# Whether tiers keep their promise"]
    parts.append(INTRODUCTION.format(companies=companies, leads=leads))
    for judged_on in (each for each in PERIODS if any(one.judged_on == each for one in steady)):
        parts += [f"## Leads of the {judged_on}", PERIODS[judged_on]]
        parts.append(_table([each for each in steady if each.judged_on == judged_on]))
    if {each.rule for each in steady} - {OURS, NAIVE}:
        parts += ["## MAPIE", MAPIE]
    drifting = [each for each in found if each.drift and each.rule in {OURS, NAIVE}]
    if drifting:
        parts += ["## When leads change", DRIFT, _drift_table(drifting)]
    return "\n\n".join([*parts, below]) + "\n"


def _table(found: Sequence[Kept]) -> str:
    keys = dict.fromkeys((each.tier, each.rule) for each in found)
    rows = [_row([each for each in found if (each.tier, each.rule) == key]) for key in keys]
    order = sorted(rows, key=lambda row: row[0].rpartition(" ")[2], reverse=True)  # highest first
    return markdown_table(HEAD, order, words=2)


def _row(promises: Sequence[Kept]) -> list[str]:
    count, first = len(promises), promises[0]
    made = [each for each in promises if each.cut_off is not None]
    short = sum(each.is_short for each in made)
    sure = binomtest(short, count).proportion_ci(method="exact")
    at_most = ALLOWED + 2 * np.sqrt(ALLOWED * (1 - ALLOWED) / count)
    return [
        f"{first.tier}: {first.promised:.0%}",
        first.rule,
        f"{count}",
        f"{len(made)}",
        f"{short} ({short / len(made):.0%} of them)" if made else "0",
        f"{short / count:.1%}",
        f"{sure.low:.1%} to {sure.high:.1%}",
        f"{at_most:.1%}",
        "yes" if short <= at_most * count else "**no**",
        _percent([each.precision for each in made]),
        f"{min(each.precision for each in made):.1%}" if made else "–",
        _percent([each.precision_in_tier for each in made]),
        _percent([each.handed_over for each in made]),
        _percent([each.found for each in made]),
    ]


def _drift_table(found: Sequence[Kept]) -> str:
    after = [each for each in found if each.judged_on == NIGHTS]
    keys = dict.fromkeys((each.drift, each.tier, each.rule) for each in after)
    ordered = sorted(keys, key=lambda key: (-key[0], key[1] != "SQL", key[2] != OURS))
    rows = [
        _drift_row([each for each in after if (each.drift, each.tier, each.rule) == key])
        for key in ordered
    ]
    return markdown_table(DRIFT_HEAD, rows, words=3)


def _drift_row(promises: Sequence[Kept]) -> list[str]:
    first = promises[0]
    made = [each for each in promises if each.cut_off is not None]
    gaps = [each.promised - each.precision for each in made if each.is_short]
    return [
        f"{first.drift:+g}",
        f"{first.tier}: {first.promised:.0%}",
        first.rule,
        f"{len(promises)}",
        f"{len(made)}",
        f"{len(gaps)} of {len(made)}",
        _percent([each.precision for each in made]),
        _points(float(np.mean(gaps)) if gaps else None),
        _points(max(gaps, default=None)),
    ]


def _percent(values: Sequence[float]) -> str:
    return f"{np.mean(values):.1%}" if values else "–"


def _points(gap: float | None) -> str:
    return "–" if gap is None else f"{100 * gap:.1f} points"
