"""What every room may need and that knows nothing of leads.

Errors, reading of settings files, locks, atomic replacement of files, time in UTC, formatting of
numbers, dates and names.
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
from leadscore.features.core.locks import locked, project_lock
from leadscore.features.core.names import as_words, slug, unique
from leadscore.features.core.settings import Fault, Settings, read_settings, validated
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
