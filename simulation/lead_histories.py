"""What happens to the made-up company's leads, day by day, and what was to be expected of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from leadscore.simulation.company import DAY_US, DAYS, REACTIONS
from leadscore.simulation.funnel_process import (
    BEFORE_SQL,
    Chances,
    Doing,
    Stage,
    moves,
    outlook,
    won_within,
    world,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from leadscore.simulation.company import Company
    from leadscore.simulation.funnel_process import World

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

FOREVER = np.iinfo(np.int64).max // 2  # half, so that a day may be added to it


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthSettings:
    """Which propensities are written down, and how far they look ahead."""

    ages_days: tuple[int, ...]
    nights: int
    sql_horizon_days: int
    won_horizon_days: int


class Rows(NamedTuple):
    """Something of each of some leads: which lead, on which day, and what."""

    lead: Ints
    day: Ints
    what: Ints


class Truth(NamedTuple):
    """What was to be expected of each of some leads at the midnight that begins a day."""

    lead: Ints
    day: Ints
    p_sql: Floats
    p_won: Floats


class History(NamedTuple):
    """All that happened: active days, moves to a stage, and the truth at the snapshots.

    `closed_day` is the day a lead was won or lost and `unsubscribed_day` the day it unsubscribed,
    `FOREVER` where that never came. Day 0 is `simulated_company.START`.
    """

    doings: Rows
    moves: Rows
    truth: Truth
    closed_day: Ints
    unsubscribed_day: Ints


@dataclass(slots=True)
class _Walk:
    """The leads on their way, and the log of it; leads are numbered within the slice."""

    company: Company
    laws: World
    rng: np.random.Generator
    memory: Ints
    stage: Ints
    doings: list[Rows] = field(default_factory=list)
    moves: list[Rows] = field(default_factory=list)
    truth: list[Truth] = field(default_factory=list)


def live_through(
    rng: np.random.Generator, company: Company, *, strength: float, truth: TruthSettings
) -> History:
    """Walk the leads from their creation to the end of the history.

    Parameters
    ----------
    rng
        Source of chance of these leads alone.
    company
        The leads.
    strength
        How much the tables tell, see `simulated_funnel.world`.
    truth
        At which midnights the propensities are written down.

    Returns
    -------
    History
        What the leads did, which stages they reached, and what was to be expected.
    """
    size = company.fit.size
    stages = np.full(size, Stage.LEAD, np.int64)
    walk = _Walk(company, world(strength), rng, np.zeros(size, np.int64), stages)
    ahead = outlook(strength, truth.sql_horizon_days, truth.won_horizon_days)
    created_day = company.created_us // DAY_US
    leads = np.arange(size)
    _do(walk, leads, created_day, walk.laws.first_doing[company.activity])
    for age in range(DAYS):
        leads = leads[(created_day[leads] + 1 + age <= DAYS) & (walk.stage[leads] < Stage.WON)]
        today = created_day[leads] + 1 + age
        seen = (today > DAYS - truth.nights) | (age in truth.ages_days)
        _expect(walk, leads[seen], today[seen], ahead, truth.won_horizon_days)
        leads, today = leads[today < DAYS], today[today < DAYS]
        _do(walk, leads, today, walk.laws.doing[company.activity[leads], walk.memory[leads]])
        _move(walk, leads, today)
    return _history(walk)


def _do(walk: _Walk, leads: Ints, today: Ints, chances: Floats) -> None:
    doing = _pick(walk.rng, [chances[:, kind] for kind in Doing if kind != Doing.NOTHING]) + 1
    doing = np.where(doing > max(Doing), Doing.NOTHING, doing)
    walk.memory[leads] = walk.laws.after[doing, walk.memory[leads]]
    active = doing != Doing.NOTHING
    walk.doings.append(Rows(leads[active], today[active], doing[active]))


def _move(walk: _Walk, leads: Ints, today: Ints) -> None:
    stage = walk.stage[leads]
    for now in np.unique(stage):
        here = np.flatnonzero(stage == now)
        ways = moves(Stage(now), _chances(walk, leads[here]))
        way = _pick(walk.rng, [chance for _, chance in ways])
        goes = way < len(ways)
        target = np.array([stage for stage, _ in ways], np.int64)[way[goes]]
        walk.stage[leads[here[goes]]] = target
        walk.moves.append(Rows(leads[here[goes]], today[here[goes]], target))


def _pick(rng: np.random.Generator, chances: Sequence[Floats]) -> Ints:
    """Draw the number of one of the chances; their count where none comes true."""
    edges = np.cumsum(chances, axis=0)
    number: Ints = (rng.random(edges.shape[1]) >= edges).sum(axis=0)
    return number


def _cell(company: Company, leads: Ints) -> Ints:
    return company.fit[leads] * REACTIONS + company.reaction[leads]


def _chances(walk: _Walk, leads: Ints) -> Chances:
    laws, memory, cell = walk.laws, walk.memory[leads], _cell(walk.company, leads)
    return Chances(
        mql=laws.mql[memory, cell],
        mql_again=laws.mql_again[memory, cell],
        accepted=laws.accepted[memory, cell],
        sql=laws.sql[memory, cell],
        win=walk.company.win[leads],
    )


def _expect(walk: _Walk, leads: Ints, today: Ints, ahead: Floats, won_horizon_days: int) -> None:
    stage, win = walk.stage[leads], walk.company.win[leads]
    before, owned = stage <= max(BEFORE_SQL), stage == Stage.SQL
    looked = ahead[
        walk.company.activity[leads],
        walk.memory[leads],
        np.where(before, stage, 0),
        _cell(walk.company, leads),
    ]
    p_sql = np.where(before, looked[:, 0], owned)
    closes = np.where(before, looked[:, 1], owned * won_within(won_horizon_days))
    walk.truth.append(Truth(leads, today, p_sql, win * closes))


def _history(walk: _Walk) -> History:
    doings, stages = _joined(walk.doings), _joined(walk.moves)
    size = walk.stage.size
    closed_day, unsubscribed_day = np.full(size, FOREVER), np.full(size, FOREVER)
    closed = stages.what >= Stage.WON
    closed_day[stages.lead[closed]] = stages.day[closed]
    gone = doings.what == Doing.UNSUBSCRIBE
    unsubscribed_day[doings.lead[gone]] = doings.day[gone]
    truth = Truth(*(np.concatenate(parts) for parts in zip(*walk.truth, strict=True)))
    return History(doings, stages, truth, closed_day, unsubscribed_day)


def _joined(rows: list[Rows]) -> Rows:
    return Rows(*(np.concatenate(parts) for parts in zip(*rows, strict=True)))
