"""The history of the simulated company as its systems would export it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from leadscore.simulation.company import DAY_US, DAYS, START, creation_day_weights
from leadscore.simulation.funnel_process import Doing, Stage
from leadscore.simulation.vocabulary import SOURCES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from leadscore.simulation.company import Company
    from leadscore.simulation.lead_histories import History, Rows

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Texts = NDArray[np.object_]

LIGHT_KINDS = {  # share of the light events
    "page_view": 0.42,
    "email_open": 0.28,
    "email_click": 0.14,
    "content_download": 0.09,
    "form_submit": 0.07,
}
STRONG_KINDS = {"pricing_view": 0.62, "webinar_signup": 0.16, "trial_login": 0.22}
SILENT_KINDS = ("email_sent", "ad_impression", "sales_call")  # not done by the lead
KINDS = (*LIGHT_KINDS, *STRONG_KINDS, "demo_request", "email_unsubscribe", *SILENT_KINDS)
WITH_SOURCE = ("page_view", "pricing_view", "form_submit", "ad_impression")
SECONDS_SPENT = ("page_view", "pricing_view", "trial_login")

HOUR_US = 3_600_000_000
MINUTE_US = 60_000_000
ACTIVE_HOURS = (6, 17)  # UTC; stages are reached after it, so that causes precede effects
STAGE_HOURS = (17, 21)
EMAILS_A_DAY, ADS_A_DAY = 0.03, 0.015  # a newsletter a month, and what else the company shows
OPEN_SHARE = 0.81  # of a lead's days till the end, before it is won or lost; measured
LATE_SHARE = 0.055  # of silent events, some 2 % of all: a sync that stood still
NOTES_AFTER_SQL, NOTES_AFTER_NO = 0.8, 0.1  # share of verdicts whose calls sales enters afterwards
END_US = DAYS * DAY_US

REASONS = {
    Stage.REJECTED: ("no budget", "too small", "competitor", "not a fit", "bad contact data"),
    Stage.RECYCLED: ("no timeline", "bad timing", "no authority", "not reached"),
    Stage.LOST: ("price", "competitor", "no decision", "went silent"),
}
JUDGED_SHARE, UNJUDGED_SHARE = 0.92, 0.01  # leads whose grade sales has filled in
GRADES = {Stage.SQL: "AAB", Stage.RECYCLED: "BCC", Stage.REJECTED: "CDD", Stage.LEAD: "BCD"}


class Touches(NamedTuple):
    """Events: lead within the slice, times in microseconds, number of the kind."""

    lead: Ints
    occurred_us: Ints
    recorded_us: Ints
    kind: Ints


def stage_times(rng: np.random.Generator, moves: Rows) -> Ints:
    """Draw the time of day at which each stage was reached, in microseconds from `START`."""
    hours = rng.uniform(*STAGE_HOURS, moves.day.size)
    return moves.day * DAY_US + (hours * 3600).astype(np.int64) * 1_000_000


def events_table(
    rng: np.random.Generator,
    company: Company,
    history: History,
    reached_us: Ints,
    *,
    extra_per_lead: float,
) -> pa.Table:
    """List what the leads did, and what was done to them, as known by the end.

    `reached_us` is when each of `history.moves` happened, `extra_per_lead` the number of events
    without information on top of the ordinary ones. Columns `lead_id, occurred_at, recorded_at,
    kind, value, source`, by lead and time.
    """
    ordinary, extra = rng.spawn(2)
    parts = (
        _done(ordinary, company, history),
        _calls(ordinary, history, reached_us),
        _notes(ordinary, company, history, reached_us),
        _sent(ordinary, company, history, EMAILS_A_DAY, ADS_A_DAY),
        _sent(extra, company, history, *_extra_rates(extra_per_lead)),
    )
    touches = Touches(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
    known = np.flatnonzero((touches.recorded_us < END_US) & (touches.occurred_us < END_US))
    order = known[np.lexsort((touches.occurred_us[known], touches.lead[known]))]
    return _as_table(ordinary, company, Touches(*(column[order] for column in touches)))


def outcomes_table(
    rng: np.random.Generator, company: Company, history: History, reached_us: Ints
) -> pd.DataFrame:
    """List the stages reached: `lead_id, occurred_at, stage, reason, amount`."""
    lead, _, what = history.moves
    reason = np.full(what.size, "", dtype=object)
    for stage, reasons in REASONS.items():
        words = rng.choice(np.array(reasons, dtype=object), what.size)
        reason = np.where(what == stage, words, reason)
    worth = 900 * company.employees[lead] ** 0.55 * np.exp(rng.normal(0, 0.5, lead.size))
    written = START.astype("datetime64[us]") + reached_us.astype("timedelta64[us]")
    table = pd.DataFrame(
        {
            "lead_id": company.shown["lead_id"].to_numpy()[lead],
            "occurred_at": np.datetime_as_string(written, unit="s").astype(object) + "Z",
            "stage": np.array([stage.name.lower() for stage in Stage], dtype=object)[what],
            "reason": reason,
            "amount": pd.Series(np.where(what == Stage.WON, np.round(worth, -1), np.nan)),
        }
    )
    return table.iloc[np.lexsort((lead, reached_us))]


def sales_grades(rng: np.random.Generator, history: History, size: int) -> Texts:
    """Grade leads after the verdict of sales: a leak that must be kept from any model."""
    verdict = np.full(size, Stage.LEAD, np.int64)
    for stage in (Stage.REJECTED, Stage.RECYCLED, Stage.SQL):
        verdict[history.moves.lead[history.moves.what == stage]] = stage
    filled = rng.random(size) < np.where(verdict == Stage.LEAD, UNJUDGED_SHARE, JUDGED_SHARE)
    pick = rng.integers(0, 3, size)
    grades = np.full(size, "", dtype=object)
    for stage, letters in GRADES.items():
        mine = filled & (verdict == stage)
        grades[mine] = np.array(list(letters), dtype=object)[pick[mine]]
    return grades


def _done(rng: np.random.Generator, company: Company, history: History) -> Touches:
    """At least one telling event a day, with others of the light kinds."""
    lead, day, doing = history.doings
    light = 1 * (doing == Doing.LIGHT) + rng.poisson(1.1, lead.size) * (doing < Doing.UNSUBSCRIBE)
    strong = (doing == Doing.STRONG) * (1 + rng.poisson(0.3, lead.size))
    once = {Doing.HAND_RAISE: "demo_request", Doing.UNSUBSCRIBE: "email_unsubscribe"}
    which = [np.repeat(np.arange(lead.size), light), np.repeat(np.arange(lead.size), strong)]
    kind = [_kinds(rng, LIGHT_KINDS, which[0].size), _kinds(rng, STRONG_KINDS, which[1].size)]
    for what, name in once.items():
        which.append(np.flatnonzero(doing == what))
        kind.append(np.full(which[-1].size, KINDS.index(name)))
    row = np.concatenate(which)
    occurred = _active_times(rng, company, lead[row], day[row])
    prompt = occurred + rng.integers(1_000_000, MINUTE_US, row.size)
    return Touches(lead[row], occurred, prompt, np.concatenate(kind))


def _kinds(rng: np.random.Generator, shares: dict[str, float], size: int) -> Ints:
    return KINDS.index(next(iter(shares))) + rng.choice(len(shares), size, p=list(shares.values()))


def _active_times(rng: np.random.Generator, company: Company, lead: Ints, day: Ints) -> Ints:
    """Spread over the day; on the day of creation, over the hour after it."""
    first, last = (np.int64(hour * HOUR_US) for hour in ACTIVE_HOURS)
    midnight, created = day * DAY_US, company.created_us[lead]
    newborn = created >= midnight
    start = np.where(newborn, created + 1_000_000, midnight + first)
    end = np.where(newborn, created + HOUR_US, midnight + last)
    times: Ints = (start + rng.random(lead.size) * (end - start)).astype(np.int64)
    return times


def _calls(rng: np.random.Generator, history: History, reached_us: Ints) -> Touches:
    """Call seven accepted leads in ten within the hour; the call is recorded at once."""
    called = (history.moves.what == Stage.ACCEPTED) & (rng.random(reached_us.size) < 0.7)
    lead = history.moves.lead[called]
    occurred = reached_us[called] + rng.integers(5 * MINUTE_US, HOUR_US, lead.size)
    return Touches(lead, occurred, occurred + MINUTE_US, _only("sales_call", lead.size))


def _notes(
    rng: np.random.Generator, company: Company, history: History, reached_us: Ints
) -> Touches:
    """Record calls after the verdict, dated before it: they leak the verdict."""
    lead, _, what = history.moves
    share = np.select(
        [what == Stage.SQL, what == Stage.REJECTED], [NOTES_AFTER_SQL, NOTES_AFTER_NO]
    )
    noted = np.flatnonzero(rng.random(lead.size) < share)
    noted = np.repeat(noted, rng.integers(1, 4, noted.size))
    before = reached_us[noted] - rng.integers(HOUR_US, 10 * DAY_US, noted.size)
    occurred = np.maximum(before, company.created_us[lead[noted]] + MINUTE_US)
    entered = reached_us[noted] + rng.integers(5 * MINUTE_US, 30 * HOUR_US, noted.size)
    return Touches(lead[noted], occurred, entered, _only("sales_call", noted.size))


def _sent(
    rng: np.random.Generator, company: Company, history: History, emails: float, ads: float
) -> Touches:
    """Send at a steady rate until the deal closes, so that it tells nothing."""
    created = company.created_us
    close = np.minimum(history.closed_day * np.float64(DAY_US), END_US)
    days = np.maximum(close - created, 0) / DAY_US
    lead = np.repeat(np.arange(created.size), rng.poisson((emails + ads) * days))
    occurred = (created[lead] + rng.random(lead.size) * days[lead] * DAY_US).astype(np.int64)
    email = rng.random(lead.size) < emails / max(emails + ads, 1e-12)
    refused = occurred // DAY_US >= history.unsubscribed_day[lead]
    kind = np.where(email & ~refused, KINDS.index("email_sent"), KINDS.index("ad_impression"))
    late = rng.random(lead.size) < LATE_SHARE
    delay = np.where(late, rng.exponential(1.5 * DAY_US, lead.size) + HOUR_US, 1_000_000)
    return Touches(lead, occurred, occurred + delay.astype(np.int64), kind)


def _extra_rates(extra_per_lead: float) -> tuple[float, float]:
    """Turn events a lead into events a day: a steady rate, or its pace would tell the future."""
    days_left = DAYS - 0.5 - np.arange(DAYS)
    mean_days = OPEN_SHARE * float((creation_day_weights() * days_left).sum())
    return 0.7 * extra_per_lead / mean_days, 0.3 * extra_per_lead / mean_days


def _only(kind: str, size: int) -> Ints:
    return np.full(size, KINDS.index(kind))


def _as_table(rng: np.random.Generator, company: Company, touches: Touches) -> pa.Table:
    lead, occurred, recorded, kind = touches
    of_kind = [
        np.array([name in names for name in KINDS]) for names in (WITH_SOURCE, SECONDS_SPENT)
    ]
    sourced, timed = (flags[kind] for flags in of_kind)
    seconds = np.round(rng.lognormal(3.6, 0.9, lead.size))
    source = rng.integers(0, len(SOURCES), lead.size)
    known = sourced & (rng.random(lead.size) < 0.9)
    ids = pa.array(company.shown["lead_id"].to_numpy(), pa.string())
    return pa.table(
        {
            "lead_id": ids.take(pa.array(lead)),
            "occurred_at": _instants(occurred),
            "recorded_at": _instants(recorded),
            "kind": pa.array(KINDS, pa.string()).take(pa.array(kind)),
            "value": pa.array(seconds, pa.float64(), mask=~timed),
            "source": pa.array(list(SOURCES), pa.string()).take(pa.array(source, mask=~known)),
        }
    )


def _instants(microseconds: Ints) -> pa.Array:
    origin = START.astype("datetime64[us]").astype(np.int64)
    return pa.array(origin + microseconds, pa.timestamp("us", tz="UTC"))
