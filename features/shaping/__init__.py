"""A contract's tables as one each for leads, events and outcomes, whatever a system exports.

Several tables of events become one, a date a stage becomes a row a stage, deleted rows and older
versions go, ids become those of the leads. Cells stay as they are; `tables` reads them.
"""

from leadscore.features.shaping.dated_rows import WHOLE_ROW_CELL
from leadscore.features.shaping.lead_ids import SEPARATORS, salesforce_id
from leadscore.features.shaping.new_words import new_columns, new_kinds
from leadscore.features.shaping.row_counts import PassedOver, passed_over
from leadscore.features.shaping.shaped_tables import is_shaped, open_shaped, shaped_list

__all__ = [
    "SEPARATORS",
    "WHOLE_ROW_CELL",
    "PassedOver",
    "is_shaped",
    "new_columns",
    "new_kinds",
    "open_shaped",
    "passed_over",
    "salesforce_id",
    "shaped_list",
]
