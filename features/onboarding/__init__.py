"""`leadscore init`: a contract drafted from somebody's files, each guess with its reason.

What each column probably is, horizons, and the words by which columns and values are recognised, in
any language (`vocabulary.toml`). What a CRM calls its tables and columns belongs here, as data.
"""

from leadscore.features.onboarding.draft_contract import draft_contract
from leadscore.features.onboarding.found_tables import TableOfExport, found_tables

__all__ = [
    "TableOfExport",
    "draft_contract",
    "found_tables",
]
