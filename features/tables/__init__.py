"""The user's tables in the contract's terms: renamed, typed, in UTC, screened.

How a cell is read (numbers, dates, words for missing), which rows go to quarantine and why, when
the data end. `open_tables` yields `Tables`.
"""

from leadscore.features.tables.attributes import MEASURED, Attribute, attributes_of
from leadscore.features.tables.clean_events_outcomes import CHANNEL_TOUCH
from leadscore.features.tables.data_end import (
    ONE_DAY,
    end_of,
    known_before,
    last_passed,
    rows_of_the_future,
)
from leadscore.features.tables.data_fingerprint import fingerprint
from leadscore.features.tables.lead_versions import STATE, seen_states, with_values
from leadscore.features.tables.listed_leads import CELL, ListedLeads, listed_faults
from leadscore.features.tables.open_tables import connected, open_tables, screen_tables, tables_of
from leadscore.features.tables.quarantine import AS_MISSING, Faults, Quarantine
from leadscore.features.tables.query_cache import QueryCache
from leadscore.features.tables.screening import Screening, broken_lines
from leadscore.features.tables.tables import AccountTables, CompanyTotals, Tables

__all__ = [
    "AS_MISSING",
    "CELL",
    "CHANNEL_TOUCH",
    "MEASURED",
    "ONE_DAY",
    "STATE",
    "AccountTables",
    "Attribute",
    "CompanyTotals",
    "Faults",
    "ListedLeads",
    "Quarantine",
    "QueryCache",
    "Screening",
    "Tables",
    "attributes_of",
    "broken_lines",
    "connected",
    "end_of",
    "fingerprint",
    "known_before",
    "last_passed",
    "listed_faults",
    "open_tables",
    "rows_of_the_future",
    "screen_tables",
    "seen_states",
    "tables_of",
    "with_values",
]
