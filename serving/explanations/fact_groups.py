"""Which features tell one and the same fact, so that a reader hears it once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from leadscore.features.families.catalogue import Feature

# A source and its medium say one thing ("organic", "search"): the stronger of the two tells it.
WITH_SOURCE = {"medium": "source", "latest_medium": "latest_source"}
# What a count or a date is of: "pricing views" in "pricing views in the last 7 days".
COUNTED = re.compile(
    r"days since the (?:first|latest) (?P<one>.+)"
    r"|(?P<many>.+?)(?: in the last .+| so far|, older .+)"
)


def columns_of_facts(features: Sequence[Feature]) -> list[npt.NDArray[np.int64]]:
    """List the positions of the features that tell each fact, in the order of the catalogue.

    Parameters
    ----------
    features
        Entries of the catalogue, in the order of the columns.

    Returns
    -------
    list of ndarray of int64
        Features that share a `fact` stand together. So do a source and its medium, and a kind of
        event and the group that counts it, too, where the group is called by its kinds: "pricing
        views" beside "demo requests or pricing views" would be told twice, perhaps once for and
        once against the lead.
    """
    named = _things(features)
    columns: dict[str, list[int]] = {}
    for position, feature in enumerate(features):
        fact = WITH_SOURCE.get(feature.fact, feature.fact)
        columns.setdefault(_widest(fact, named), []).append(position)
    return [np.array(positions, dtype=np.int64) for positions in columns.values()]


def _things(features: Sequence[Feature]) -> dict[str, set[str]]:
    """Name the things that each fact counts, "pricing view" and "pricing views" apart."""
    things: dict[str, set[str]] = {}
    for feature in features:
        found = COUNTED.fullmatch(feature.words) if feature.family == "engagement" else None
        if found:
            names = re.split(r", | or ", found["one"] or found["many"])
            things.setdefault(feature.fact, set()).update(names)
    return things


def _widest(fact: str, things: dict[str, set[str]]) -> str:
    """Find the fact that counts all that this one does, and most beside it."""
    own = things.get(fact, set())
    wider = [other for other, named in things.items() if own and own < named]
    return max(wider, key=lambda other: (len(things[other]), other), default=fact)
