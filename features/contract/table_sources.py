"""Where the three tables are and what their columns mean: the sections `[leads]` and the like.

A company's system may keep one of the three in several tables (calls and meetings), or one table
may tell of two (a leads table with a date a stage); each such table is a section of its own.
"""

from __future__ import annotations

import re
from typing import Literal, Self, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from leadscore.features.contract.column_specs import ColumnSpec
from leadscore.features.core import Settings, nearest

Stage = Literal["sql", "won"]
OtherLeads = Literal["fault", "pass"]

OUTCOME_STAGES = ("mql", "accepted", "sql", "rejected", "recycled", "won", "lost")

WHOLE_ROW = "(whole row)"  # as `event_id`: rows that agree in every cell are one event


def known_zone(name: str) -> str:
    """Return the name of a time zone, or raise `ValueError` for what is none."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError("not a time zone of the IANA list, such as Europe/Amsterdam") from error
    return name


class Source(Settings):
    """Where a table is: a file, folder or glob, or a table behind an Ibis connection address.

    `sheet` names the sheet of a workbook; by default it is the first with rows.
    """

    path: str | None = None
    sheet: str | None = None
    address: str | None = None
    table: str | None = None
    lead_id: str = "lead_id"
    timezone: str | None = None  # of moments without a zone; else that of [reading]
    deleted: tuple[str, ...] = ()  # columns in which a word such as true marks a row as deleted
    deleted_at: tuple[str, ...] = ()  # columns in which anything marks a row as deleted
    # Columns whose cells stand in for empty ones of another, the first that is filled.
    otherwise: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str | None) -> str | None:
        return None if name is None else known_zone(name)

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if getattr(self, "tables", {}):
            self._only_in_tables()
        elif (self.path is None) == (self.address is None):
            raise ValueError("give either `path` (a file or glob) or `address` with `table`")
        if self.address is not None and self.table is None:
            raise ValueError("`address` needs `table`, the table's name behind it")
        return self

    def _only_in_tables(self) -> None:
        """Refuse settings of one table beside several."""
        shared = {"tables", "kinds", "groups", "stages", "no_stage", "reason_groups"}
        own = sorted(self.model_fields_set - shared)
        if own:
            raise ValueError(f"beside `tables`, move {', '.join(own)} into each of them")


class HistorySource(Source):
    """Former values of the leads' columns: a row is a change of one column.

    With `old`, a column holds the old value before its first change and today's if it never
    changed. Without it nothing is known of a column in `fields` before its first change.
    """

    changed_at: str = "changed_at"
    field: str = "field"
    old: str | None = None
    new: str = "new"
    fields: dict[str, str] = Field(default_factory=dict)  # names in `field` by column of the leads
    other_leads: OtherLeads = "pass"

    @model_validator(mode="after")
    def _known_fields(self) -> Self:
        if self.old is None and not self.fields:
            # What never changed would be as today, and what changes later unknown: a leak.
            raise ValueError(
                "give `old`, the column of former values, or `fields`: which columns of the leads "
                "the history tells of from the first value on"
            )
        return self


class MergedSource(Source):
    """Ids that were given up when records were merged: a row is an id and the lead it is now."""

    alias: str = "alias"


class LinkSource(Source):
    """Which leads a record belongs to: a row joins the record's id and a lead's."""

    id: str = "id"


class LeadsSource(Source):
    """The leads table: a row a lead; with `target` it carries its own outcome."""

    lead_id: str | None = None  # type: ignore[assignment]  # a flat file may have none
    created_at: str | None = None
    account: str | None = None
    ids: Literal["salesforce"] | None = None  # 15 and 18 characters are one id
    aliases: tuple[str, ...] = ()  # columns of other ids of the lead, as events may use
    merged: MergedSource | None = None
    merged_into: str | None = None  # a column: the id of the lead that this one is now
    newest_by: str | None = None  # of several rows of a lead, the one with the highest value holds
    valid_from: str | None = None  # rows are versions of leads, each valid from here
    valid_to: str | None = None
    history: HistorySource | None = None
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
    def _one_history(self) -> Self:
        if self.valid_to is not None and self.valid_from is None:
            raise ValueError("`valid_to` needs `valid_from`")
        if self.valid_from is not None and (self.history or self.newest_by):
            raise ValueError("rows are versions by `valid_from`: leave history and newest_by out")
        by_id = (self.aliases, self.merged, self.merged_into, self.ids, self.newest_by)
        if self.lead_id is None and (any(by_id) or self.has_history):
            raise ValueError("aliases, ids, merges and histories belong to leads with a `lead_id`")
        return self

    @property
    def has_history(self) -> bool:
        """Whether former values of the leads' columns are known."""
        return self.valid_from is not None or self.history is not None

    @model_validator(mode="after")
    def _target_words_apart(self) -> Self:
        both = set(self.positive) & set(self.negative)
        if both:
            raise ValueError(f"{sorted(both)} stand in both `positive` and `negative`")
        return self


