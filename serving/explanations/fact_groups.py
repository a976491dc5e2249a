"""Which features tell one and the same fact, so that a reader hears it once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from leadscore.features.families import Feature

# A source and its medium say one thing ("organic", "search"): the stronger of the two tells it.
WITH_SOURCE = {"medium": "source", "latest_medium": "latest_source"}


def columns_of_facts(features: Sequence[Feature]) -> list[npt.NDArray[np.int64]]:
    """List the positions of the features that tell each fact, in the order of the catalogue.

    Features that share a `fact` stand together. So do a source and its medium, and a kind of
    event and the group that counts it, too, where the group is called by its kinds: "pricing
    views" beside "demo requests or pricing views" would be told twice, perhaps once for and
    once against the lead.
    """
    named: dict[str, set[str]] = {}
    for feature in features:
        named.setdefault(feature.fact, set()).update(feature.group)
    columns: dict[str, list[int]] = {}
    for position, feature in enumerate(features):
        fact = WITH_SOURCE.get(feature.fact, feature.fact)
        columns.setdefault(_widest(fact, named), []).append(position)
    return [np.array(positions, dtype=np.int64) for positions in columns.values()]


def _widest(fact: str, named: dict[str, set[str]]) -> str:
    """Find the fact that counts all that this one does, and most beside it."""
    own = named.get(fact, set())
    wider = [other for other, events in named.items() if own and own < events]
    return max(wider, key=lambda other: (len(named[other]), other), default=fact)
