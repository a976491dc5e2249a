"""What must be true of a night's scores before anybody is shown them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from serving.verdicts import ALREADY_SQL

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    faults = [*_row_faults(scores, open_leads)]
    if scores[list(PROPENSITIES)].isna().all(axis=None):
        return [*faults, NightFault("missing", "no lead has any propensity", len(scores))]
    for name in PROPENSITIES:
        if scores[name].notna().any():
            faults += _propensity_faults(scores, name)
    return [*faults, *_order_faults(scores)]


def _row_faults(scores: pd.DataFrame, open_leads: int | None) -> Iterator[NightFault]:
    if scores.empty:
        yield NightFault("rows", "there is no lead in it", 0)
    if open_leads is not None and len(scores) != open_leads:
        message = f"{len(scores):,} leads have a score, but {open_leads:,} are open"
        yield NightFault("rows", message, abs(len(scores) - open_leads))
    unnamed = int(scores["lead_id"].isna().sum())
    if unnamed:
        yield NightFault("lead_id", f"{unnamed:,} rows have no lead_id", unnamed)
    twice = int(scores["lead_id"].duplicated().sum())
    if twice:
        yield NightFault("duplicates", f"{twice:,} rows repeat the lead_id of another", twice)


def _propensity_faults(scores: pd.DataFrame, name: str) -> Iterator[NightFault]:
    needed = scores.loc[~_already_sql(scores), name] if name == "p_sql" else scores[name]
    missing = int(needed.isna().sum())
    if missing:
        yield NightFault("missing", f"{name} is missing for {missing:,} leads", missing)
    outside = int(((scores[name] < 0) | (scores[name] > 1)).sum())
    if outside:
        yield NightFault("range", f"{name} of {outside:,} leads is not between 0 and 1", outside)
    if len(needed) >= MIN_LEADS_TO_DIFFER and needed.min() == needed.max():
        message = f"{name} is {needed.iloc[0]:.3g} for every lead, so it ranks nobody"
        yield NightFault("constant", message, len(needed))


def _order_faults(scores: pd.DataFrame) -> Iterator[NightFault]:
    above = int((scores["p_won"] > scores["p_sql"] + ROUNDING).sum())
    if above:
        message = f"p_won is above p_sql for {above:,} leads, though none is won without being SQL"
        yield NightFault("order", message, above)


def _already_sql(scores: pd.DataFrame) -> pd.Series[bool]:
    already = pd.Series(data=False, index=scores.index)
    if "is_sql" in scores:
        already |= scores["is_sql"] == True  # noqa: E712 - missing is not SQL
    if "rule" in scores:
        already |= scores["rule"] == ALREADY_SQL
    return already
