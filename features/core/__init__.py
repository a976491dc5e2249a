"""What every room may need and that knows nothing of leads.

Errors that a person can act on, the reading of settings files, one run at a time (the project
lock), files replaced at once, moments in UTC, numbers, dates and texts as people read them.
"""

from leadscore.features.core.atomic_file import replacing, write_text
from leadscore.features.core.clock import SECONDS_A_DAY, SECONDS_AN_HOUR, naive
from leadscore.features.core.errors import (
    ContractError,
    DataError,
    LeadScoreError,
    ModelMismatch,
    RunLocked,
    TooLittleData,
    nearest,
)
from leadscore.features.core.file_lock import locked
from leadscore.features.core.formatting import (
    NOTHING,
    ago,
    day,
    expected,
    looks_personal,
    moment,
    number,
    percent,
    printable,
    shortened,
)
from leadscore.features.core.project_lock import project_lock
from leadscore.features.core.settings import Fault, Settings, read_settings, validated
from leadscore.features.core.slugs import slug, unique
from leadscore.features.core.text import as_words
from leadscore.features.core.times import Moment, Span, moment_of, seconds_of

__all__ = [
    "NOTHING",
    "SECONDS_AN_HOUR",
    "SECONDS_A_DAY",
    "ContractError",
    "DataError",
    "Fault",
    "LeadScoreError",
    "ModelMismatch",
    "Moment",
    "RunLocked",
    "Settings",
    "Span",
    "TooLittleData",
    "ago",
    "as_words",
    "day",
    "expected",
    "locked",
    "looks_personal",
    "moment",
    "moment_of",
    "naive",
    "nearest",
    "number",
    "percent",
    "printable",
    "project_lock",
    "read_settings",
    "replacing",
    "seconds_of",
    "shortened",
    "slug",
    "unique",
    "validated",
    "write_text",
]