class DatedSource(Source):
    """A table whose rows belong to leads: by their ids, or by that of a record."""

    several_leads: bool = False  # a cell of `lead_id` may hold the ids of several leads
    link: LinkSource | None = None  # then `lead_id` is a record's id, such as a deal's


class EventsTable(DatedSource):
    """A table of events: a row is something a lead did."""

    occurred_at: str = "occurred_at"
    kind: str = "kind"
    kind_is: str | None = None  # of all rows, where no column tells it
    recorded_at: str | None = None
    value: str | None = None
    source: str | None = None
    medium: str | None = None
    campaign: str | None = None
    landing_page: str | None = None
    event_id: str | None = None  # rows that agree in it are one event, delivered more than once
    other_leads: OtherLeads = "fault"  # rows of ids that the leads table does not hold

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if self.kind_is is not None and "kind" in self.model_fields_set:
            raise ValueError("give either `kind`, a column, or `kind_is`, a word for all rows")
        return self


class EventsSource(EventsTable):
    """The events: one table, or several with columns of their own."""

    tables: dict[str, EventsTable] = Field(default_factory=dict)
    kinds: tuple[str, ...] = ()  # that are known; `check` and the night name others
    groups: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @field_validator("groups")
    @classmethod
    def _plain_group_names(cls, groups: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        odd = [name for name in groups if not re.fullmatch(r"[a-z][a-z0-9_]*", name)]
        if odd:
            raise ValueError(f"group names are lower-case words joined by _, not {odd}")
        return groups


StageValue = TypeVar("StageValue")


def of_known_stages(by_stage: dict[str, StageValue]) -> dict[str, StageValue]:
    """Return what was given by stage, or raise `ValueError` for a word that is no stage."""
    faults = [
        f"{stage!r} is not a stage. {nearest(stage, OUTCOME_STAGES)}"
        for stage in by_stage
        if stage not in OUTCOME_STAGES
    ]
    if faults:
        raise ValueError("; ".join(faults))
    return by_stage


class OutcomesTable(DatedSource):
    """A table of outcomes: a row is a stage a lead reached, or a lead with a date a stage."""

    occurred_at: str = "occurred_at"
    stage: str = "stage"
    dates: dict[str, str] = Field(default_factory=dict)  # columns of dates, by stage
    recorded_at: str | None = None
    reason: str | None = None
    amount: str | None = None
    other_leads: OtherLeads = "fault"

    @field_validator("dates")
    @classmethod
    def _dates_of_stages(cls, dates: dict[str, str]) -> dict[str, str]:
        return of_known_stages(dates)

    @model_validator(mode="after")
    def _rows_or_dates(self) -> Self:
        both = {"stage", "occurred_at"} & self.model_fields_set
        if self.dates and both:
            raise ValueError(f"`dates` tells stages and their times: leave {sorted(both)} out")
        return self


class OutcomesSource(OutcomesTable):
    """The outcomes: one table, or several with columns of their own."""

    tables: dict[str, OutcomesTable] = Field(default_factory=dict)
    stages: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    no_stage: tuple[str, ...] = ()  # words of steps that are none of the funnel's; passed over
    reason_groups: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @field_validator("stages")
    @classmethod
    def _known_stages(cls, stages: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        return of_known_stages(stages)

    @model_validator(mode="after")
    def _stages_or_none(self) -> Self:
        words = {word for each in self.stages.values() for word in each}
        both = sorted(words & set(self.no_stage))
        if both:
            raise ValueError(f"{both} stand in both `stages` and `no_stage`")
        return self
