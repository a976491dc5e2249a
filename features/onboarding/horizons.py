"""How long leads take to each stage, and the horizons that follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis
import pandas as pd
import pyarrow as pa

from leadscore.features.cells import time_cell
from leadscore.features.core import SECONDS_A_DAY
from leadscore.features.onboarding.column_profile import computed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leadscore.features.contract import Reading

# In less than a week a nightly score could hardly be acted on.
HORIZONS_DAYS = (7, 14, 21, 30, 45, 60, 90, 120, 180, 365)
COVERED_SHARE = 0.8  # with the slowest fifth, most leads would have no label
HISTORY_SHARE = 0.25  # three horizons of matured leads to learn from, one to test on


@dataclass(frozen=True)
class Horizons:
    """How many days a lead is given to reach each stage, and why."""

    sql: int
    won: int
    sql_reason: str
    won_reason: str


def guess_horizons(
    days_to: Mapping[str, pd.Series], *, history_days: float, defaults: tuple[int, int] = (30, 90)
) -> Horizons:
    """Choose horizons that most leads reach their stage in, short enough for the history.

    They are not longer than the default: slower leads are scored again on later nights, and a
    longer horizon would leave more of the newest leads without a label.

    Parameters
    ----------
    days_to
        By stage, days from creation, one value a lead that reached it.
    history_days
        From the first creation to the newest row.
    defaults
        Days for SQL and won without such times; `won` is never shorter than `sql`.
    """
    short_enough = [days for days in HORIZONS_DAYS if days <= history_days * HISTORY_SHARE]
    longest = max(short_enough, default=HORIZONS_DAYS[0])
    sql, sql_reason = _horizon(days_to.get("sql"), longest, history_days, default=defaults[0])
    won, won_reason = _horizon(days_to.get("won"), longest, history_days, default=defaults[1])
    if won < sql and "sql" not in days_to:
        return Horizons(won, won, "no such stage in the data; as to won", won_reason)
    if won < sql:
        return Horizons(sql, sql, sql_reason, "not shorter than to SQL")
    return Horizons(sql, won, sql_reason, won_reason)


def _horizon(
    days: pd.Series | None, longest: int, history_days: float, *, default: int
) -> tuple[int, str]:
    if days is None or days.empty:
        return min(default, longest), "no such stage in the data"
    covering = (span for span in HORIZONS_DAYS if (days <= span).mean() >= COVERED_SHARE)
    wanted = next(covering, HORIZONS_DAYS[-1])
    chosen = min(wanted, longest, default)
    reason = f"{(days <= chosen).mean():.0%} of {len(days):,} got there within it of creation"
    if chosen == default < wanted:
        reason += "; every later night looks as far ahead again"
    elif chosen < wanted:
        reason += f"; {wanted} would be better, but the history has {history_days:.0f} days"
    return chosen, reason


@dataclass(frozen=True)
class Durations:
    """Days from creation to each stage, one value a lead, and how long the history is."""

    days_to: Mapping[str, pd.Series]
    history_days: float
    too_early_share: float  # of the outcomes, dated before their lead was created
    unknown_share: float  # of the outcomes, of leads that the leads table lacks


def measure_durations(leads: pd.DataFrame, outcomes: pd.DataFrame, reading: Reading) -> Durations:
    """Measure how long leads took from their creation to each stage.

    Text columns: `lead_id`, `created_at` of leads; `lead_id`, `occurred_at`, `stage` (in the
    contract's words) of outcomes.
    """
    created = _moments(leads.created_at, reading)
    by_id = pd.Series(created.to_numpy(), index=leads.lead_id)
    by_id = by_id[~by_id.index.duplicated()]
    occurred = _moments(outcomes.occurred_at, reading)
    days = (occurred - outcomes.lead_id.map(by_id)).dt.total_seconds() / SECONDS_A_DAY
    known = outcomes.assign(days=days).dropna(subset=["days"])
    first = known[known.days >= 0].groupby(["stage", "lead_id"], observed=True).days.min()
    newest = max(created.max(), occurred.max())
    return Durations(
        {str(stage): each for stage, each in first.groupby(level="stage", observed=True)},
        (newest - created.min()).total_seconds() / SECONDS_A_DAY if created.notna().any() else 0.0,
        float((days < 0).mean()),
        float((~outcomes.lead_id.isin(by_id.index)).mean()),
    )


def _moments(texts: pd.Series, reading: Reading) -> pd.Series:
    """Parse moments as the tables do."""
    places = range(len(texts))
    table = ibis.memtable(pa.table({"place": places, "text": pa.array(texts, type=pa.string())}))
    moments = table.select(table.place, moment=time_cell(table.text, reading)).order_by("place")
    read = computed(moments)["moment"].to_numpy(zero_copy_only=False)
    return pd.Series(read, index=texts.index).astype("datetime64[us]")
