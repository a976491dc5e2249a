"""`leadscore.toml`: which tables there are, and what their columns mean.

Every section and setting of the file is a typed field here: sources, column roles, how cells are
read, horizons, feature settings, audit, publishing targets (`publishing`) and limits of a night.
A new setting of `leadscore.toml` begins here. Drafting the file is `onboarding`'s.
"""

from leadscore.features.contract.column_names import (
    mentions,
    name_words,
    overwritten_state,
    speaks_of_outcome,
    words_of,
)
from leadscore.features.contract.column_specs import TERMS, ColumnSpec, ColumnType, Role
from leadscore.features.contract.contract import (
    ADDRESSES,
    CONTRACT_FILE,
    Contract,
    FeatureSettings,
    HorizonDays,
    Limits,
    Reading,
    load_contract,
)
from leadscore.features.contract.publishing import HistoryMode, PostgresDestination
from leadscore.features.contract.table_sources import (
    OUTCOME_STAGES,
    WHOLE_ROW,
    EventsSource,
    EventsTable,
    HistorySource,
    LinkSource,
    MergedSource,
    OutcomesSource,
    OutcomesTable,
    Source,
    Stage,
    of_known_stages,
)

__all__ = [
    "ADDRESSES",
    "CONTRACT_FILE",
    "OUTCOME_STAGES",
    "TERMS",
    "WHOLE_ROW",
    "ColumnSpec",
    "ColumnType",
    "Contract",
    "EventsSource",
    "EventsTable",
    "FeatureSettings",
    "HistoryMode",
    "HistorySource",
    "HorizonDays",
    "Limits",
    "LinkSource",
    "MergedSource",
    "OutcomesSource",
    "OutcomesTable",
    "PostgresDestination",
    "Reading",
    "Role",
    "Source",
    "Stage",
    "load_contract",
    "mentions",
    "name_words",
    "of_known_stages",
    "overwritten_state",
    "speaks_of_outcome",
    "words_of",
]
