"""The tier each lead gets: the model's verdict, what overrules it, and how the lead moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from leadscore.serving.tiers.capacity_allocation import Allocation, allocate
from leadscore.serving.tiers.control_group import (
    ControlGroup,
    control_group,
    handoff_probability,
    lot_chance,
)
from leadscore.serving.tiers.cool_off import cooling
from leadscore.serving.tiers.model_tiers import Bar, ModelTiers, find_bars, model_tiers, worth
from leadscore.serving.tiers.offered import Offered, Queue
from leadscore.serving.tiers.previous_night import changed_at, remembered
from leadscore.serving.tiers.tier_names import (
    ALREADY_SQL,
    COOL_OFF,
    DISQUALIFIED,
    EXPLORATION,
    HAND_RAISER,
    TIERS,
)
from leadscore.serving.tiers.waiting_queue import in_line, wanting

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import numpy.typing as npt

    from leadscore.serving.policy import Policy
    from leadscore.serving.tiers.cutoffs import CutOffs

    Mask = npt.NDArray[np.bool_]
    Numbers = npt.NDArray[np.float64]
    Texts = npt.NDArray[np.object_]


@dataclass(frozen=True)
class Decided:
    """A night's tiers.

    Parameters
    ----------
    rows
        On the index of the leads: `tier`, `model_tier`, `rule`, `team`, `waiting`,
        `waiting_since`, `nights_below`, `handoff_probability`, `facts_digest`,
        `facts_changed_at`, `previous_tier`, `moved`, as the ledger has them.
    begins_at
        By tier: the propensity (or value) at which it began; None where nobody got it.
    """

    rows: pd.DataFrame
    begins_at: dict[str, float | None]


def decide(
    leads: pd.DataFrame,
    previous: pd.DataFrame | None,
    policy: Policy,
    cuts: CutOffs,
    *,
    as_of: datetime,
) -> Decided:
    """Give every lead of a night its tier.

    The model's verdict comes first. Over it, in this order, the later ones stronger: the control
    group lifts a lead, cool-off keeps it from sales, a hand-raise sends it there, sales' own
    qualification keeps it there, a disqualifier ends it. Leads on their way to sales then share
    the places there are; who is with sales already needs none.

    Parameters
    ----------
    leads
        A row a lead: `lead_id`, `p_sql`, `p_won`, `expected_value` (float64), `is_sql` (bool), and
        what `rule_facts` finds: `hand_raiser`, `disqualifier`, `team`, `setback_at`,
        `setback_reason`, `facts_digest`.
    previous
        `lead_id` and `tiers.previous_night.REMEMBERED` of the night before; None on the first.
    policy
        What was agreed.
    cuts
        Where the tiers begin.
    as_of
        The night, UTC without a zone.

    Returns
    -------
    Decided
    """
    before = remembered(leads, previous)
    bars = find_bars(lambda: [(leads, before)], cuts, policy.hysteresis)
    offered, queue = offer(leads, before, policy, cuts, bars, as_of=as_of)
    got, chance = share_places([queue], policy)
    rows = settle(offered, got[0], chance=chance, as_of=as_of)
    return Decided(rows, {tier: bar.begins_at for tier, bar in bars.items()})


def offer(
    leads: pd.DataFrame,
    before: pd.DataFrame,
    policy: Policy,
    cuts: CutOffs,
    bars: Mapping[str, Bar],
    *,
    as_of: datetime,
) -> tuple[Offered, Queue]:
    """Give some leads of a night their tiers as if there were no end of places.

    Parameters
    ----------
    leads, policy, cuts, as_of
        As for `decide`; the leads may be a part of the night's.
    before
        What `remembered` knows of them.
    bars
        Where the tiers begin, found on all leads of the night.

    Returns
    -------
    Offered
    Queue
    """
    model = model_tiers(leads, before, cuts, policy.hysteresis, bars)
    facts_changed_at = changed_at(leads, before, as_of)
    cools = cooling(leads, facts_changed_at, policy.cool_off, as_of=as_of)
    control = control_group(
        leads, before, model, cools, policy=policy, cuts=cuts, begins=bars["SQL"].begins_at
    )
    tier, rule = _ruled(leads, model, cools, control)
    rows = pd.DataFrame(
        {"lead_id": leads["lead_id"], "tier": tier, "rule": rule, "model_tier": model.tier},
        index=leads.index,
        dtype=object,
    )
    rows["team"] = leads["team"]
    rows["nights_below"] = model.nights_below
    rows["facts_digest"], rows["facts_changed_at"] = leads["facts_digest"], facts_changed_at
    wants = wanting(rows, before, policy.capacity, as_of=as_of)
    offered = Offered(rows, before["tier"], wants, control.near)
    return offered, _queue(offered, control, _order(leads, policy, cuts))


def _queue(offered: Offered, control: ControlGroup, order: Numbers) -> Queue:
    wants, places = offered.wants, np.flatnonzero(offered.wants.in_line)
    leads = pd.DataFrame(
        {
            "lead_id": offered.rows["lead_id"].to_numpy(dtype=object)[places],
            "team": offered.rows["team"].to_numpy(dtype=object)[places],
            "urgency": wants.urgency[places],
            "worth": order[places],
            "drawn": control.drawn[places],
        },
        index=places,
    )
    return Queue(
        leads,
        len(offered.rows),
        near=int(control.near.sum()),
        drawn=int(control.drawn.sum()),
        lifted=int((control.drawn & ~wants.wants).sum()),
    )


def share_places(queues: Sequence[Queue], policy: Policy) -> tuple[list[Allocation], float]:
    """Share the night's places among all who want one.

    Parameters
    ----------
    queues
        Of all parts of a night.
    policy
        What was agreed.

    Returns
    -------
    list of Allocation
        For each part, who got a place and who stands where in line.
    float
        How likely a lead that the lot could draw was to go to sales.
    """
    every = pd.concat([queue.leads for queue in queues], ignore_index=True)
    got = allocate(
        every,
        np.ones(len(every), dtype=bool),
        every["urgency"].to_numpy(np.int64),
        every["worth"].to_numpy(np.float64),
        policy.capacity,
    )
    ends = np.cumsum([len(queue.leads) for queue in queues])[:-1]
    split = zip(queues, np.split(got.placed, ends), np.split(got.line, ends), strict=True)
    lifted = sum(queue.lifted for queue in queues)
    lifted += int((got.placed & every["drawn"].to_numpy(dtype=bool)).sum())
    near, drawn = (sum(getattr(queue, name) for queue in queues) for name in ("near", "drawn"))
    chance = lot_chance(near, drawn, lifted, policy.exploration)
    return [_spread(queue, placed, line) for queue, placed, line in split], chance


def _spread(queue: Queue, placed: Mask, line: npt.NDArray[np.int64]) -> Allocation:
    """Say of all leads of a part what became of those in line."""
    everybody = Allocation(np.zeros(queue.size, dtype=bool), np.zeros(queue.size, dtype=np.int64))
    everybody.placed[queue.leads.index], everybody.line[queue.leads.index] = placed, line
    return everybody


def settle(offered: Offered, got: Allocation, *, chance: float, as_of: datetime) -> pd.DataFrame:
    """Say what became of some leads of a night.

    Parameters
    ----------
    offered, got, chance
        A part of the night, what became of those who wanted a place, and the lot's chance.
    as_of
        The night, UTC without a zone.

    Returns
    -------
    DataFrame
        As `Decided` has it.
    """
    rows = in_line(offered.rows, offered.wants, got, as_of=as_of)
    rows["handoff_probability"] = handoff_probability(rows, offered.near, chance)
    moved = _moves(rows["tier"], offered.tier_before)
    return rows.drop(columns="lead_id").assign(previous_tier=offered.tier_before, moved=moved)


def _ruled(
    leads: pd.DataFrame, model: ModelTiers, cools: Texts, control: ControlGroup
) -> tuple[Texts, Texts]:
    """Apply the rules over the model's verdict, weakest first."""
    tier = np.where(pd.isna(model.tier), "Nurture", model.tier).astype(object)
    rule = np.full(len(leads), None, dtype=object)

    def overrule(where: Mask, name: str | Texts, to: str) -> None:
        tier[where] = to
        rule[where] = name if isinstance(name, str) else name[where]

    overrule(control.drawn, EXPLORATION, "SQL")
    overrule(pd.notna(cools) & (tier == "SQL"), _named(COOL_OFF, cools), "MQL")
    raised = leads["hand_raiser"].to_numpy(dtype=object)
    overrule(pd.notna(raised), _named(HAND_RAISER, raised), "SQL")
    overrule(leads["is_sql"].to_numpy(dtype=bool), ALREADY_SQL, "SQL")
    barred = leads["disqualifier"].to_numpy(dtype=object)
    overrule(pd.notna(barred), _named(DISQUALIFIED, barred), "Disqualified")
    return tier, rule


def _named(kind: str, names: Texts) -> Texts:
    return np.array([None if name is None else f"{kind}: {name}" for name in names], dtype=object)


def _order(leads: pd.DataFrame, policy: Policy, cuts: CutOffs) -> Numbers:
    """Return what orders the line: the chance or the value, whatever is not known last."""
    by_value = policy.capacity is not None and policy.capacity.first == "value"
    value = leads["expected_value"].to_numpy(np.float64) if by_value else worth(leads, cuts.sql)
    return np.nan_to_num(value, nan=-np.inf)


def _moves(tier: pd.Series, before: pd.Series) -> Texts:
    """Compare each lead's tier with the one it had the night before: up, down, new or same."""
    rank = {name: position for position, name in enumerate(TIERS)}
    change = tier.map(rank).astype(float) - before.map(rank).astype(float)
    return np.select(
        [before.isna().to_numpy(), (change < 0).to_numpy(), (change > 0).to_numpy()],
        ["new", "up", "down"],
        default="same",
    ).astype(object)
