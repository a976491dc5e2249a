"""How a cell is read: words for missing values, numbers as people write them, moments, e-mail.

Expressions over columns, the same in every engine; which column is which is decided above.
"""

from leadscore.features.cells.email_domains import EMAIL_PATTERN, with_free_mail
from leadscore.features.cells.flag_cells import NO, YES, flag_cell
from leadscore.features.cells.number_cells import (
    BETWEEN_CELLS,
    BETWEEN_PARTS,
    measure_cell,
    number_cell,
    unreadable_numbers,
)
from leadscore.features.cells.numberings import is_sequence, may_be_keys
from leadscore.features.cells.text_cells import LIST_PATTERN, list_cell, text_cell
from leadscore.features.cells.time_cells import EPOCH_PATTERN, time_cell

__all__ = [
    "BETWEEN_CELLS",
    "BETWEEN_PARTS",
    "EMAIL_PATTERN",
    "EPOCH_PATTERN",
    "LIST_PATTERN",
    "NO",
    "YES",
    "flag_cell",
    "is_sequence",
    "list_cell",
    "may_be_keys",
    "measure_cell",
    "number_cell",
    "text_cell",
    "time_cell",
    "unreadable_numbers",
    "with_free_mail",
]
