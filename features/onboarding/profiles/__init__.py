"""What the columns of somebody's file look like: kinds of cells, counts, words that names hold.

A sample of a long file with counts over all its rows; the words by which columns and cells are
recognised, in any language (`vocabulary.toml`).
"""

from leadscore.features.onboarding.profiles.cell_forms import (
    choose_day_order,
    decimal_mark,
)
from leadscore.features.onboarding.profiles.column_profile import (
    LOOKED_UP,
    ColumnProfile,
    TableProfile,
    missing_words,
    profile_columns,
)
from leadscore.features.onboarding.profiles.file_sample import Sample, read_sample
from leadscore.features.onboarding.profiles.vocabulary import Ranked, vocabulary

__all__ = [
    "LOOKED_UP",
    "ColumnProfile",
    "Ranked",
    "Sample",
    "TableProfile",
    "choose_day_order",
    "decimal_mark",
    "missing_words",
    "profile_columns",
    "read_sample",
    "vocabulary",
]
