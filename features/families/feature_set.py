"""What every family of features returns, and how a column's name becomes words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import ibis.expr.types as ir

    from leadscore.features.families.catalogue import Feature
    from leadscore.features.families.engagement_in_memory import Sweep

OF_A_LEAD = {"lead_id": "lead_id"}
OF_A_SNAPSHOT = {"lead_id": "lead_id", "as_of": "as_of"}


@dataclass(frozen=True)
class Lookup:
    """Rows of which a snapshot finds one at most.

    Parameters
    ----------
    rows
        The rows. Their columns but for the keys have names that no other lookup's have.
    on
        By key column of `rows`: the column of the snapshots, or of an earlier lookup, that must
        equal it.
    """

    rows: ir.Table
    on: Mapping[str, str]


@dataclass(frozen=True)
class FeatureSet:
    """Features, and what must be looked up for them: joined late, so that it is joined once.

    Parameters
    ----------
    snapshots
        Columns `lead_id`, `as_of`.
    lookups
        What is found for each snapshot, in this order.
    values
        Each feature, and its value as an expression of `ibis._`, which stands for the snapshots
        with all that was found.
    sweep
        How the same features are counted in memory, where that is faster.
    """

    snapshots: ir.Table
    lookups: tuple[Lookup, ...]
    values: tuple[tuple[Feature, ir.Value], ...]
    sweep: Sweep | None = None

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
                right,
                [found[lookup.on[key]] == right[renamed] for renamed, key in keys.items()],
            )
        columns = {
            feature.name: value.cast("string" if feature.kind == "text" else "float64")
            for feature, value in self.values
        }
        return found.select("lead_id", "as_of", **columns)


def side_by_side(snapshots: ir.Table, families: Iterable[FeatureSet]) -> FeatureSet:
    """Put the features of several families beside each other.

    Parameters
    ----------
    snapshots
        Columns `lead_id`, `as_of`, as each of the families has them.
    families
        Their features have different names.

    Returns
    -------
    FeatureSet
    """
    every = tuple(families)
    lookups = tuple(lookup for family in every for lookup in family.lookups)
    return FeatureSet(snapshots, lookups, tuple(pair for each in every for pair in each.values))


def as_words(name: str) -> str:
    """Turn a column's or an event kind's name into words a person reads.

    Examples
    --------
    >>> as_words("pricing_view")
    'pricing view'
    >>> as_words("TotalVisits")
    'total visits'
    >>> as_words("W_Nabellen offertes")
    'w nabellen offertes'
    """
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", " ", name)
    words = re.sub(r"[\s_]+", " ", apart).split()
    return " ".join(word if word.isupper() and len(word) > 1 else word.lower() for word in words)
