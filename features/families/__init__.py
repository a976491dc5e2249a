"""What each feature is, and the one function that builds them all.

A family a file: firmographic (with job titles), channel, engagement, sales history. The measures
of engagement are data in `engagement_definitions`; `event_groups` says which kinds are counted
together, `event_labels` what they are called. Each feature has a `Feature` record in the catalogue.
"""

from leadscore.features.catalogue import (
    EventGroup,
    Feature,
    event_groups,
    from_records,
    not_by_the_lead,
    one_of,
    several,
    to_records,
)
from leadscore.features.families.engagement_definitions import WINDOWS_DAYS
from leadscore.features.families.engagement_query import common_kinds
from leadscore.features.families.feature_table import (
    FeatureTable,
    build_engagement,
    build_features,
    feature_frame,
)
from leadscore.features.families.firmographic import EMAIL_PATTERN
from leadscore.features.families.sales_history import reason_group

__all__ = [
    "EMAIL_PATTERN",
    "WINDOWS_DAYS",
    "EventGroup",
    "Feature",
    "FeatureTable",
    "build_engagement",
    "build_features",
    "common_kinds",
    "event_groups",
    "feature_frame",
    "from_records",
    "not_by_the_lead",
    "one_of",
    "reason_group",
    "several",
    "to_records",
]
