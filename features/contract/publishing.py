"""Where nights are published beside the ledger: `[publish.…]` of leadscore.toml."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, model_validator

from leadscore.features.core import Settings

HistoryMode = Literal["all", "changed", "none"]

FROM_THE_ENVIRONMENT = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*")
# PostgreSQL cuts longer names short without a word; the longest of ours are kept whole, too.
LONGEST_NAME = 63


class PostgresDestination(Settings):
    """A PostgreSQL schema that holds the latest tiers and their history.

    Parameters
    ----------
    address
        `env:NAME`, the environment variable that holds the URL with its password.
    schema_name
        The schema, `schema` in the file; made where it does not exist.
    history
        What is kept of each night beside the latest: `all` rows; the rows whose verdict `changed`
        since the lead's night before; `none`.
    reader_role
        Who may read the views; made where the job's login may make roles. Empty: nobody else.
    job_role
        The role that the job takes on after it has logged in, so that several logins can take
        turns; empty: the login itself.
    """

    address: str = "env:LEADSCORE_POSTGRES"
    schema_name: str = Field(
        default="leadscore", alias="schema", min_length=1, max_length=LONGEST_NAME
    )
    history: HistoryMode = "changed"
    reader_role: str = Field(default="leadscore_reader", max_length=LONGEST_NAME)
    job_role: str = Field(default="", max_length=LONGEST_NAME)

    @model_validator(mode="before")
    @classmethod
    def _no_password_in_a_file(cls, raw: object) -> object:
        # Judged here and not on the field, whose faults show what was given: a password.
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
