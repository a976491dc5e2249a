"""The engagement features as somebody would write them in DuckDB's SQL: in one pass, and in two.

`one_pass` is what the task suggests: events joined to their snapshot, one GROUP BY, an aggregate
with FILTER for each column. `two_stages` is the fastest that was found: kinds first, no FILTER,
days as lists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leadscore.features.families import WINDOWS_DAYS

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.features_data import Bench
    from leadscore.features.families import EventGroup

KEYS = "lead_id, as_of"
AGE = "greatest(floor(((epoch(s.as_of) - epoch(e.occurred_at)) - 1) / 86400), 0)::INT"
EXACT = "TRY_CAST(value AS DECIMAL(38, 4))"
FORTNIGHTS = "CASE WHEN age_days < 14 THEN 1 WHEN age_days < 28 THEN -1 ELSE 0 END"
UNITS = (
    "1099511627776.0"  # 2^40, as leadscore.features.families.engagement_definitions.WEIGHT_UNITS
)


def one_pass(bench: Bench, folder: Path) -> str:
    """Write the query that aggregates each event straight into all columns.

    Parameters
    ----------
    bench
        The open company; its spine is the table `spine`.
    folder
        Where its events lie.

    Returns
    -------
    str
        A query with the columns of `families.engagement_query.engagement_features`.
    """
    aggregates = ["any_value(as_of) AS moment"]
    for group in bench.groups:
        within, name = _within(group), group.name
        aggregates += [
            f"count(*) FILTER ({within} AND age_days < {days}) AS {name}_{days}d"
            for days in WINDOWS_DAYS
        ]
        aggregates += [
            f"count(*) FILTER ({within}) AS {name}_ever",
            f"min(occurred_at) FILTER ({within}) AS {name}_first",
            f"max(occurred_at) FILTER ({within}) AS {name}_latest",
            f"sum(weight) FILTER ({within}) AS {name}_weight",
        ]
    own = _within(bench.groups[0])
    aggregates += [
        f"sum({FORTNIGHTS}) FILTER ({own}) AS activity_trend_14d",
        f"count(DISTINCT kind) FILTER ({own}) AS distinct_kinds",
        f"sum({EXACT}) FILTER (age_days < 30) AS event_value_30d",
        f"sum({EXACT}) AS event_value_ever",
        f"list_sort(list(DISTINCT age_days) FILTER ({own})) AS days",
    ]
    weighed = f"SELECT *, {_weight(bench)} AS weight FROM ({_seen(folder)})"
    counted = f"SELECT {KEYS}, {', '.join(aggregates)} FROM ({weighed}) GROUP BY {KEYS}"
    return _onto_spine(bench, counted)


def two_stages(bench: Bench, folder: Path) -> str:
    """Write the query that aggregates events by kind, and kinds into columns.

    Parameters
    ----------
    bench, folder
        As for `one_pass`.

    Returns
    -------
    str
    """
    windows = [
        f"count(CASE WHEN age_days < {days} THEN 1 END)::DOUBLE n_{days}d" for days in WINDOWS_DAYS
    ]
    by_kind = f"""
        SELECT {KEYS}, kind, {", ".join(windows)}, count(*)::DOUBLE AS n_ever,
            min(occurred_at) AS first, max(occurred_at) AS latest,
            sum({_weight(bench)}) AS weight, list(age_days) AS days,
            sum({FORTNIGHTS}) AS trend,
            sum(CASE WHEN age_days < 30 THEN {EXACT} END) AS value_30d, sum({EXACT}) AS value_ever
        FROM ({_seen(folder)}) GROUP BY {KEYS}, kind"""
    columns = []
    for group in bench.groups:
        within, name = _within(group), group.name
        counts = [f"n_{days}d" for days in WINDOWS_DAYS] + ["n_ever", "weight"]
        columns += [
            f"sum(CASE WHEN {within} THEN {count} END) AS {name}_{count.removeprefix('n_')}"
            for count in counts
        ]
        columns.append(f"min(CASE WHEN {within} THEN first END) AS {name}_first")
        columns.append(f"max(CASE WHEN {within} THEN latest END) AS {name}_latest")
    own = _within(bench.groups[0])
    counted = f"""
        SELECT {KEYS}, {", ".join(columns)},
            sum(CASE WHEN {own} THEN trend END) AS activity_trend_14d,
            count(CASE WHEN {own} THEN 1 END) AS distinct_kinds,
            sum(value_30d) AS event_value_30d, sum(value_ever) AS event_value_ever,
            list_sort(list_distinct(flatten(list(days) FILTER ({own})))) AS days
        FROM ({by_kind}) GROUP BY {KEYS}"""
    return _onto_spine(bench, counted)


def _seen(folder: Path) -> str:
    return f"""
        SELECT s.lead_id, s.as_of, e.kind, e.occurred_at, e.value, {AGE} AS age_days
        FROM read_parquet('{folder / "events.parquet"}') e JOIN spine s USING (lead_id)
        WHERE e.occurred_at < s.as_of AND e.recorded_at < s.as_of"""


def _weight(bench: Bench) -> str:
    return f"round(power(2.0, -age_days / {bench.half_life_days}::DOUBLE) * {UNITS})::BIGINT"


def _within(group: EventGroup) -> str:
    kinds = ", ".join("'" + kind.replace("'", "''") + "'" for kind in group.kinds)
    return f"kind {'NOT ' if group.is_rest else ''}IN ({kinds})"


def _onto_spine(bench: Bench, counted: str) -> str:
    """Give leads without events their zeroes, and moments their distance."""
    columns = []
    for group in bench.groups:
        name = group.name
        counts = [f"{name}_{days}d" for days in WINDOWS_DAYS] + [f"{name}_ever"]
        columns += [f"coalesce(c.{count}, 0)::DOUBLE AS {count}" for count in counts]
        columns += [
            f"(epoch(s.as_of) - epoch(c.{name}_{end})) / 86400.0 AS {name}_days_since_{end}"
            for end in ("first", "latest")
        ]
        columns.append(f"coalesce(c.{name}_weight::DOUBLE / {UNITS}, 0) AS {name}_faded")
    for name in ("activity_trend_14d", "distinct_kinds", "event_value_30d", "event_value_ever"):
        columns.append(f"coalesce(c.{name}, 0)::DOUBLE AS {name}")
    silence = "list_max(list_transform(c.days[2:], (day, i) -> day - c.days[i]))"
    columns += [
        "coalesce(len(list_filter(c.days, day -> day < 30)), 0)::DOUBLE AS active_days_30d",
        "coalesce(len(c.days), 0)::DOUBLE AS active_days_ever",
        f"{silence}::DOUBLE AS longest_silence_days",
    ]
    if {"email_sent", "email_opened"} <= {group.name for group in bench.groups}:
        columns.append(
            "coalesce(c.email_opened_ever, 0)::DOUBLE / nullif(c.email_sent_ever, 0)"
            " AS email_open_rate"
        )
    joined = f"SELECT s.lead_id, s.as_of, {', '.join(columns)} FROM spine s LEFT JOIN c"
    return f"WITH c AS ({counted}) {joined} USING ({KEYS})"
