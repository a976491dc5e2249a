"""Where the three tables are and what their columns mean: the sections `[leads]` and the like."""

from __future__ import annotations

import re
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from leadscore.features.core import Settings, nearest

Role = Literal["firmographic", "channel", "personal", "value", "ignored"]
ColumnType = Literal["number", "text"]
Stage = Literal["sql", "won"]

# The words of the contract that a column may be mapped to, by role, with the type each is read as.
TERMS: dict[str, dict[str, ColumnType]] = {
    "firmographic": {
        "company_size": "text",  # a head count, or a band such as 51-200
        "revenue": "text",
        "industry": "text",
        "country": "text",
        "region": "text",
        "job_title": "text",
    },
    "channel": {
        "source": "text",
        "medium": "text",
        "campaign": "text",
        "landing_page": "text",
        "latest_source": "text",
        "latest_medium": "text",
        "latest_campaign": "text",
        "latest_landing_page": "text",
    },
    "personal": {
        "email": "text",
        "phone": "text",
        "first_name": "text",
        "last_name": "text",
        "full_name": "text",
    },
    "value": {"amount": "number"},
    "ignored": {},
}

OUTCOME_STAGES = ("mql", "accepted", "sql", "rejected", "recycled", "won", "lost")


class ColumnSpec(Settings):
    """What one column of the leads table is: its role, the term it stands for, its type."""

    role: Role
    term: str | None = None
    type: ColumnType | None = None

    @classmethod
    def parse(cls, text: str) -> ColumnSpec:
        """Read the short form `role`, `role.term`, `role:type` or `role.term:type`.

        Examples
        --------
        >>> ColumnSpec.parse("channel.source").term
        'source'
        >>> ColumnSpec.parse("firmographic:number").type
        'number'
        """
        match = re.fullmatch(r"(\w+)(?:\.(\w+))?(?::(\w+))?", text.strip())
        if match is None:
            message = 'expected "role", "role.term", "role:type" or "role.term:type"'
            raise ValueError(message)
        role, term, kind = match.groups()
        if role not in TERMS:
            raise ValueError(f"{role!r} is not a role. {nearest(role, TERMS)}")
        if term is not None and term not in TERMS[role]:
            raise ValueError(f"{term!r} is not a term of {role}. {nearest(term, TERMS[role])}")
        if kind not in {None, "number", "text"}:
            raise ValueError(f"{kind!r} is not a type; use number or text")
        return cls.model_validate({"role": role, "term": term, "type": kind})


class Source(Settings):
    """Where a table is: a file, folder or glob, or a table behind an Ibis connection address.

    `sheet` names the sheet of a workbook; by default it is the first with rows.
    """

    path: str | None = None
    sheet: str | None = None
    address: str | None = None
    table: str | None = None
    lead_id: str = "lead_id"

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.path is None) == (self.address is None):
            raise ValueError("give either `path` (a file or glob) or `address` with `table`")
        if self.address is not None and self.table is None:
            raise ValueError("`address` needs `table`, the table's name behind it")
        return self


class LeadsSource(Source):
    """The leads table: a row a lead; with `target` it carries its own outcome."""

    lead_id: str | None = None  # type: ignore[assignment]  # a flat file may have none
    created_at: str | None = None
    account: str | None = None
    target: str | None = None
    stage: Stage = "won"
    positive: tuple[str, ...] = ("1",)
    negative: tuple[str, ...] = ("0",)
    columns: dict[str, ColumnSpec] = Field(default_factory=dict)

    @field_validator("columns", mode="before")
    @classmethod
    def _short_forms(cls, columns: object) -> object:
        if not isinstance(columns, dict):
            return columns
        faults, parsed = [], {}
        for name, text in columns.items():
            if not isinstance(text, str):
                parsed[name] = text
                continue
            try:
                parsed[name] = ColumnSpec.parse(text)
            except ValueError as error:
                faults.append(f"{name!r}: {error}")
        if faults:
            raise ValueError("; ".join(faults))
        return parsed

    @model_validator(mode="after")
    def _one_column_a_term(self) -> Self:
        seen: dict[str, str] = {}
        for name, spec in self.columns.items():
            if spec.term is None:
                continue
            if spec.term in seen:
                message = f"{seen[spec.term]!r} and {name!r} are both {spec.role}.{spec.term}"
                raise ValueError(message)
            seen[spec.term] = name
        return self

    @model_validator(mode="after")
    def _target_words_apart(self) -> Self:
        both = set(self.positive) & set(self.negative)
        if both:
            raise ValueError(f"{sorted(both)} stand in both `positive` and `negative`")
        return self


class EventsSource(Source):
    """The events table: a row is something a lead did."""

    occurred_at: str = "occurred_at"
    kind: str = "kind"
    recorded_at: str | None = None
    value: str | None = None
    source: str | None = None
    medium: str | None = None
    campaign: str | None = None
    landing_page: str | None = None
    groups: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @field_validator("groups")
    @classmethod
    def _plain_group_names(cls, groups: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        odd = [name for name in groups if not re.fullmatch(r"[a-z][a-z0-9_]*", name)]
        if odd:
            raise ValueError(f"group names are lower-case words joined by _, not {odd}")
        return groups


class OutcomesSource(Source):
    """The outcomes table: a row is a stage a lead reached."""

    occurred_at: str = "occurred_at"
    stage: str = "stage"
    recorded_at: str | None = None
    reason: str | None = None
    amount: str | None = None
    stages: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    no_stage: tuple[str, ...] = ()  # words of steps that are none of the funnel's; passed over
    reason_groups: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @field_validator("stages")
    @classmethod
    def _known_stages(cls, stages: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        faults = [
            f"{stage!r} is not a stage. {nearest(stage, OUTCOME_STAGES)}"
            for stage in stages
            if stage not in OUTCOME_STAGES
        ]
        if faults:
            raise ValueError("; ".join(faults))
        return stages

    @model_validator(mode="after")
    def _stages_or_none(self) -> Self:
        words = {word for each in self.stages.values() for word in each}
        both = sorted(words & set(self.no_stage))
        if both:
            raise ValueError(f"{both} stand in both `stages` and `no_stage`")
        return self
