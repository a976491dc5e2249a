"""What each feature is: name, family, measure, unit, and the words a person reads."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

Family = Literal["firmographic", "engagement", "channel", "history", "account"]
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
]
TIME_SINCE = frozenset({"days_since_first", "days_since_latest", "hours_since_latest"})


@dataclass(frozen=True)
class Feature:
    """One column of the feature table, explained."""

    name: str
    family: Family
    kind: Kind  # number and flag (0 or 1) are float64 columns, text is a string column
    unit: str  # `days`, `hours`, `events`, `share`, …; may be empty
    words: str  # as people read it, without its value: "pricing page views in the last 7 days"
    fact: str  # shared by features of one fact, which become one reason
    measure: Measure = "attribute"
    # only events less than so many days ago are measured; None where all are
    window_days: int | None = None
    group: tuple[str, ...] = ()  # the measured events by name: `("demo requests", "pricing views")`
    since: str = ""  # what a time since is counted from, "latest pricing view"

    @property
    def is_time_since(self) -> bool:
        """Whether it is the time since an event; missing where there was none."""
        return self.measure in TIME_SINCE


def to_records(catalogue: Iterable[Feature]) -> list[dict[str, Any]]:
    """Convert the catalogue to plain records for JSON."""
    return [asdict(feature) for feature in catalogue]


def from_records(records: Iterable[dict[str, Any]]) -> tuple[Feature, ...]:
    """Convert the records of `to_records` back."""
    return tuple(Feature(**record | {"group": tuple(record["group"])}) for record in records)
