"""What must be true of a night's scores before anybody is shown them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from leadscore.serving.tiers import ALREADY_SQL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PROPENSITIES = ("p_sql", "p_won")

# Fewer leads than this may have the same propensity by honest chance: one export of one campaign.
MIN_LEADS_TO_DIFFER = 20

# A product of two probabilities, each rounded, may pass the first by this much and mean nothing.
ROUNDING = 1e-12


@dataclass(frozen=True)
class NightFault:
    """One reason to hold a night back.

    Parameters
    ----------
    check
        Which check failed, in a word for logs.
    message
        What is wrong, for people.
    leads
        How many leads it concerns.
    """

    check: str
    message: str
    leads: int


@dataclass(frozen=True)
class PropensityCount:
    """What is to be known of one propensity of some leads.

    Parameters
    ----------
    needed, known, missing, outside
        How many leads need it, have it, need it and lack it, and have one not between 0 and 1.
    least, most
        Its range among those who need it; infinite where nobody does.
    total
        The sum over all who have it.
    """

    needed: int
    known: int
    missing: int
    outside: int
    least: float
    most: float
    total: float

    def __add__(self, other: PropensityCount) -> PropensityCount:
        """Count the leads of both."""
        return PropensityCount(
            self.needed + other.needed,
            self.known + other.known,
            self.missing + other.missing,
            self.outside + other.outside,
            min(self.least, other.least),
            max(self.most, other.most),
            self.total + other.total,
        )


@dataclass(frozen=True)
class ScoreCount:
    """What checks need to know of some leads' scores, so that parts of a night add up.

    Parameters
    ----------
    rows, unnamed, twice, above
        How many rows there are, without `lead_id`, with that of another, and with `p_won` above
        `p_sql`.
    propensities
        By name.
    """

    rows: int
    unnamed: int
    twice: int
    above: int
    propensities: Mapping[str, PropensityCount]

    def __add__(self, other: ScoreCount) -> ScoreCount:
        """Count the leads of both, of which no lead is in both."""
        return ScoreCount(
            self.rows + other.rows,
            self.unnamed + other.unnamed,
            self.twice + other.twice,
            self.above + other.above,
            {name: self.propensities[name] + other.propensities[name] for name in PROPENSITIES},
        )


def count_scores(scores: pd.DataFrame) -> ScoreCount:
    """Count what checks need to know.

    Parameters
    ----------
    scores
        As `night_faults` takes them.

    Returns
    -------
    ScoreCount
    """
    return ScoreCount(
        rows=len(scores),
        unnamed=int(scores["lead_id"].isna().sum()),
        twice=int(scores["lead_id"].duplicated().sum()),
        above=int((scores["p_won"] > scores["p_sql"] + ROUNDING).sum()),
        propensities={name: _count(scores, name) for name in PROPENSITIES},
    )


def _count(scores: pd.DataFrame, name: str) -> PropensityCount:
    needed = scores.loc[~_already_sql(scores), name] if name == "p_sql" else scores[name]
    return PropensityCount(
        needed=len(needed),
        known=int(scores[name].notna().sum()),
        missing=int(needed.isna().sum()),
        outside=int(((scores[name] < 0) | (scores[name] > 1)).sum()),
        least=float(needed.min()) if needed.notna().any() else np.inf,
        most=float(needed.max()) if needed.notna().any() else -np.inf,
        total=float(scores[name].sum()),
    )


def night_faults(scores: pd.DataFrame, *, open_leads: int | None = None) -> list[NightFault]:
    """Find everything that holds a night back.

    Parameters
    ----------
    scores
        A row a lead: `lead_id`, `p_sql`, `p_won` (float64). A stage that the model does not know
        is missing for all; a stage that it knows is missing for none, but for `p_sql` of leads
        already SQL: those of `rule` "already_sql" or with a true `is_sql`, where there is such a
        column.
    open_leads
        How many leads were to be scored, where that is known.

    Returns
    -------
    list of NightFault
        Empty where the night may be written.
    """
    return faults_of(count_scores(scores), open_leads=open_leads)


def faults_of(count: ScoreCount, *, open_leads: int | None = None) -> list[NightFault]:
    """Find what holds a night back, as `night_faults` does, from what was counted of its parts."""
    faults = [*_row_faults(count, open_leads)]
    if not any(each.known for each in count.propensities.values()):
        return [*faults, NightFault("missing", "no lead has any propensity", count.rows)]
    for name, each in count.propensities.items():
        if each.known:
            faults += _propensity_faults(name, each)
    return [*faults, *_order_faults(count)]


def _row_faults(count: ScoreCount, open_leads: int | None) -> Iterator[NightFault]:
    if not count.rows:
        yield NightFault("rows", "there is no lead in it", 0)
    if open_leads is not None and count.rows != open_leads:
        message = f"{count.rows:,} leads have a score, but {open_leads:,} are open"
        yield NightFault("rows", message, abs(count.rows - open_leads))
    if count.unnamed:
        yield NightFault("lead_id", f"{count.unnamed:,} rows have no lead_id", count.unnamed)
    if count.twice:
        message = f"{count.twice:,} rows repeat the lead_id of another"
        yield NightFault("duplicates", message, count.twice)


def _propensity_faults(name: str, count: PropensityCount) -> Iterator[NightFault]:
    if count.missing:
        message = f"{name} is missing for {count.missing:,} leads"
        yield NightFault("missing", message, count.missing)
    if count.outside:
        message = f"{name} of {count.outside:,} leads is not between 0 and 1"
        yield NightFault("range", message, count.outside)
    if count.needed >= MIN_LEADS_TO_DIFFER and count.least == count.most:
        message = f"{name} is {count.least:.3g} for every lead, so it ranks nobody"
        yield NightFault("constant", message, count.needed)


def _order_faults(count: ScoreCount) -> Iterator[NightFault]:
    if count.above:
        message = (
            f"p_won is above p_sql for {count.above:,} leads, though none is won without being SQL"
        )
        yield NightFault("order", message, count.above)


def _already_sql(scores: pd.DataFrame) -> pd.Series[bool]:
    already = pd.Series(data=False, index=scores.index)
    if "is_sql" in scores:
        already |= scores["is_sql"] == True  # noqa: E712 - missing is not SQL
    if "rule" in scores:
        already |= scores["rule"] == ALREADY_SQL
    return already
