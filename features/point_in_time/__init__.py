"""Which lead is looked at, as of when, and what was known then.

Snapshots for training and for a night, each with its lead's rows known before it; when a stage was
reached, and which leads were closed by then.
"""

from leadscore.features.point_in_time.closings import listed_closings, still_open
from leadscore.features.point_in_time.lead_states import leads_as_of
from leadscore.features.point_in_time.paired_rows import (
    BETWEEN,
    events_before,
    latest_text,
    paired_before,
)
from leadscore.features.point_in_time.snapshots import (
    NO_DATE,
    listed_snapshots,
    next_midnight,
    nightly_snapshots,
    training_snapshots,
)
from leadscore.features.point_in_time.stage_reached import reached_at

__all__ = [
    "BETWEEN",
    "NO_DATE",
    "events_before",
    "latest_text",
    "leads_as_of",
    "listed_closings",
    "listed_snapshots",
    "next_midnight",
    "nightly_snapshots",
    "paired_before",
    "reached_at",
    "still_open",
    "training_snapshots",
]
