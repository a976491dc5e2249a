"""What every family of features returns: lookups, and each feature's value."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import ibis.expr.types as ir
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from leadscore.features.catalogue.feature import Feature

OF_A_LEAD = {"lead_id": "lead_id"}
OF_A_SNAPSHOT = {"lead_id": "lead_id", "as_of": "as_of"}


@dataclass(frozen=True)
class Lookup:
    """Rows of which each snapshot has at most one.

    Parameters
    ----------
    rows
        Columns but for the keys are named as in no other lookup.
    on
        By key column of `rows`: the equal column of the snapshots, or of an earlier lookup.
    """

    rows: ir.Table
    on: Mapping[str, str]


class InMemory(Protocol):
    """Computes a family's features in memory, from few columns of the tables."""

    def columns(
        self, as_of: NDArray[np.float64], ask: Callable[[str, Callable[[], ir.Table]], pa.Table]
    ) -> dict[str, NDArray[np.float64]]:
        """Compute the features by name: float64, a value a snapshot by `lead_id` and `as_of`.

        `as_of` is in seconds since 1970; `ask` runs a query, given its name and what builds it.
        """
        ...


@dataclass(frozen=True)
class FeatureSet:
    """Features and their lookups, which are joined late, so that they are joined once."""

    snapshots: ir.Table  # columns `lead_id`, `as_of`
    lookups: tuple[Lookup, ...]
    # expressions of `ibis._`: the snapshots with all lookups joined
    values: tuple[tuple[Feature, ir.Value], ...]
    in_memory: InMemory | None = None  # a faster way to the same features

    @property
    def features(self) -> tuple[Feature, ...]:
        """The catalogue's entries, in the order of the columns."""
        return tuple(feature for feature, _value in self.values)

    @cached_property
    def table(self) -> ir.Table:
        """Columns `lead_id`, `as_of` and one a feature: float64, or string for text."""
        found = self.snapshots.select("lead_id", "as_of")
        for number, lookup in enumerate(self.lookups):
            keys = {f"{key}_of_{number}": key for key in lookup.on}
            right = lookup.rows.rename(keys)
            found = found.left_join(
                right, [found[lookup.on[key]] == right[renamed] for renamed, key in keys.items()]
            )
        columns = {
            feature.name: value.cast("string" if feature.kind == "text" else "float64")
            for feature, value in self.values
        }
        return found.select("lead_id", "as_of", **columns)


def joined_features(families: Sequence[FeatureSet]) -> FeatureSet:
    """Join families of the same snapshots, whose features have different names."""
    lookups = tuple(lookup for family in families for lookup in family.lookups)
    values = tuple(pair for family in families for pair in family.values)
    return FeatureSet(families[0].snapshots, lookups, values)
