"""Whether a night looks like the one before: what changed too much to be news is a fault somewhere.

A broken export, a renamed word or a column that went missing leave every score well-formed and
wrong. What they cannot leave alone are the shares of the tiers, the average propensity, the number
of open leads, and how many words the model knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

from leadscore.serving.ledger import PROPENSITIES, NightFault
from leadscore.serving.tiers import TIERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import pandas as pd

    from leadscore.features.contract import Limits

OFFERED = ("SQL", "MQL")  # the tiers that somebody acts on
STANDARD_ERRORS = 4.0  # chance alone goes beyond so many once in 16,000 nights
ROUNDED = 1e-12
FEW_LEADS = 100  # a small company may well double overnight


@dataclass(frozen=True)
class NightShape:
    """What a night looks like as a whole.

    Parameters
    ----------
    leads
        How many leads it has.
    tiers
        How many of them each tier has.
    known, total
        By propensity: how many leads have it, and its sum over them.
    made_by
        The versions of model and policy.
    """

    leads: int
    tiers: Mapping[str, int]
    known: Mapping[str, int]
    total: Mapping[str, float]
    made_by: tuple[str, str]

    def share(self, tier: str) -> float:
        """Give the share of the leads in a tier."""
        return self.tiers.get(tier, 0) / max(self.leads, 1)

    def mean(self, name: str) -> float:
        """Give the average propensity of those who have it."""
        return self.total[name] / max(self.known[name], 1)


def shape_of(parts: Iterable[pd.DataFrame], *, made_by: tuple[str, str]) -> NightShape:
    """Add up what a night looks like.

    Parameters
    ----------
    parts
        Its leads, in parts: `tier`, `p_sql`, `p_won`.
    made_by
        The versions of model and policy.

    Returns
    -------
    NightShape
    """
    tiers: dict[str, int] = {str(tier): 0 for tier in TIERS}
    known, total = dict.fromkeys(PROPENSITIES, 0), dict.fromkeys(PROPENSITIES, 0.0)
    leads = 0
    for part in parts:
        leads += len(part)
        for tier, count in part["tier"].value_counts().items():
            tiers[str(tier)] += int(count)
        for name in PROPENSITIES:
            known[name] += int(part[name].notna().sum())
            total[name] += float(part[name].sum())
    return NightShape(leads, tiers, known, total, made_by)


def unlike(tonight: NightShape, before: NightShape, limits: Limits) -> list[NightFault]:
    """Find what differs so much from the night before that a person should look at it.

    Parameters
    ----------
    tonight, before
        The two nights.
    limits
        How much may differ.

    Returns
    -------
    list of NightFault
        Shares of tiers are compared only where the same model and policy made both nights;
        another champion or policy is meant to change them.
    """
    faults = [*_leads(tonight, before, limits), *_propensities(tonight, before, limits)]
    if tonight.made_by == before.made_by:
        faults += [fault for tier in OFFERED for fault in _tier(tier, tonight, before, limits)]
    return faults


def _leads(tonight: NightShape, before: NightShape, limits: Limits) -> Iterator[NightFault]:
    if not before.leads or abs(tonight.leads - before.leads) < FEW_LEADS:
        return
    factor = tonight.leads / before.leads
    if not 1 / limits.leads_factor <= factor <= limits.leads_factor:
        message = f"{tonight.leads:,} leads are open, and {before.leads:,} were the night before"
        yield NightFault("leads", message, abs(tonight.leads - before.leads))


def _tier(
    tier: str, tonight: NightShape, before: NightShape, limits: Limits
) -> Iterator[NightFault]:
    now, then = tonight.share(tier), before.share(tier)
    had = before.tiers.get(tier, 0)
    chance = STANDARD_ERRORS * sqrt(max(then, now) / max(min(tonight.leads, before.leads), 1))
    if abs(now - then) <= chance:
        return
    if not tonight.tiers.get(tier, 0):
        message = f"no lead has tier {tier}, and {had:,} had it the night before"
        yield NightFault("empty_tier", message, had)
    elif max(now, then) > limits.tier_factor * max(min(now, then), ROUNDED):
        message = f"{now:.1%} of the leads have tier {tier}, and {then:.1%} had it the night before"
        yield NightFault("tier_share", message, tonight.tiers[tier])


def _propensities(tonight: NightShape, before: NightShape, limits: Limits) -> Iterator[NightFault]:
    for name in PROPENSITIES:
        if not tonight.known[name] or not before.known[name]:
            continue
        now, then = tonight.mean(name), before.mean(name)
        if max(now, then) > limits.mean_factor * max(min(now, then), ROUNDED):
            message = f"{name} is {now:.2%} on average, and was {then:.2%} the night before"
            yield NightFault("mean", message, tonight.leads)


def unseen_words(cells: pd.DataFrame, limits: Limits) -> list[NightFault]:
    """Find the text columns of whose words the model knows too few.

    Parameters
    ----------
    cells
        Indexed by column: `filled`, `unseen` (cells), of all leads.
    limits
        How many may be unseen.

    Returns
    -------
    list of NightFault
    """
    enough = cells[cells["filled"] >= limits.unseen_cells]
    faults = []
    for column, filled, unseen in zip(
        enough.index, enough["filled"].tolist(), enough["unseen"].tolist(), strict=True
    ):
        if unseen > limits.unseen_share * filled:
            share = unseen / filled
            message = f"{share:.0%} of the words in {column!r} are such as the model never saw"
            faults.append(NightFault("unseen", message, unseen))
    return faults
