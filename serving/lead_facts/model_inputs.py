"""The features that one registered version learnt from: from today's tables, or a clear refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leadscore.features.core import ModelMismatch, nearest
from leadscore.features.families import FeatureTable, build_features

if TYPE_CHECKING:
    from collections.abc import Iterable

    import ibis.expr.types as ir
    import pandas as pd

    from leadscore.features.tables import Tables
    from leadscore.training.registry import Registered


def learnt_features(tables: Tables, snapshots: ir.Table, champion: Registered) -> pd.DataFrame:
    """Build the features that one version learnt from, and no others.

    Parameters
    ----------
    tables
        The cleaned tables; columns that the version did not know are left out.
    snapshots
        Columns `lead_id`, `as_of`: who is scored.
    champion
        The version whose `model.predict` shall take them.

    Returns
    -------
    DataFrame
        A row a snapshot: `lead_id`, `as_of`, and the features (float64 and string).

    Raises
    ------
    ModelMismatch
        Where the contract no longer gives what the version learnt from.
    """
    known = _as_learnt(tables, champion)

    def build() -> FeatureTable:
        return _features(known, snapshots, champion)

    cache, key = tables.cache, f"features of version {champion.version}"
    built = build() if cache is None else cache.get_or_build(key, build)
    frame = built.to_pandas()
    _refuse_other_features(frame.columns, champion)
    return frame


def learnt_table(tables: Tables, snapshots: ir.Table, champion: Registered) -> ir.Table:
    """Build the features that one version learnt from where the tables are; nothing is computed.

    Parameters
    ----------
    tables, snapshots, champion
        As for `learnt_features`.

    Returns
    -------
    ir.Table
        Its columns, in no order of the rows.

    Raises
    ------
    ModelMismatch
        Where the contract no longer gives what the version learnt from.
    """
    table = _features(_as_learnt(tables, champion), snapshots, champion).table
    _refuse_other_features(table.columns, champion)
    return table


def _features(known: Tables, snapshots: ir.Table, champion: Registered) -> FeatureTable:
    return build_features(known, snapshots, kinds=tuple(champion.model.kinds_))


def _as_learnt(tables: Tables, champion: Registered) -> Tables:
    """Show the features only the columns that the model was built from."""
    wanted = set(champion.model.attributes_)
    have = {each.column for each in tables.attributes}
    absent = sorted(wanted - have)
    if absent:
        raise ModelMismatch(
            f"{champion.name} version {champion.version} learnt from the column {absent[0]!r}, "
            f"which leadscore.toml no longer gives. {nearest(absent[0], sorted(have))} Restore it, "
            "or train again with `leadscore train`."
        )
    return tables.without(have - wanted)


def _refuse_other_features(columns: Iterable[str], champion: Registered) -> None:
    given = list(columns)
    absent = [name for name in champion.model.features_ if name not in given]
    if absent:
        raise ModelMismatch(
            f"{champion.name} version {champion.version} needs the feature {absent[0]!r} and "
            f"{len(absent) - 1} others, which today's leadscore.toml does not give. "
            f"{nearest(absent[0], given)} Restore the tables and groups it was trained "
            "with, or train again with `leadscore train`."
        )
