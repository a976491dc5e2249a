"""`leadscore.toml` as typed, frozen settings: where the tables are and what their columns mean."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PrivateAttr, StringConstraints, field_validator, model_validator

from leadscore.features.contract.publishing import Destinations
from leadscore.features.contract.table_sources import (
    EventsSource,
    LeadsSource,
    OutcomesSource,
    known_zone,
)
from leadscore.features.core import Settings, read_settings

CONTRACT_FILE = "leadscore.toml"

# What of a contract is never written elsewhere: a connection address may hold a password.
_OF_TABLES = {"address": True, "tables": {"__all__": {"address": True}}}
_OF_LEADS = {"address": True, "history": {"address": True}, "merged": {"address": True}}
ADDRESSES: dict[str, Any] = {"leads": _OF_LEADS, "events": _OF_TABLES, "outcomes": _OF_TABLES}


class Reading(Settings):
    """How cells are read, where that happens, and how much may fail."""

    delimiter: Annotated[
        str, StringConstraints(strip_whitespace=False, min_length=1, max_length=1)
    ] = ","
    encoding: str = "utf-8"
    missing: tuple[str, ...] = ()
    timezone: str = "UTC"
    day_first: bool = False
    decimal: Literal[".", ","] = "."
    max_quarantine_share: float = Field(default=0.05, ge=0, le=1)
    push_down: bool = False

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        return known_zone(name)


class HorizonDays(Settings):
    """How long a lead is given to reach each stage, in days from the snapshot."""

    sql: int = Field(default=30, ge=1, le=1100)
    won: int = Field(default=90, ge=1, le=1100)

    @model_validator(mode="after")
    def _won_not_before_sql(self) -> Self:
        if self.won < self.sql:
            raise ValueError(f"won ({self.won}) may not be shorter than sql ({self.sql})")
        return self


class FeatureSettings(Settings):
    """Settings of the feature pipeline; the defaults suit most companies."""

    half_life_days: float = Field(default=14.0, gt=0)
    rare_kind_share: float = Field(default=0.002, ge=0, lt=1)
    colleagues: bool = True
    snapshot_ages_days: tuple[int, ...] = (0, 2, 7, 21, 60, 150)

    @field_validator("snapshot_ages_days")
    @classmethod
    def _ages_in_order(cls, ages: tuple[int, ...]) -> tuple[int, ...]:
        if not ages or any(age < 0 for age in ages) or list(ages) != sorted(set(ages)):
            raise ValueError("expected different ages of 0 days or more, youngest first")
        return ages


class Audit(Settings):
    """What the leakage audit does with suspects, and which of its findings are overruled."""

    suspects: Literal["keep", "exclude"] = "keep"
    overrule: dict[str, str] = Field(default_factory=dict)

    @field_validator("overrule")
    @classmethod
    def _with_reasons(cls, overrule: dict[str, str]) -> dict[str, str]:
        bare = [column for column, reason in overrule.items() if not reason.strip()]
        if bare:
            raise ValueError(f"give a reason for {bare}; it lands in the model card")
        return overrule


class Limits(Settings):
    """What stops a night until a person has looked at it."""

    # Growth or decline of the number of open leads; the import of a trade fair's list is less.
    leads_factor: float = Field(default=2.0, gt=1)
    # Change of the share of SQL or MQL, beyond what chance would do.
    tier_factor: float = Field(default=3.0, gt=1)
    # Change of the average propensity; between the best and the worst month it is less.
    mean_factor: float = Field(default=2.0, gt=1)
    # Share of a text column's filled-in cells with words that the model never saw,
    unseen_share: float = Field(default=0.5, gt=0, le=1)
    unseen_cells: int = Field(default=100, ge=1)  # of columns with at least so many such cells


class Contract(Settings):
    """The whole of `leadscore.toml`."""

    name: str = Field(default="leadscore", pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
    reading: Reading = Reading()
    leads: LeadsSource
    events: EventsSource | None = None
    outcomes: OutcomesSource | None = None
    horizon_days: HorizonDays = HorizonDays()
    features: FeatureSettings = FeatureSettings()
    audit: Audit = Audit()
    # Neither changes what is learnt, so both are left out of the fingerprint of a training.
    limits: Limits = Field(default=Limits(), exclude=True)
    publish: Destinations = Field(default=Destinations(), exclude=True)
    _directory: Path = PrivateAttr(default_factory=Path.cwd)

    @model_validator(mode="after")
    def _outcome_somewhere(self) -> Self:
        if self.leads.target is None and self.outcomes is None:
            raise ValueError("no outcome: set `leads.target`, or describe an [outcomes] table")
        if self.leads.target is not None and self.outcomes is not None:
            raise ValueError("two outcomes: keep either `leads.target` or [outcomes]")
        return self

    @property
    def directory(self) -> Path:
        """The project folder, which every `path` in the contract is relative to."""
        return self._directory

    @property
    def is_flat(self) -> bool:
        """Whether the leads table carries its own outcome in a target column."""
        return self.leads.target is not None

    def in_directory(self, directory: Path) -> Contract:
        """Return the same contract with paths relative to another folder."""
        copy = self.model_copy()
        copy._directory = directory  # noqa: SLF001 - of its own class
        return copy


def load_contract(directory: Path) -> Contract:
    """Read and validate the `leadscore.toml` of a project folder, its paths relative to it.

    Raises
    ------
    ContractError
        Where the file is missing or has any fault; all faults are named at once.
    """
    return read_settings(directory / CONTRACT_FILE, Contract).in_directory(directory)
