"""A night in PostgreSQL (extra `postgres`): whole or not at all.

Connection, schema versions, roles, the history by night, the live tables and their swap.
"""

from leadscore.serving.export.postgres.columns import COLUMNS, WITHOUT_STATISTICS
from leadscore.serving.export.postgres.connection import Database, connected
from leadscore.serving.export.postgres.live_tables import empty_hidden, load_hidden, switch
from leadscore.serving.export.postgres.migrations import LATEST_SLOT, LATEST_TIERS, SLOTS
from leadscore.serving.export.postgres.publish import Outcome, Published, publish, publish_night

__all__ = [
    "COLUMNS",
    "LATEST_SLOT",
    "LATEST_TIERS",
    "SLOTS",
    "WITHOUT_STATISTICS",
    "Database",
    "Outcome",
    "Published",
    "connected",
    "empty_hidden",
    "load_hidden",
    "publish",
    "publish_night",
    "switch",
]
