"""A preset as typed settings: what one system calls its tables and columns."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, PrivateAttr, field_validator, model_validator

from leadscore.features.contract import ColumnSpec, of_known_stages
from leadscore.features.core import Settings, nearest
from leadscore.features.onboarding.systems.export_fields import ExportFields
from leadscore.features.onboarding.systems.spellings import words

Holds = Literal["leads", "events", "outcomes", "history", "merges", "links", "other"]


def _one_or_several(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Handles = Annotated[tuple[str, ...], BeforeValidator(_one_or_several)]

# What a table must tell to be of use; `other` tables are of none.
NEEDED: dict[str, tuple[str, ...]] = {
    "leads": ("lead_id", "created_at"),
    "events": ("lead_id", "occurred_at"),
    "outcomes": ("lead_id",),
    "history": ("lead_id", "changed_at", "field", "new"),
    "merges": ("alias", "lead_id"),
    "links": ("record_id", "lead_id"),
    "other": (),
}


class Evidence(Settings):
    """Which columns make a table this object; without `any`, `own` and `enough`, `all` proves it.

    `all` must be there and `none` may not. One of `any`, or a column spelled as one of `own`, or
    `enough` known columns prove that the names are the system's.
    """

    all: tuple[str, ...]
    any: tuple[str, ...] = ()
    none: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    enough: int | None = Field(default=None, ge=1)


class TableContract(Settings):
    """Contract keys and the handles that stand for them; the first that is found comes first."""

    lead_id: Handles = ()
    created_at: Handles = ()
    account: Handles = ()
    merged_into: Handles = ()  # the id of the lead that a row's lead was merged into
    newest_by: Handles = ()
    valid_from: Handles = ()
    valid_to: Handles = ()
    event_id: Handles = ()
    occurred_at: Handles = ()
    recorded_at: Handles = ()
    kind: Handles = ()
    value: Handles = ()
    source: Handles = ()
    medium: Handles = ()
    campaign: Handles = ()
    landing_page: Handles = ()
    stage: Handles = ()
    amount: Handles = ()
    reason: Handles = ()
    changed_at: Handles = ()
    field: Handles = ()
    old: Handles = ()
    new: Handles = ()
    alias: Handles = ()
    record_id: Handles = ()  # the table's own id, where a table of links joins it to leads
    aliases: Handles = ()  # every one that is found: other ids of the lead
    deleted: Handles = ()  # every one: a true word means that the row is none
    deleted_at: Handles = ()  # every one: a filled cell means that the row is none
    dates: dict[str, Handles] = Field(default_factory=dict)
    stages: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @property
    def keys(self) -> dict[str, Handles]:
        """The keys that stand for one column, with their handles."""
        several = {"aliases", "deleted", "deleted_at", "dates", "stages"}
        return {key: handles for key, handles in self if key not in several and handles}

    @property
    def handles(self) -> set[str]:
        """Every handle that the contract mentions."""
        groups = [*self.keys.values(), *self.dates.values()]
        groups += [self.aliases, self.deleted, self.deleted_at]
        return {handle for group in groups for handle in group}

    @field_validator("dates", "stages")
    @classmethod
    def _known_stages(cls, by_stage: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        return of_known_stages(by_stage)


class SystemObject(Settings):
    """One table of a system: the names of its columns by our handles, and what they mean."""

    title: str
    holds: Holds = Field(alias="is")
    kind: str | None = None
    links: Handles = ()  # of a table of links: the objects whose records it joins to leads
    prefixes: tuple[str, ...] = ()
    columns: dict[str, tuple[str, ...]]
    recognise: Evidence
    contract: TableContract = TableContract()
    attributes: dict[str, str] = Field(default_factory=dict)
    of_today: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        faults = [*self._unknown_handles(), *_spelled_twice(self.columns)]
        faults += [*_bad_forms(self.attributes), *self._missing_keys()]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _unknown_handles(self) -> list[str]:
        marks = self.recognise
        used = [*marks.all, *marks.any, *marks.none, *sorted(self.contract.handles)]
        used += [*self.attributes, *self.of_today]
        unknown = [handle for handle in dict.fromkeys(used) if handle not in self.columns]
        return [f"{each!r} is no handle. {nearest(each, self.columns)}" for each in unknown]

    def _missing_keys(self) -> list[str]:
        known = self.contract.keys
        faults = [
            f"a table of {self.holds} needs `contract.{key}`"
            for key in NEEDED[self.holds]
            if key not in known
        ]
        if self.holds == "events" and "kind" not in known and self.kind is None:
            faults.append("a table of events needs `contract.kind`, or `kind` for all its rows")
        staged = "stage" in known and "occurred_at" in known
        if self.holds == "outcomes" and not staged and not self.contract.dates:
            faults.append(
                "a table of outcomes needs `contract.stage` and `contract.occurred_at`, or dates"
            )
        return faults


class System(Settings):
    """One system: the whole of a preset."""

    title: str
    ids: Literal["salesforce"] | None = None
    prefixes: tuple[str, ...] = ()
    objects: dict[str, SystemObject] = Field(min_length=1)
    advice: dict[str, str] = Field(default_factory=dict)
    export: ExportFields | None = None
    _name: str = PrivateAttr(default="")

    @property
    def name(self) -> str:
        """The name of the preset's file, by which a user chooses the system."""
        return self._name

    def named(self, name: str) -> System:
        """Return the same preset under a name."""
        copy = self.model_copy()
        copy._name = name  # noqa: SLF001 - of its own class
        return copy

    @model_validator(mode="after")
    def _advice_on_objects(self) -> Self:
        odd = [
            f"`advice` on {each!r}, which is no object. {nearest(each, self.objects)}"
            for each in self.advice
            if each not in self.objects
        ]
        if odd:
            raise ValueError("; ".join(odd))
        return self


def _spelled_twice(columns: dict[str, tuple[str, ...]]) -> list[str]:
    first: dict[tuple[str, ...], str] = {}
    faults = []
    for handle, spellings in columns.items():
        for spelling in spellings:
            other = first.setdefault(words(spelling), handle)
            if other != handle:
                faults.append(f"{spelling!r} is spelled both as {other!r} and as {handle!r}")
    return faults


def _bad_forms(attributes: dict[str, str]) -> list[str]:
    faults = []
    terms: dict[str, str] = {}
    for handle, form in attributes.items():
        try:
            spec = ColumnSpec.parse(form)
        except ValueError as error:
            faults.append(f"`attributes.{handle}`: {error}")
            continue
        if spec.term is not None and terms.setdefault(spec.term, handle) != handle:
            faults.append(f"{terms[spec.term]!r} and {handle!r} are both {form}")
    return faults
