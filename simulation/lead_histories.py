"""What happens to the simulated leads, day by day, and their propensities."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from leadscore.simulation.attribute_effects import REACTIONS
from leadscore.simulation.company import DAY_US, DAYS
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
    """Which propensities are recorded, and how far they look ahead."""

    ages_days: tuple[int, ...]
    nights: int
    sql_horizon_days: int
    won_horizon_days: int


class Rows(NamedTuple):
    """A fact a row: which lead, on which day, and what."""

    lead: Ints
    day: Ints
    what: Ints


class Truth(NamedTuple):
    """Propensities of leads at the midnight that begins a day."""

    lead: Ints
    day: Ints
    p_sql: Floats
    p_won: Floats


class History(NamedTuple):
    """All that happened: what leads did, moves to a stage, and the truth at the snapshots.

    `closed_day` and `unsubscribed_day` are `FOREVER` where that never happened. Day 0 is `START`.
    """

    doings: Rows
    moves: Rows
    truth: Truth
    closed_day: Ints
    unsubscribed_day: Ints


@dataclass(slots=True)
class _Simulation:
    """The state of the leads on a day, and the log of all days; leads are numbered in the slice."""

    company: Company
    laws: World
    rng: np.random.Generator
    memory: Ints
    stage: Ints
    doings: list[Rows] = field(default_factory=list)
    moves: list[Rows] = field(default_factory=list)
    truth: list[Truth] = field(default_factory=list)


def simulate_histories(
    rng: np.random.Generator, company: Company, *, strength: float, truth: TruthSettings
) -> History:
    """Simulate the leads from their creation to the end of the history.

    `strength` is how much the tables inform, see `funnel_process.world`; `truth` says at which
    midnights propensities are recorded.
    """
    size = company.fit.size
    stages = np.full(size, Stage.LEAD, np.int64)
    run = _Simulation(company, world(strength), rng, np.zeros(size, np.int64), stages)
    ahead = outlook(strength, truth.sql_horizon_days, truth.won_horizon_days)
    created_day = company.created_us // DAY_US
    leads = np.arange(size)
    _do(run, leads, created_day, run.laws.first_doing[company.activity])
    for age in range(DAYS):
        leads = leads[(created_day[leads] + 1 + age <= DAYS) & (run.stage[leads] < Stage.WON)]
        today = created_day[leads] + 1 + age
        seen = (today > DAYS - truth.nights) | (age in truth.ages_days)
        _expect(run, leads[seen], today[seen], ahead, truth.won_horizon_days)
        leads, today = leads[today < DAYS], today[today < DAYS]
        _do(run, leads, today, run.laws.doing[company.activity[leads], run.memory[leads]])
        _move(run, leads, today)
    return _history(run)


def _do(run: _Simulation, leads: Ints, today: Ints, chances: Floats) -> None:
    doing = _pick(run.rng, [chances[:, kind] for kind in Doing if kind != Doing.NOTHING]) + 1
    doing = np.where(doing > max(Doing), Doing.NOTHING, doing)
    run.memory[leads] = run.laws.after[doing, run.memory[leads]]
    active = doing != Doing.NOTHING
    run.doings.append(Rows(leads[active], today[active], doing[active]))


def _move(run: _Simulation, leads: Ints, today: Ints) -> None:
    stage = run.stage[leads]
    for now in np.unique(stage):
        here = np.flatnonzero(stage == now)
        ways = moves(Stage(now), _chances(run, leads[here]))
        way = _pick(run.rng, [chance for _, chance in ways])
        goes = way < len(ways)
        target = np.array([stage for stage, _ in ways], np.int64)[way[goes]]
        run.stage[leads[here[goes]]] = target
        run.moves.append(Rows(leads[here[goes]], today[here[goes]], target))


def _pick(rng: np.random.Generator, chances: Sequence[Floats]) -> Ints:
    """Draw the number of one of the chances; their count where none comes true."""
    edges = np.cumsum(chances, axis=0)
    number: Ints = (rng.random(edges.shape[1]) >= edges).sum(axis=0)
    return number


def _cell(company: Company, leads: Ints) -> Ints:
    return company.fit[leads] * REACTIONS + company.reaction[leads]


def _chances(run: _Simulation, leads: Ints) -> Chances:
    laws, memory, cell = run.laws, run.memory[leads], _cell(run.company, leads)
    return Chances(
        mql=laws.mql[memory, cell],
        mql_again=laws.mql_again[memory, cell],
        accepted=laws.accepted[memory, cell],
        sql=laws.sql[memory, cell],
        win=run.company.win[leads],
    )


def _expect(
    run: _Simulation, leads: Ints, today: Ints, ahead: Floats, won_horizon_days: int
) -> None:
    stage, win = run.stage[leads], run.company.win[leads]
    before, owned = stage <= max(BEFORE_SQL), stage == Stage.SQL
    looked = ahead[
        run.company.activity[leads],
        run.memory[leads],
        np.where(before, stage, 0),
        _cell(run.company, leads),
    ]
    p_sql = np.where(before, looked[:, 0], owned)
    closes = np.where(before, looked[:, 1], owned * won_within(won_horizon_days))
    run.truth.append(Truth(leads, today, p_sql, win * closes))


def _history(run: _Simulation) -> History:
    doings, stages = _joined(run.doings), _joined(run.moves)
    size = run.stage.size
    closed_day, unsubscribed_day = np.full(size, FOREVER), np.full(size, FOREVER)
    closed = stages.what >= Stage.WON
    closed_day[stages.lead[closed]] = stages.day[closed]
    gone = doings.what == Doing.UNSUBSCRIBE
    unsubscribed_day[doings.lead[gone]] = doings.day[gone]
    truth = Truth(*(np.concatenate(parts) for parts in zip(*run.truth, strict=True)))
    return History(doings, stages, truth, closed_day, unsubscribed_day)


def _joined(rows: list[Rows]) -> Rows:
    return Rows(*(np.concatenate(parts) for parts in zip(*rows, strict=True)))
