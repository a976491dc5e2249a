"""The tier each lead gets: the model's, the rules over it, and how the lead moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from leadscore.serving.tiers.capacity_allocation import Allocation, allocate
from leadscore.serving.tiers.control_group import (
    ControlGroup,
    control_group,
    draw_probability,
    handoff_probability,
)
from leadscore.serving.tiers.cool_off import cooling
from leadscore.serving.tiers.model_tiers import Bar, ModelTiers, find_bars, model_tiers, worth
from leadscore.serving.tiers.previous_night import changed_at, remembered
from leadscore.serving.tiers.tier_names import (
    ALREADY_SQL,
    COOL_OFF,
    DISQUALIFIED,
    EXPLORATION,
    HAND_RAISER,
    TIERS,
)
from leadscore.serving.tiers.waiting_queue import (
    ProvisionalTiers,
    Queue,
    apply_allocation,
    find_requests,
)

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

    The model's tier comes first. Over it, in this order, the later ones stronger: the control
    group lifts a lead, cool-off keeps it from sales, a hand-raise sends it there, sales' own
    qualification keeps it there, a disqualifier ends it. New leads for sales then share its
    places; a lead that is already with sales needs none.

    Parameters
    ----------
    leads
        A row a lead: `lead_id`, `p_sql`, `p_won`, `expected_value` (float64), `is_sql` (bool), and
        what `rule_facts` finds: `hand_raiser`, `disqualifier`, `team`, `setback_at`,
        `setback_reason`, `facts_digest`.
    previous
        `lead_id` and `tiers.previous_night.REMEMBERED` of the night before; None on the first.
    as_of
        The night, UTC without a zone.
    """
    before = remembered(leads, previous)
    bars = find_bars(lambda: [(leads, before)], cuts, policy.hysteresis)
    provisional, queue = offer(leads, before, policy, cuts, bars, as_of=as_of)
    allocations, probability = share_places([queue], policy)
    rows = settle(provisional, allocations[0], probability=probability, as_of=as_of)
    return Decided(rows, {tier: bar.begins_at for tier, bar in bars.items()})


def offer(
    leads: pd.DataFrame,
    before: pd.DataFrame,
    policy: Policy,
    cuts: CutOffs,
    bars: Mapping[str, Bar],
    *,
    as_of: datetime,
) -> tuple[ProvisionalTiers, Queue]:
    """Give a part of a night's leads their tiers as if capacity were unlimited.

    Parameters
    ----------
    leads, as_of
        As `decide` takes them.
    before
        What `remembered` returns of them.
    bars
        Where the tiers begin, found on all leads of the night.
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
    requests = find_requests(rows, before, policy.capacity, as_of=as_of)
    provisional = ProvisionalTiers(rows, before["tier"], requests, control.eligible)
    return provisional, _queue(provisional, control, _order(leads, policy, cuts))


def _queue(provisional: ProvisionalTiers, control: ControlGroup, order: Numbers) -> Queue:
    requests = provisional.requests
    queued = np.flatnonzero(requests.queued)
    leads = pd.DataFrame(
        {
            "lead_id": provisional.rows["lead_id"].to_numpy(dtype=object)[queued],
            "team": provisional.rows["team"].to_numpy(dtype=object)[queued],
            "urgency": requests.urgency[queued],
            "worth": order[queued],
            "drawn": control.drawn[queued],
        },
        index=queued,
    )
    return Queue(
        leads,
        len(provisional.rows),
        eligible=int(control.eligible.sum()),
        drawn=int(control.drawn.sum()),
        lifted=int((control.drawn & ~requests.wanted).sum()),
    )


def share_places(queues: Sequence[Queue], policy: Policy) -> tuple[list[Allocation], float]:
    """Allocate the night's places among the queues of all its parts.

    Returns
    -------
    list of Allocation
        One a part.
    float
        How likely a lead eligible for the control group was to go to sales.
    """
    every = pd.concat([queue.leads for queue in queues], ignore_index=True)
    allocation = allocate(
        every,
        np.ones(len(every), dtype=bool),
        every["urgency"].to_numpy(np.int64),
        every["worth"].to_numpy(np.float64),
        policy.capacity,
    )
    ends = np.cumsum([len(queue.leads) for queue in queues])[:-1]
    placed, position = np.split(allocation.placed, ends), np.split(allocation.position, ends)
    lifted = sum(queue.lifted for queue in queues)
    lifted += int((allocation.placed & every["drawn"].to_numpy(dtype=bool)).sum())
    eligible, drawn = sum(each.eligible for each in queues), sum(each.drawn for each in queues)
    probability = draw_probability(eligible, drawn, lifted, policy.exploration)
    parts = zip(queues, placed, position, strict=True)
    return [_of_part(queue, got, place) for queue, got, place in parts], probability


def _of_part(queue: Queue, placed: Mask, position: npt.NDArray[np.int64]) -> Allocation:
    """Extend what the queued leads got to all leads of their part."""
    every = Allocation(np.zeros(queue.size, dtype=bool), np.zeros(queue.size, dtype=np.int64))
    every.placed[queue.leads.index], every.position[queue.leads.index] = placed, position
    return every


def settle(
    provisional: ProvisionalTiers, allocation: Allocation, *, probability: float, as_of: datetime
) -> pd.DataFrame:
    """Return the final tiers of a part of a night, as `Decided.rows`.

    `allocation` and `probability` are what `share_places` returns of the part.
    """
    rows = apply_allocation(provisional.rows, provisional.requests, allocation, as_of=as_of)
    rows["handoff_probability"] = handoff_probability(rows, provisional.eligible, probability)
    before = provisional.tier_before
    moved = _moves(rows["tier"], before)
    return rows.drop(columns="lead_id").assign(previous_tier=before, moved=moved)


def _ruled(
    leads: pd.DataFrame, model: ModelTiers, cools: Texts, control: ControlGroup
) -> tuple[Texts, Texts]:
    """Apply the rules over the model's tier, weakest first."""
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
    """Return what orders the queue: propensity or value, unknown last."""
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
