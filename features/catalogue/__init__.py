"""What a feature is: its record, how its value is looked up, and what events are called.

`Feature` describes a column of the feature table; a family returns its features as a `FeatureSet`.
`event_groups` says which kinds of events are counted together, `event_labels` what they are called.
"""

from leadscore.features.catalogue.event_groups import EventGroup, event_groups, not_by_the_lead
from leadscore.features.catalogue.event_labels import one_of, several
from leadscore.features.catalogue.feature import (
    TIME_SINCE,
    Feature,
    Kind,
    Measure,
    from_records,
    to_records,
)
from leadscore.features.catalogue.feature_set import (
    OF_A_LEAD,
    OF_A_SNAPSHOT,
    FeatureSet,
    Lookup,
    joined_features,
)

__all__ = [
    "OF_A_LEAD",
    "OF_A_SNAPSHOT",
    "TIME_SINCE",
    "EventGroup",
    "Feature",
    "FeatureSet",
    "Kind",
    "Lookup",
    "Measure",
    "event_groups",
    "from_records",
    "joined_features",
    "not_by_the_lead",
    "one_of",
    "several",
    "to_records",
]
