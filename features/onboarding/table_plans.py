"""What each table of an export is: a system's object, or one told by its columns and cells."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from leadscore.features.cells import YES
from leadscore.features.core import slug, unique
from leadscore.features.onboarding.guesses import Guess
from leadscore.features.onboarding.profiles import read_sample
from leadscore.features.onboarding.systems import landing_of, recognise

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

    from leadscore.features.onboarding.profiles import Sample
    from leadscore.features.onboarding.systems import Landed, Recognised, System

Holds = Literal["leads", "events", "outcomes", "history", "merges", "links", "other", "unknown"]

PLAIN_KEYS = {  # settings that are one column, by what a table holds
    "leads": ("lead_id", "created_at", "account", "merged_into"),
    "events": (
        *("lead_id", "occurred_at", "kind", "recorded_at", "value", "source", "medium"),
        *("campaign", "landing_page"),
    ),
    "outcomes": ("lead_id", "occurred_at", "stage", "recorded_at", "reason", "amount"),
    "history": ("lead_id", "changed_at", "field", "old", "new"),
    "merges": ("lead_id", "alias"),
    "links": ("record_id", "lead_id"),
}


@dataclass(frozen=True)
class TablePlan:
    """A table of an export, and how the contract will read it."""

    name: str  # plain, unique among the tables
    sample: Sample
    holds: Holds
    why: str = ""
    settings: Mapping[str, object] = field(default_factory=dict)  # of the contract, but `path`
    dates: Mapping[str, str] = field(default_factory=dict)  # columns of dates, by stage
    stages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # words, by stage
    attributes: Mapping[str, Guess] = field(default_factory=dict)
    unused: tuple[str, ...] = ()  # columns that a landing added
    ids: Literal["salesforce"] | None = None
    recognised: Recognised | None = None
    current: str | None = None  # a column that is true on the newest version
    link: TablePlan | None = None  # the table that joins this one's records to leads

    @property
    def rows(self) -> pd.DataFrame:
        """The sample without deleted rows and, of a lead's versions, with the newest alone."""
        frame, given = self.sample.frame, self.settings
        for column in listed(given.get("deleted")):
            frame = frame[~_is_yes(frame[column])]
        for column in (*listed(given.get("deleted_at")), *listed(given.get("merged_into"))):
            frame = frame[frame[column] == ""]
        if self.current is not None and "valid_from" in given:
            return frame[_is_yes(frame[self.current])].reset_index(drop=True)
        newest = given.get("valid_from") or given.get("newest_by")
        key = given.get("lead_id")
        if self.holds == "leads" and isinstance(newest, str) and isinstance(key, str):
            frame = frame.sort_values(newest, kind="stable")
            frame = frame[~frame[key].duplicated(keep="last")].sort_index()
        return frame.reset_index(drop=True)

    @property
    def is_filtered(self) -> bool:
        """Whether some rows of the table do not count."""
        return len(self.rows) < len(self.sample.frame)

    def held_as(self, holds: Holds, why: str = "") -> TablePlan:
        """Return the plan of the same table for something else."""
        return replace(self, holds=holds, why=why or self.why)


def plan_tables(
    tables: Iterable[tuple[str, str | None]],
    systems: Sequence[System],
    *,
    system: str | None = None,
) -> list[TablePlan]:
    """Recognise tables, given by path and sheet, as a system's objects where they are.

    Others `hold` what is unknown; `table_roles` tells it by their cells.
    """
    used: set[str] = set()
    plans = []
    for path, sheet in tables:
        sample = read_sample(path, sheet=sheet)
        columns = list(map(str, sample.frame.columns))
        found = recognise(columns, systems, only=system)
        name = unique(slug(sheet or _stem(path), default="table"), used)
        used.add(name)
        plans.append(_plan(name, sample, found, landing_of(columns)))
    return plans


def _plan(name: str, sample: Sample, found: Recognised | None, landed: Landed) -> TablePlan:
    deleted, deleted_at = list(landed.deleted), list(landed.deleted_at)
    if found is None:
        plan = TablePlan(name, sample, "unknown", unused=landed.columns)
    else:
        deleted, deleted_at = [*found.deleted, *deleted], [*found.deleted_at, *deleted_at]
        plan = TablePlan(
            name,
            sample,
            found.object.holds,
            f"{found.system.title}'s {found.object.title}, by the names of its columns",
            _settings(found),
            found.dates,
            found.stages,
            {each: Guess(a.spec, a.reason) for each, a in found.attributes.items()},
            landed.columns,
            found.system.ids,
            found,
        )
    settings = dict(plan.settings)
    if deleted:
        settings["deleted"] = list(dict.fromkeys(deleted))
    if deleted_at:
        settings["deleted_at"] = list(dict.fromkeys(deleted_at))
    if landed.valid_from is not None:
        settings.pop("newest_by", None)  # versions tell which is the newest
        settings["valid_from"] = landed.valid_from
        settings |= {"valid_to": landed.valid_to} if landed.valid_to else {}
    elif landed.newest_by is not None:
        settings.setdefault("newest_by", landed.newest_by)
    return replace(plan, settings=settings, current=landed.current)


def _settings(found: Recognised) -> dict[str, object]:
    """Return the settings of a system's table that are told by its preset."""
    holds, choices = found.object.holds, found.choices
    settings: dict[str, object] = {
        key: choices[key][0] for key in PLAIN_KEYS.get(holds, ()) if key in choices
    }
    otherwise = {
        columns[0]: list(columns[1:])
        for key, columns in choices.items()
        if key in settings and len(columns) > 1
    }
    if otherwise:
        settings["otherwise"] = otherwise
    if found.kind is not None and holds == "events":
        settings["kind_is"] = found.kind
    if "event_id" in choices:
        settings["event_id"] = choices["event_id"][0]
    if holds == "leads":
        settings |= {"aliases": list(found.aliases)} if found.aliases else {}
        versions = ("newest_by", "valid_from", "valid_to")
        settings |= {key: choices[key][0] for key in versions if key in choices}
    return settings


def _stem(path: str) -> str:
    """Return a file's name without what tells its format, or the folder's."""
    return re.sub(r"(\.\w{1,7})+$|\*", "", Path(path).name)


def _is_yes(cells: pd.Series[str]) -> pd.Series[bool]:
    """Read cells as `cells.flag_cell` does."""
    return cells.str.lower().str.replace(r"^1\.0+$", "1", regex=True).isin(YES)


def listed(columns: object) -> list[str]:
    """Return a setting of one column or several as a list; empty where it is not set."""
    if isinstance(columns, str):
        return [columns]
    return list(columns) if isinstance(columns, list) else []
