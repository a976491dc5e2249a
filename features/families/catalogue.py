"""What each feature is: name, family, unit, and the words a person reads."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

Family = Literal["firmographic", "engagement", "channel", "history"]
Kind = Literal["number", "flag", "text"]


@dataclass(frozen=True)
class Feature:
    """One column of the feature table, explained.

    Parameters
    ----------
    name
        The column's name in the feature table.
    family
        The family that computes it.
    kind
        `number` and `flag` (0 or 1) are float64 columns, `text` is a string column; all may
        hold missing values.
    unit
        `days`, `hours`, `events`, `share`, …; empty where there is none.
    words
        What a person reads, without its value: "pricing page views in the last 7 days".
    fact
        Features that tell the same fact share this key, so that one fact is one reason.
    """

    name: str
    family: Family
    kind: Kind
    unit: str
    words: str
    fact: str


def to_records(catalogue: Iterable[Feature]) -> list[dict[str, Any]]:
    """Return the catalogue as plain records, as JSON artifacts hold it."""
    return [asdict(feature) for feature in catalogue]


def from_records(records: Iterable[dict[str, Any]]) -> tuple[Feature, ...]:
    """Return the catalogue that `to_records` wrote."""
    return tuple(Feature(**record) for record in records)
