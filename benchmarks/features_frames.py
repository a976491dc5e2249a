"""The engagement features in Polars, streaming, and in pandas: kinds first, then columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from leadscore.features.families import WINDOWS_DAYS

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from benchmarks.features_data import Bench
    from leadscore.features.families import EventGroup

KEYS = ["lead_id", "as_of"]
USED = ["lead_id", "occurred_at", "recorded_at", "kind", "value"]
DAY_SECONDS = 86_400.0
SUMS = (*(f"n_{days}d" for days in WINDOWS_DAYS), "n_ever", "weight")


def in_polars(bench: Bench, folder: Path, snapshots: str, out: Path) -> None:
    """Compute the features with Polars' streaming engine and write them.

    Parameters
    ----------
    bench
        The open company.
    folder
        Where its files lie.
    snapshots
        Which of them to compute for.
    out
        The Parquet file to write.
    """
    import polars as pl

    seen = _polars_seen(folder, snapshots)
    by_kind = _polars_by_kind(seen, bench.half_life_days)
    own = _polars_within(bench.groups[0])
    columns = [expression for group in bench.groups for expression in _polars_group(group)]
    counted = by_kind.group_by(KEYS).agg(
        *columns,
        pl.col("trend").filter(own).sum().alias("activity_trend_14d"),
        own.sum().alias("distinct_kinds"),
        pl.col("value_30d").sum().alias("event_value_30d"),
        pl.col("value_ever").sum().alias("event_value_ever"),
    )
    days = (
        seen.filter(own)
        .select(*KEYS, "age_days")
        .unique()
        .group_by(KEYS)
        .agg(
            (pl.col("age_days") < 30).sum().alias("active_days_30d"),
            pl.len().alias("active_days_ever"),
            pl.col("age_days").sort().diff().max().alias("longest_silence_days"),
        )
    )
    spine = pl.scan_parquet(folder / f"{snapshots}.parquet")
    joined = spine.join(counted, on=KEYS, how="left").join(days, on=KEYS, how="left")
    names = [group.name for group in bench.groups]
    _polars_finished(joined, names).sink_parquet(out, engine="streaming")


def _polars_seen(folder: Path, snapshots: str) -> pl.LazyFrame:
    import polars as pl

    events = pl.scan_parquet(folder / "events.parquet").select(USED)
    spine = pl.scan_parquet(folder / f"{snapshots}.parquet")
    known = (pl.col("occurred_at") < pl.col("as_of")) & (pl.col("recorded_at") < pl.col("as_of"))
    elapsed = (pl.col("as_of") - pl.col("occurred_at")).dt.total_microseconds() - 1_000_000
    age_days = (elapsed // 86_400_000_000).clip(lower_bound=0).cast(pl.Int32)
    return events.join(spine, on="lead_id").filter(known).with_columns(age_days=age_days)


def _polars_by_kind(seen: pl.LazyFrame, half_life_days: float) -> pl.LazyFrame:
    import polars as pl

    age = pl.col("age_days")
    fortnights = pl.when(age < 14).then(1).when(age < 28).then(-1).otherwise(0)
    return seen.group_by(*KEYS, "kind").agg(
        *((age < days).sum().alias(f"n_{days}d") for days in WINDOWS_DAYS),
        pl.len().alias("n_ever"),
        pl.col("occurred_at").min().alias("first"),
        pl.col("occurred_at").max().alias("latest"),
        (2.0 ** (-age / half_life_days)).sum().alias("weight"),
        fortnights.sum().alias("trend"),
        pl.when(age < 30).then(pl.col("value")).sum().alias("value_30d"),
        pl.col("value").sum().alias("value_ever"),
    )


def _polars_within(group: EventGroup) -> pl.Expr:
    import polars as pl

    within = pl.col("kind").is_in(list(group.kinds))
    return ~within if group.is_rest else within


def _polars_group(group: EventGroup) -> list[pl.Expr]:
    import polars as pl

    within, name = _polars_within(group), group.name
    return [
        *(pl.col(each).filter(within).sum().alias(f"{name}_{each}") for each in SUMS),
        pl.col("first").filter(within).min().alias(f"{name}_first"),
        pl.col("latest").filter(within).max().alias(f"{name}_latest"),
    ]


def _polars_finished(joined: pl.LazyFrame, names: list[str]) -> pl.LazyFrame:
    import polars as pl

    columns = []
    for name in names:
        for sum_of in SUMS:
            final = f"{name}_{sum_of.removeprefix('n_').replace('weight', 'faded')}"
            columns.append(pl.col(f"{name}_{sum_of}").cast(pl.Float64).fill_null(0.0).alias(final))
        for end in ("first", "latest"):
            apart = (pl.col("as_of") - pl.col(f"{name}_{end}")).dt.total_microseconds()
            columns.append((apart / 1e6 / DAY_SECONDS).alias(f"{name}_days_since_{end}"))
    zeroes = ["activity_trend_14d", "distinct_kinds", "event_value_30d", "event_value_ever"]
    zeroes += ["active_days_30d", "active_days_ever"]
    columns += [pl.col(name).cast(pl.Float64).fill_null(0.0) for name in zeroes]
    columns.append(pl.col("longest_silence_days").cast(pl.Float64))
    table = joined.select(*KEYS, *columns)
    if {"email_sent", "email_opened"} <= set(names):
        sent = pl.col("email_sent_ever")
        share = pl.when(sent > 0).then(pl.col("email_opened_ever") / sent)
        table = table.with_columns(email_open_rate=share)
    return table


def in_pandas(bench: Bench, folder: Path, snapshots: str, out: Path) -> None:
    """Compute the features with pandas, all events in memory, and write them.

    Parameters
    ----------
    bench, folder, snapshots, out
        As for `in_polars`.
    """
    spine = pd.read_parquet(folder / f"{snapshots}.parquet")
    seen = _pandas_seen(pd.read_parquet(folder / "events.parquet", columns=USED), spine)
    by_kind = _pandas_by_kind(seen, bench.half_life_days)
    own = seen[_pandas_within(seen["kind"], bench.groups[0])]
    days = _pandas_days(own[["snapshot", "age_days"]].drop_duplicates())
    columns: dict[str, pd.Series] = {}
    for group in bench.groups:
        rows = by_kind[_pandas_within(by_kind["kind"], group)].groupby("snapshot")
        columns |= _pandas_group(rows, group.name, spine)
    mine = by_kind[_pandas_within(by_kind["kind"], bench.groups[0])].groupby("snapshot")
    every = by_kind.groupby("snapshot")
    columns |= {
        "activity_trend_14d": _zero(mine["trend"].sum(), spine),
        "distinct_kinds": _zero(mine.size(), spine),
        "event_value_30d": _zero(every["value_30d"].sum(), spine),
        "event_value_ever": _zero(every["value_ever"].sum(), spine),
        "active_days_30d": _zero(days["lately"], spine),
        "active_days_ever": _zero(days["ever"], spine),
        "longest_silence_days": days["silence"].reindex(spine.index),
    }
    if {"email_sent_ever", "email_opened_ever"} <= set(columns):
        sent = columns["email_sent_ever"].replace(0, np.nan)
        columns["email_open_rate"] = columns["email_opened_ever"] / sent
    pd.concat([spine, pd.DataFrame(columns)], axis=1).to_parquet(out)


def _pandas_seen(events: pd.DataFrame, spine: pd.DataFrame) -> pd.DataFrame:
    pairs = events.merge(spine.reset_index(names="snapshot"), on="lead_id")
    known = (pairs["occurred_at"] < pairs["as_of"]) & (pairs["recorded_at"] < pairs["as_of"])
    seen = pairs.loc[known, ["snapshot", "as_of", "kind", "occurred_at", "value"]].copy()
    seen["kind"] = seen["kind"].astype("category")
    elapsed = (seen["as_of"] - seen["occurred_at"]) - pd.Timedelta(seconds=1)
    seen["age_days"] = (elapsed // pd.Timedelta(days=1)).clip(lower=0)
    return seen


def _pandas_by_kind(seen: pd.DataFrame, half_life_days: float) -> pd.DataFrame:
    age = seen["age_days"]
    for days in WINDOWS_DAYS:
        seen[f"n_{days}d"] = age < days
    seen["weight"] = 2.0 ** (-age / half_life_days)
    seen["trend"] = np.select([age < 14, age < 28], [1, -1], 0)
    seen["value_30d"] = seen["value"].where(age < 30)
    sums = [*(f"n_{days}d" for days in WINDOWS_DAYS), "weight", "trend", "value_30d", "value"]
    groups = seen.groupby(["snapshot", "kind"], observed=True)
    by_kind = groups[sums].sum()
    by_kind["n_ever"] = groups.size()
    by_kind["first"], by_kind["latest"] = groups["occurred_at"].min(), groups["occurred_at"].max()
    return by_kind.rename(columns={"value": "value_ever"}).reset_index()


def _pandas_within(kind: pd.Series, group: EventGroup) -> pd.Series:
    within = kind.isin(group.kinds)
    return ~within if group.is_rest else within


def _pandas_group(
    rows: pd.api.typing.DataFrameGroupBy, name: str, spine: pd.DataFrame
) -> dict[str, pd.Series]:
    sums = rows[list(SUMS)].sum()
    columns = {
        f"{name}_{each.removeprefix('n_').replace('weight', 'faded')}": _zero(sums[each], spine)
        for each in SUMS
    }
    for end, extreme in (("first", rows["first"].min()), ("latest", rows["latest"].max())):
        apart = spine["as_of"] - extreme.reindex(spine.index)
        columns[f"{name}_days_since_{end}"] = apart / pd.Timedelta(days=1)
    return columns


def _zero(counted: pd.Series, spine: pd.DataFrame) -> pd.Series:
    return counted.reindex(spine.index).fillna(0.0).astype("float64")


def _pandas_days(days: pd.DataFrame) -> pd.DataFrame:
    days = days.sort_values(["snapshot", "age_days"])
    days["silence"] = days.groupby("snapshot")["age_days"].diff()
    groups = days.assign(lately=days["age_days"] < 30).groupby("snapshot")
    return groups.agg(lately=("lately", "sum"), ever=("lately", "size"), silence=("silence", "max"))
