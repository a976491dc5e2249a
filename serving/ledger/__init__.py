"""A night's rows: their columns, checked, written once, read back.

A new column of the ledger begins in `schema`.
"""

from leadscore.serving.ledger.night_metadata import NightNotes
from leadscore.serving.ledger.reader import (
    LEDGER,
    folder_of,
    history,
    latest_before,
    night_batches,
    night_file,
    nights,
    read_leads,
    read_night,
    read_notes,
)
from leadscore.serving.ledger.schema import LISTS, MOVES, SCHEMA, LedgerError, as_night, as_today
from leadscore.serving.ledger.score_checks import (
    PROPENSITIES,
    NightFault,
    ScoreCount,
    count_scores,
    faults_of,
)
from leadscore.serving.ledger.staging import ROW_GROUP
from leadscore.serving.ledger.writer import Written, write_night

__all__ = [
    "LEDGER",
    "LISTS",
    "MOVES",
    "PROPENSITIES",
    "ROW_GROUP",
    "SCHEMA",
    "LedgerError",
    "NightFault",
    "NightNotes",
    "ScoreCount",
    "Written",
    "as_night",
    "as_today",
    "count_scores",
    "faults_of",
    "folder_of",
    "history",
    "latest_before",
    "night_batches",
    "night_file",
    "nights",
    "read_leads",
    "read_night",
    "read_notes",
    "write_night",
]
