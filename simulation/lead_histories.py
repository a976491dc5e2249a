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

PUSHES = 3  # none, one, or more colleagues active of late
PUSH_DAYS = 30
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
    """Propensities of leads at the midnight that begins a day.

    With account effects they are those of a lead whose colleagues stay as active as they are;
    `alone` is `p_sql` for one who does not know how many are.
    """

    lead: Ints
    day: Ints
    p_sql: Floats
    p_won: Floats
    alone: Floats


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
    laws: tuple[World, ...]  # by how many colleagues push
    ahead: tuple[Floats, ...]  # `funnel_process.outlook`, likewise
    rng: np.random.Generator
    memory: Ints
    stage: Ints
    last_active: Ints  # day
    doings: list[Rows] = field(default_factory=list)
    moves: list[Rows] = field(default_factory=list)
    truth: list[Truth] = field(default_factory=list)

    def pushing(self, leads: Ints, day: int) -> Ints:
        """Count the colleagues that were active in the days before, `PUSHES` - 1 at most."""
        if len(self.laws) == 1:
            return np.zeros(leads.size, np.int64)
        account, active = self.company.account, self.last_active >= day - PUSH_DAYS
        together = np.bincount(account[active], minlength=int(account.max()) + 1)
        return np.minimum(together[account[leads]] - active[leads], PUSHES - 1)


def simulate_histories(
    rng: np.random.Generator,
    company: Company,
    *,
    strength: float,
    account_effect: float,
    truth: TruthSettings,
) -> History:
    """Simulate the leads from their creation to the end of the history.

    `strength` is how much the tables inform, see `funnel_process.world`; `account_effect` what
    each active colleague adds to the log-odds of a lead's steps; `truth` says at which midnights
    propensities are recorded.
    """
    size = company.fit.size
    pushes = tuple(account_effect * number for number in range(PUSHES if account_effect else 1))
    horizons = truth.sql_horizon_days, truth.won_horizon_days
    run = _Simulation(
        company,
        tuple(world(strength, push) for push in pushes),
        tuple(outlook(strength, *horizons, push) for push in pushes),
        rng,
        memory=np.zeros(size, np.int64),
        stage=np.full(size, Stage.LEAD, np.int64),
        last_active=np.full(size, -FOREVER),
    )
    (_day_by_day if account_effect else _age_by_age)(run, truth)
    return _history(run)


def _age_by_age(run: _Simulation, truth: TruthSettings) -> None:
    """Simulate leads that do not depend on each other, all of one age at a time."""
    created_day = run.company.created_us // DAY_US
    leads = np.arange(run.stage.size)
    _do(run, leads, created_day, run.laws[0].first_doing[run.company.activity])
    for age in range(DAYS):
        leads = leads[(created_day[leads] + 1 + age <= DAYS) & (run.stage[leads] < Stage.WON)]
        _live(run, leads, created_day[leads] + 1 + age, truth, np.zeros(leads.size, np.int64))


def _day_by_day(run: _Simulation, truth: TruthSettings) -> None:
    """Simulate leads that depend on what their colleagues did the days before."""
    created_day = run.company.created_us // DAY_US
    for day in range(DAYS + 1):
        leads = np.flatnonzero((created_day < day) & (run.stage < Stage.WON))
        _live(run, leads, np.full(leads.size, day), truth, run.pushing(leads, day))
        new = np.flatnonzero(created_day == day)
        first = run.laws[0].first_doing[run.company.activity[new]]
        _do(run, new, created_day[new], first)


def _live(run: _Simulation, leads: Ints, today: Ints, truth: TruthSettings, pushing: Ints) -> None:
    """Record the propensities of open leads that are asked for, then let a day pass."""
    age = today - 1 - run.company.created_us[leads] // DAY_US
    seen = (today > DAYS - truth.nights) | np.isin(age, truth.ages_days)
    _expect(run, leads[seen], today[seen], truth.won_horizon_days, pushing[seen])
    goes_on = today < DAYS
    leads, today, pushing = leads[goes_on], today[goes_on], pushing[goes_on]
    _do(run, leads, today, run.laws[0].doing[run.company.activity[leads], run.memory[leads]])
    _move(run, leads, today, pushing)


def _do(run: _Simulation, leads: Ints, today: Ints, chances: Floats) -> None:
    doing = _pick(run.rng, [chances[:, kind] for kind in Doing if kind != Doing.NOTHING]) + 1
    doing = np.where(doing > max(Doing), Doing.NOTHING, doing)
    run.memory[leads] = run.laws[0].after[doing, run.memory[leads]]
    active = doing != Doing.NOTHING
    run.last_active[leads[active]] = today[active]
    run.doings.append(Rows(leads[active], today[active], doing[active]))


def _move(run: _Simulation, leads: Ints, today: Ints, pushing: Ints) -> None:
    stage = run.stage[leads]
    for now in np.unique(stage):
        here = np.flatnonzero(stage == now)
        ways = moves(Stage(now), _chances(run, leads[here], pushing[here]))
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


def _chances(run: _Simulation, leads: Ints, pushing: Ints) -> Chances:
    memory, cell = run.memory[leads], _cell(run.company, leads)

    def of(name: str) -> Floats:
        by_push = [getattr(laws, name)[memory, cell] for laws in run.laws]
        return by_push[0] if len(by_push) == 1 else np.choose(pushing, by_push)

    steps = {name: of(name) for name in ("mql", "mql_again", "accepted", "sql")}
    return Chances(**steps, win=run.company.win[leads])


def _expect(
    run: _Simulation, leads: Ints, today: Ints, won_horizon_days: int, pushing: Ints
) -> None:
    stage, win = run.stage[leads], run.company.win[leads]
    before, owned = stage <= max(BEFORE_SQL), stage == Stage.SQL
    state = (
        run.company.activity[leads],
        run.memory[leads],
        np.where(before, stage, 0),
        _cell(run.company, leads),
    )
    every = np.stack([ahead[state] for ahead in run.ahead])  # of shape (pushes, leads, 2)
    looked = every[pushing, np.arange(leads.size)]
    p_sql = np.where(before, looked[:, 0], owned)
    closes = np.where(before, looked[:, 1], owned * won_within(won_horizon_days))
    share = np.bincount(pushing, minlength=len(every)) / max(leads.size, 1)
    alone = np.where(before, share @ every[:, :, 0], owned)
    run.truth.append(Truth(leads, today, p_sql, win * closes, alone))


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
