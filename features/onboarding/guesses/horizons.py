"""How long leads take to each stage, and the horizons that follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ibis import _

from leadscore.features.core import SECONDS_A_DAY

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from leadscore.features.tables import Tables

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


def measure_durations(tables: Tables) -> tuple[dict[str, pd.Series], float]:
    """Measure how long leads took from their creation to each stage.

    Returns
    -------
    days_to : dict
        By stage, days from creation, one value a lead that reached it.
    history_days : float
        From the first creation to the newest row.
    """
    if tables.outcomes is None:
        return {}, 0.0
    own = tables.leads.select(own_id="lead_id", created_at="created_at")
    dated = tables.outcomes.join(own, tables.outcomes.lead_id == own.own_id)
    first = dated.group_by("stage", "lead_id").aggregate(
        seconds=(_.occurred_at.epoch_seconds() - _.created_at.epoch_seconds()).min()
    )
    found = first.drop_null("seconds").to_pandas()
    days = found["seconds"] / SECONDS_A_DAY
    begin = tables.leads.created_at.min().to_pyarrow().as_py()
    span = 0.0 if begin is None or tables.data_end is None else (tables.data_end - begin).days
    return {str(stage): own for stage, own in days.groupby(found["stage"])}, float(span)
