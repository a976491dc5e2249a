"""What each feature is: name, family, measure, unit, and the words a person reads."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

Family = Literal["firmographic", "engagement", "channel", "history"]
Kind = Literal["number", "flag", "text"]
Measure = Literal[
    "attribute",  # what the lead's own columns say
    "count",
    "decayed_count",  # older ones weigh less
    "distinct",
    "sum",
    "share",
    "trend",
    "active_days",
    "longest_gap",
    "days_since_first",
    "days_since_latest",
    "hours_since_latest",
    "latest",
    "conversion_rate",
]
TIME_SINCE = frozenset({"days_since_first", "days_since_latest", "hours_since_latest"})


@dataclass(frozen=True)
class Feature:
    """One column of the feature table, explained.

    Parameters
    ----------
    kind
        `number` and `flag` (0 or 1) are float64 columns, `text` is a string column; all may
        hold missing values.
    unit
        `days`, `hours`, `events`, `share`, …; empty where there is none.
    words
        What a person reads, without its value: "pricing page views in the last 7 days".
    fact
        Features that tell the same fact share this key, so that one fact is one reason.
    window_days
        Only what lies less than so many days back is measured; None where there is no bound.
    group
        The events that are measured, by name: `("demo requests", "pricing views")`; empty where
        none are named.
    since
        What a time since is counted from, "latest pricing view"; empty for other measures.
    """

    name: str
    family: Family
    kind: Kind
    unit: str
    words: str
    fact: str
    measure: Measure = "attribute"
    window_days: int | None = None
    group: tuple[str, ...] = ()
    since: str = ""

    @property
    def is_time_since(self) -> bool:
        """Whether it says how long ago something was; where it is missing, that never happened."""
        return self.measure in TIME_SINCE


def to_records(catalogue: Iterable[Feature]) -> list[dict[str, Any]]:
    """Return the catalogue as plain records, as JSON artifacts hold it."""
    return [asdict(feature) for feature in catalogue]


def from_records(records: Iterable[dict[str, Any]]) -> tuple[Feature, ...]:
    """Return the catalogue that `to_records` wrote."""
    return tuple(Feature(**record | {"group": tuple(record["group"])}) for record in records)
