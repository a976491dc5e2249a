"""The one function that builds features, for training and for scoring."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from leadscore.features.catalogue import FeatureSet, joined_features
from leadscore.features.families.account import account_features
from leadscore.features.families.channel import channel_features
from leadscore.features.families.engagement_in_memory import EngagementInMemory
from leadscore.features.families.engagement_query import common_kinds, engagement_features
from leadscore.features.families.firmographic import firmographic_features
from leadscore.features.families.sales_history import history_features

if TYPE_CHECKING:
    from collections.abc import Callable

    import ibis.expr.types as ir
    import pyarrow as pa

    from leadscore.features.catalogue import Feature
    from leadscore.features.tables import QueryCache, Tables


# Joins of so many rows take about 2 GB, half of what DuckDB is given; an event counts once a
# snapshot of its lead.
SNAPSHOTS_AT_ONCE, EVENTS_AT_ONCE = 250_000, 20_000_000
KEYS = ("lead_id", "as_of")
IN_MEMORY = "duckdb"  # the engine in this process


@dataclass(frozen=True)
class FeatureTable:
    """The wide table of features and its catalogue; `kinds` of events have columns of their own."""

    families: tuple[FeatureSet, ...]
    kinds: tuple[str, ...]
    cache: QueryCache | None
    engine: str

    @cached_property
    def table(self) -> ir.Table:
        """Columns `lead_id`, `as_of`, and one a feature: float64, or string for text."""
        return joined_features(self.families).table

    @property
    def catalogue(self) -> tuple[Feature, ...]:
        """What each feature is, in the order of the columns."""
        return tuple(feature for family in self.families for feature in family.features)

    def to_pandas(self) -> pd.DataFrame:
        """Compute the table: sorted by `lead_id` and `as_of`, float64 and str columns.

        In DuckDB each family is queried separately and engagement computed in memory: a third of
        the time that the wide query takes.
        """
        if self.engine != IN_MEMORY:
            frame: pd.DataFrame = self.table.order_by(*KEYS).to_pandas()
            return frame.astype({each.name: _dtype(each) for each in self.catalogue})
        snapshots = self.families[0].snapshots
        at = snapshots.as_of.epoch_seconds().cast("float64")
        keys = self._ask("snapshots", lambda: snapshots.select(*KEYS, at=at).order_by(*KEYS))
        moments = keys["at"].to_numpy()
        blocks = [keys.select(KEYS).to_pandas()]
        for number, family in enumerate(self.families):
            if family.in_memory is None:
                blocks.append(self._block(number, family))
            else:
                found = family.in_memory.columns(moments, self._ask)
                blocks.append(pd.DataFrame(found, copy=False)[[e.name for e in family.features]])
        whole: pd.DataFrame = pd.concat(blocks, axis=1)
        return whole

    def _block(self, number: int, family: FeatureSet) -> pd.DataFrame:
        found = self._ask(f"family {number}", lambda: family.table.order_by(*KEYS))
        frame: pd.DataFrame = found.drop_columns(list(KEYS)).to_pandas()
        return frame.astype({each.name: _dtype(each) for each in family.features})

    def _ask(self, question: str, build: Callable[[], ir.Table]) -> pa.Table:
        if self.cache is None:
            return build().to_pyarrow()
        key = f"{question} of {id(self)}"
        self.cache.get_or_build(key, lambda: self)  # kept alive, so that its id stays its own
        return self.cache.to_arrow(key, build)


def build_features(
    tables: Tables, snapshots: ir.Table, *, kinds: tuple[str, ...] | None = None
) -> FeatureTable:
    """Build every feature of every snapshot from what was known strictly before it.

    Parameters
    ----------
    snapshots
        Columns `lead_id`, `as_of` (timestamp, UTC); pairs are unique.
    kinds
        The event kinds with columns of their own, as a trained model keeps them. By default
        those common before the earliest snapshot.
    """
    if kinds is None:
        earliest = snapshots.as_of.min().to_pyarrow().as_py()
        kinds = common_kinds(tables, known_by=earliest)
    families = [
        firmographic_features(tables, snapshots),
        channel_features(tables, snapshots),
        history_features(tables, snapshots),
    ]
    if tables.events is not None:
        families.insert(1, build_engagement(tables, snapshots, kinds=kinds))
    if tables.has_accounts and tables.has_dates and tables.contract.features.colleagues:
        families.append(account_features(tables, snapshots))
    return FeatureTable(tuple(families), kinds, tables.cache, tables.engine)


def build_engagement(tables: Tables, snapshots: ir.Table, *, kinds: tuple[str, ...]) -> FeatureSet:
    """Build the engagement features, in memory where the events are in this process."""
    family = engagement_features(tables, snapshots, kinds=kinds)
    if tables.engine != IN_MEMORY:
        return family
    return replace(family, in_memory=EngagementInMemory.of(tables, snapshots, kinds))


def feature_frame(
    tables: Tables,
    snapshots: ir.Table,
    *,
    kinds: tuple[str, ...] | None = None,
    at_once: int = SNAPSHOTS_AT_ONCE,
) -> tuple[pd.DataFrame, FeatureTable]:
    """Compute every feature, about `at_once` snapshots at a time.

    Returns the features as `FeatureTable.to_pandas` does, and the whole table, not computed.
    """
    built = build_features(tables, snapshots, kinds=kinds)
    parts = _parts(tables, snapshots, at_once)
    if parts == 1:
        return built.to_pandas(), built
    bucket = snapshots.lead_id.hash().abs() % parts
    frames = [
        build_features(tables, snapshots.filter(bucket == part), kinds=built.kinds).to_pandas()
        for part in range(parts)
    ]
    frame = pd.concat(frames, ignore_index=True)
    return frame.sort_values(["lead_id", "as_of"], ignore_index=True), built


def _parts(tables: Tables, snapshots: ir.Table, at_once: int) -> int:
    """Count the parts that fit in memory, as if each lead had equally many events."""
    rows = _count(snapshots)
    parts = max(-(-rows // at_once), 1)
    if tables.events is None:
        return parts
    events = rows * _count(tables.events) // max(_count(tables.leads), 1)
    return max(parts, -(-events // EVENTS_AT_ONCE))


def _count(table: ir.Table) -> int:
    return int(table.count().to_pyarrow().as_py())


def _dtype(feature: Feature) -> str:
    return "str" if feature.kind == "text" else "float64"
