"""How the simulated leads move, a day at a time, and their exact propensities.

At each UTC midnight the tables describe a lead completely: its attributes, a memory of what it
did, and the stage it reached. What it does on a day depends on that alone, and so does the stage
it moves to at the end of the day. The chance to be sales qualified within a horizon then follows
by adding up backwards over the days, without any sampling.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from leadscore.simulation.attribute_effects import REACTIONS, fit_grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


class Stage(IntEnum):
    """Where a lead stands at midnight, as the outcomes table shows."""

    LEAD = 0
    MQL = 1
    ACCEPTED = 2
    RECYCLED = 3
    REJECTED = 4
    SQL = 5
    WON = 6
    LOST = 7


class Doing(IntEnum):
    """What a lead did on a day, as the events table shows."""

    NOTHING = 0
    LIGHT = 1
    STRONG = 2
    HAND_RAISE = 3
    UNSUBSCRIBE = 4


BEFORE_SQL = (Stage.LEAD, Stage.MQL, Stage.ACCEPTED, Stage.RECYCLED)

# Memory: intent and interest fill with what the lead does and fade by one on a day without it.
INTENT_LEVELS, INTENT_OF_STRONG = 21, 10  # pricing looked at: ten days; twice: up to twenty
INTEREST_LEVELS, INTEREST_OF_LIGHT = 16, 5  # a page read: five days
MEMORIES = INTENT_LEVELS * INTEREST_LEVELS * 2  # the 2: unsubscribed or not

ACTIVE_SHARES = (0.02, 0.05, 0.10, 0.18)  # of days, in each activity class, before momentum
MQL_FLOOR = 0.002  # a day: marketing passes leads on by the list, too
SQL_FLOOR = 0.01  # sales finds a project where nothing let expect one
GIVE_UP = 0.0006  # a day: marketing closes one in five within the year
GIVE_UP_REJECTED = 0.03  # sales tidies up within a month or so
LOOKED_AT = 0.4  # a day: sales looks at an MQL after two or three days
JUDGED = 0.22  # a day: four or five days from accepted to a verdict
RECYCLED_SHARE = 0.7  # of the leads sales does not want; the others are rejected for good
CLOSED = 0.025  # a day: a sales cycle of 40 days


@dataclass(frozen=True, slots=True)
class Chances:
    """Daily chances of what can happen to a lead, as arrays of one shape (or broadcast to it)."""

    mql: Floats  # a lead becomes marketing qualified
    mql_again: Floats  # a recycled lead does
    accepted: Floats  # an MQL that sales looks at is accepted
    sql: Floats  # an accepted lead that is judged is sales qualified
    win: Floats  # a deal that closes is won


@dataclass(frozen=True, slots=True)
class World:
    """The probabilities of the funnel, by cell (fit × reaction) and memory.

    `mql`, `mql_again`, `accepted` and `sql`, of shape (memories, cells), are as in `Chances`.
    """

    after: Ints  # (doings, memories): the memory after a day of each kind
    doing: Floats  # (activity classes, memories, doings): chance of each kind of day
    first_doing: Floats  # (activity classes, doings): the same for the day of creation
    mql: Floats
    mql_again: Floats
    accepted: Floats
    sql: Floats


@lru_cache(maxsize=8)
def world(strength: float, push: float = 0.0) -> World:
    """Return the probabilities of a company whose tables inform as much as `strength` says.

    `push` is what the lead's colleagues add to the log-odds of its steps.
    """
    intent, interest, unsubscribed = _memory_parts()
    fit = np.repeat(fit_grid(), REACTIONS)[None, :]
    reaction = np.tile(np.array([0.35, 1.0, 1.5]), fit.size // REACTIONS)[None, :]
    urge = 1 - np.exp(-intent / 7)
    both = (intent >= 8) & (interest >= 6)  # together they count more than their sum
    signal = (
        reaction * (1.7 * urge + 0.9 * (intent >= 18))[:, None]
        + (1.0 * interest / INTEREST_LEVELS + 0.6 * both - 1.2 * unsubscribed)[:, None]
        + 0.35 * fit * urge[:, None]  # intent of a poor fit is worth little
    )
    # Levels and weights are set so that six leads in ten become MQLs, 13 % of the MQLs SQLs, and
    # of the best twentieth of the open leads 30 % become SQLs within 30 days.
    return World(
        after=_memories_after(),
        doing=_doing_chances(intent, interest, unsubscribed),
        first_doing=_first_doing_chances(),
        mql=MQL_FLOOR + _chance(-6.8 + push + 0.15 * fit + strength * signal),
        mql_again=MQL_FLOOR + _chance(-7.4 + push + 0.15 * fit + strength * signal),
        accepted=np.broadcast_to(_chance(-0.3 + 0.5 * fit), (MEMORIES, fit.size)),
        sql=SQL_FLOOR + (1 - SQL_FLOOR) * _chance(-5.1 + push + 1.6 * fit + strength * signal),
    )


def moves(stage: Stage, chances: Chances) -> tuple[tuple[Stage, Floats], ...]:
    """Return the stages a lead can move to tomorrow, with their chances; else it stays."""
    unwanted = 1 - chances.accepted if stage == Stage.MQL else 1 - chances.sql
    one = np.ones_like(chances.mql)
    ways: tuple[tuple[Stage, Floats], ...] = ()
    match stage:
        case Stage.LEAD:
            ways = (Stage.LOST, GIVE_UP * one), (Stage.MQL, chances.mql)
        case Stage.RECYCLED:
            ways = (Stage.LOST, GIVE_UP * one), (Stage.MQL, chances.mql_again)
        case Stage.MQL:
            ways = (Stage.ACCEPTED, LOOKED_AT * chances.accepted), *_sent_away(LOOKED_AT * unwanted)
        case Stage.ACCEPTED:
            ways = (Stage.SQL, JUDGED * chances.sql), *_sent_away(JUDGED * unwanted)
        case Stage.REJECTED:
            ways = ((Stage.LOST, GIVE_UP_REJECTED * one),)
        case Stage.SQL:
            ways = (Stage.WON, CLOSED * chances.win), (Stage.LOST, CLOSED * (1 - chances.win))
    return ways


def won_within(days: int) -> float:
    """Return the chance that an open deal closes within some days."""
    return float(1 - (1 - CLOSED) ** days)


@lru_cache(maxsize=8)
def outlook(
    strength: float, sql_horizon_days: int, won_horizon_days: int, push: float = 0.0
) -> Floats:
    """Compute exactly what becomes of a lead, from every state it can be in, at a constant push.

    Returns
    -------
    numpy.ndarray
        Of shape (activity classes, memories, stages before SQL, cells, 2). The last axis: chance
        of SQL within its horizon; chance of that and of the deal closed within its own. Deals
        close whatever their chance to be won, so the latter times `Company.win` is `p_won`.
    """
    laws = world(strength, push)
    size, cells = laws.mql.shape
    activities = laws.doing.shape[0]
    value = np.zeros((activities, size, len(BEFORE_SQL), cells, 2))
    steps = [_step(laws, activity) for activity in range(activities)]
    for day in range(sql_horizon_days, 0, -1):
        reward = np.array([1.0, won_within(won_horizon_days - day)])
        for activity, step in enumerate(steps):
            evening = _evening(laws, value[activity], reward)
            value[activity] = (step @ evening.reshape(size, -1)).reshape(evening.shape)
    return value


def _memory_parts() -> tuple[Ints, Ints, Ints]:
    memory = np.arange(MEMORIES)
    return memory // (2 * INTEREST_LEVELS), memory // 2 % INTEREST_LEVELS, memory % 2


def _memories_after() -> Ints:
    intent, interest, unsubscribed = _memory_parts()
    faded, dulled = np.maximum(intent - 1, 0), np.maximum(interest - 1, 0)
    more = np.minimum(intent + INTENT_OF_STRONG, INTENT_LEVELS - 1)
    keener = np.minimum(interest + INTEREST_OF_LIGHT, INTEREST_LEVELS - 1)
    full = np.full_like(intent, INTENT_LEVELS - 1)
    gone = np.ones_like(unsubscribed)
    days = {
        Doing.NOTHING: (faded, dulled, unsubscribed),
        Doing.LIGHT: (faded, keener, unsubscribed),
        Doing.STRONG: (more, keener, unsubscribed),
        Doing.HAND_RAISE: (full, keener, unsubscribed),
        Doing.UNSUBSCRIBE: (faded, dulled, gone),
    }
    return np.array([_memory(*days[doing]) for doing in Doing])


def _memory(intent: Ints, interest: Ints, unsubscribed: Ints) -> Ints:
    return (intent * INTEREST_LEVELS + interest) * 2 + unsubscribed


def _doing_chances(intent: Ints, interest: Ints, unsubscribed: Ints) -> Floats:
    base = np.log(np.array(ACTIVE_SHARES) / (1 - np.array(ACTIVE_SHARES)))[:, None]
    asleep = (intent == 0) & (interest == 0)
    momentum = 1.1 * interest / INTEREST_LEVELS + 0.8 * intent / INTENT_LEVELS - 1.2 * asleep
    active = _chance(base + momentum - 0.9 * unsubscribed)
    strong = np.broadcast_to(0.16 + 0.12 * (intent > 0), active.shape)
    raised = 0.02 + 0.05 * (intent >= 8)
    leaves = 0.03 * (1 - unsubscribed)  # of active days: people unsubscribe from what they open
    parts = [
        1 - active,
        active * (1 - strong - raised - leaves),
        active * strong,
        active * raised,
        active * leaves,
    ]
    return np.stack(parts, axis=-1)


def _first_doing_chances() -> Floats:
    """Most leads come because they were reading; the more active had more in mind."""
    light = np.array([0.55, 0.55, 0.5, 0.5])
    strong = np.array([0.1, 0.16, 0.24, 0.3])
    raised = np.array([0.02, 0.04, 0.06, 0.1])
    leaves = np.zeros(4)
    return np.stack([1 - light - strong - raised, light, strong, raised, leaves], axis=-1)


def _chance(logit: Floats) -> Floats:
    return 1 / (1 + np.exp(-logit))


def _sent_away(chance: Floats) -> tuple[tuple[Stage, Floats], ...]:
    return (
        (Stage.RECYCLED, RECYCLED_SHARE * chance),
        (Stage.REJECTED, (1 - RECYCLED_SHARE) * chance),
    )


def _step(laws: World, activity: int) -> sparse.csr_array:
    """Return one day's change from memory to memory as a matrix."""
    doings, size = laws.after.shape
    rows = np.tile(np.arange(size), doings)
    chances = laws.doing[activity].T.ravel()
    return sparse.csr_array((chances, (rows, laws.after.ravel())), shape=(size, size))


def _evening(laws: World, value: Floats, reward: Floats) -> Floats:
    """Return the values after a day's doings and before its moves from stage to stage."""
    chances = Chances(laws.mql, laws.mql_again, laws.accepted, laws.sql, win=np.zeros(1))
    evening = np.empty_like(value)
    for stage in BEFORE_SQL:
        stays = np.ones_like(laws.mql)
        gains = np.zeros_like(value[:, stage])
        for target, chance in moves(stage, chances):
            stays = stays - chance
            if target == Stage.SQL:
                gains += chance[..., None] * reward
            elif target in BEFORE_SQL:
                gains += chance[..., None] * value[:, target]
        evening[:, stage] = gains + stays[..., None] * value[:, stage]
    return evening
