"""Where nights are published beside the ledger: `[publish.…]` of leadscore.toml."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, model_validator

from leadscore.features.core import Settings

HistoryMode = Literal["all", "changed", "none"]

FROM_THE_ENVIRONMENT = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*")
# PostgreSQL truncates longer names without an error.
LONGEST_NAME = 63


class PostgresDestination(Settings):
    """A PostgreSQL schema that holds the latest tiers and their history."""

    address: str = "env:LEADSCORE_POSTGRES"  # the variable that holds the URL with its password
    schema_name: str = Field(
        default="leadscore", alias="schema", min_length=1, max_length=LONGEST_NAME
    )
    # Rows kept of each night: all, those whose tier, rule or reasons changed, or none.
    history: HistoryMode = "changed"
    # Who may read the views; created where the login may create roles. Empty: nobody else.
    reader_role: str = Field(default="leadscore_reader", max_length=LONGEST_NAME)
    # The role taken after login, so that several logins can take turns; empty: the login itself.
    job_role: str = Field(default="", max_length=LONGEST_NAME)

    @model_validator(mode="before")
    @classmethod
    def _no_password_in_a_file(cls, raw: object) -> object:
        # Not a validator of the field: its message would show the value, which holds a password.
        address = raw.get("address") if isinstance(raw, dict) else None
        if isinstance(address, str) and not FROM_THE_ENVIRONMENT.fullmatch(address.strip()):
            raise ValueError(
                '`address` names the environment variable that holds the URL, such as "env:'
                'LEADSCORE_POSTGRES"; a URL with its password does not belong in a file'
            )
        return raw

    @property
    def variable(self) -> str:
        """The environment variable that holds the URL."""
        return self.address.removeprefix("env:")


class Destinations(Settings):
    """Every place that nights are published to; none by default."""

    postgres: PostgresDestination | None = None
