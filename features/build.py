"""The one function that builds features, for training and for scoring alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from features.channel import channel_features
from features.engagement import common_kinds, engagement_features
from features.family import side_by_side
from features.firmographic import firmographic_features
from features.history import history_features

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from features.catalogue import Feature
    from features.tables import Tables


# The widest join of so many takes about 2 GB, half of what DuckDB is given; so do the days of so
# many events, each counted once a snapshot of its lead.
SNAPSHOTS_AT_ONCE, EVENTS_AT_ONCE = 250_000, 50_000_000


@dataclass(frozen=True)
class FeatureTable:
    """The wide table of features and its catalogue.

    Parameters
    ----------
    table
        Columns `lead_id`, `as_of`, and one a feature in the catalogue's order: float64 for
        numbers and flags, string for text.
    catalogue
        What each feature is.
    kinds
        The event kinds that have columns of their own.
    """

    table: ir.Table
    catalogue: tuple[Feature, ...]
    kinds: tuple[str, ...]

    def to_pandas(self) -> pd.DataFrame:
        """Compute the table: sorted by `lead_id` and `as_of`, float64 and str columns."""
        frame: pd.DataFrame = self.table.order_by("lead_id", "as_of").to_pandas()
        return frame.astype({each.name: _dtype(each) for each in self.catalogue})


def build_features(
    tables: Tables, snapshots: ir.Table, *, kinds: tuple[str, ...] | None = None
) -> FeatureTable:
    """Build every feature of every snapshot from what was known strictly before it.

    Parameters
    ----------
    tables
        The cleaned tables.
    snapshots
        Columns `lead_id`, `as_of` (timestamp, UTC); pairs are unique.
    kinds
        The event kinds with columns of their own, as a trained model keeps them. By default
        those common before the earliest snapshot.

    Returns
    -------
    FeatureTable
        A row a snapshot. Training and scoring call this same function, so the same snapshot
        has the same features in both.
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
        families.insert(1, engagement_features(tables, snapshots, kinds=kinds))
    wide = side_by_side(snapshots, families)
    return FeatureTable(wide.table, wide.features, kinds)


def feature_frame(
    tables: Tables,
    snapshots: ir.Table,
    *,
    kinds: tuple[str, ...] | None = None,
    at_once: int = SNAPSHOTS_AT_ONCE,
) -> tuple[pd.DataFrame, FeatureTable]:
    """Build and compute every feature, some leads at a time where snapshots are many.

    Parameters
    ----------
    tables, snapshots, kinds
        As for `build_features`.
    at_once
        About how many snapshots are joined at a time.

    Returns
    -------
    frame : DataFrame
        As `FeatureTable.to_pandas` gives it; the same whatever is done at a time.
    built : FeatureTable
        The whole table, not computed.
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
    """In how many parts the snapshots fit the memory; leads are taken to have events alike."""
    rows = int(snapshots.count().to_pyarrow().as_py())
    parts = max(-(-rows // at_once), 1)
    if tables.events is None:
        return parts
    leads, events = (
        int(each.count().to_pyarrow().as_py()) for each in (tables.leads, tables.events)
    )
    return max(parts, -(-rows * events // max(leads, 1) // EVENTS_AT_ONCE))


def _dtype(feature: Feature) -> str:
    return "str" if feature.kind == "text" else "float64"
