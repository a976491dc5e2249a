"""Under which names a system's importer takes what a night says of a lead."""

from __future__ import annotations

from typing import Literal, Self, get_args

from pydantic import Field, field_validator, model_validator

from leadscore.features.core import Settings, nearest

Said = Literal[
    "lead_id",
    "as_of",
    "p_sql",
    "p_won",
    "score",
    "tier",
    "previous_tier",
    "moved",
    "rule",
    "team",
    "reasons_for",
    "reasons_against",
    "brief",
    "missing_facts",
    "expected_value",
    "model_version",
    "policy_version",
]
SAID: tuple[Said, ...] = get_args(Said)  # columns of the ledger


class ExportField(Settings):
    """One column of the file: what stands in it, and what field it goes to.

    Give `of`, or `always`: the same word in every row. `make` is the type of a field that has to
    be made first; left out, the system has the field already.
    """

    of: Said | None = None
    always: str | None = None
    make: str | None = None
    scale: float = Field(default=1.0, gt=0)  # of numbers: 100 writes a chance in percent
    decimals: int = Field(default=0, ge=0, le=6)
    words: dict[str, str] = Field(default_factory=dict)  # the system's word or number by ours
    longest: int | None = Field(default=None, ge=2)  # characters that the field holds

    @field_validator("of", mode="before")
    @classmethod
    def _known(cls, of: object) -> object:
        if of is not None and of not in SAID:
            raise ValueError(f"nothing that a night says of a lead. {nearest(str(of), SAID)}")
        return of

    @model_validator(mode="after")
    def _one_content(self) -> Self:
        if (self.of is None) == (self.always is None):
            raise ValueError("give either `of` or `always`")
        return self


class ExportFields(Settings):
    """The section `[export]` of a preset: a file for the system's importer."""

    table: str  # that the rows go to
    importer: str  # where people start the import
    fields: dict[str, ExportField]  # by heading, in the file's order

    @model_validator(mode="after")
    def _names_the_lead(self) -> Self:
        ids = [name for name, field in self.fields.items() if field.of == "lead_id"]
        if len(ids) != 1:
            raise ValueError('one of `fields` has to be `of = "lead_id"`, and only one')
        return self
