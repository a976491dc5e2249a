"""What leaves the project: spreadsheets, lists and files for CRMs; a database in a room of its own.

A publishing target is a file or a room here; its settings are in `features.contract`.
"""

from leadscore.serving.export.account_list import account_list, account_part, write_account_list
from leadscore.serving.export.crm_file import export_for
from leadscore.serving.export.list_columns import handoffs
from leadscore.serving.export.night_view import shown_night
from leadscore.serving.export.scored_list import write_scores
from leadscore.serving.export.spreadsheets import Exported, export

__all__ = [
    "Exported",
    "account_list",
    "account_part",
    "export",
    "export_for",
    "handoffs",
    "shown_night",
    "write_account_list",
    "write_scores",
]
