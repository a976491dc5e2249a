"""What each feature is, and the one function that builds them all.

A family a file: firmographic (with job titles), channel, engagement, sales history, account. The
measures of engagement are data in `engagement_definitions`; `account_members` finds what was known
of a lead's colleagues. Each feature has a `Feature` record, as `features.catalogue` describes it.
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
from leadscore.features.families.account_members import account_totals, all_account_members
from leadscore.features.families.engagement_definitions import WINDOWS_DAYS
from leadscore.features.families.engagement_query import common_kinds
from leadscore.features.families.feature_table import (
    FeatureTable,
    build_engagement,
    build_features,
    feature_frame,
)
from leadscore.features.families.sales_history import reason_group

__all__ = [
    "WINDOWS_DAYS",
    "EventGroup",
    "Feature",
    "FeatureTable",
    "account_totals",
    "all_account_members",
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
