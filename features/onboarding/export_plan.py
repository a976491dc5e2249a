"""The tables of an export, each with its role, and which of them are read."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from leadscore.features.core import DataError
from leadscore.features.onboarding.dated_sections import (
    DatedTable,
    event_table,
    outcome_tables,
)
from leadscore.features.onboarding.guesses import role_of, stage_dates
from leadscore.features.onboarding.linked_tables import names_no_lead, with_links
from leadscore.features.onboarding.profiles import (
    TableProfile,
    missing_words,
    profile_columns,
)
from leadscore.features.onboarding.systems import load_systems
from leadscore.features.onboarding.table_plans import TablePlan, plan_tables
from leadscore.features.sources import tables_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from leadscore.features.onboarding.contract_writer import SpecialColumns
    from leadscore.features.onboarding.table_plans import Holds

Planned = tuple[TablePlan, TableProfile]


@dataclass(frozen=True)
class Dated:
    """The tables of events and outcomes with their settings."""

    events: list[DatedTable]
    outcomes: list[DatedTable]

    def strangers(self, leads: TablePlan) -> list[DatedTable]:
        """Return the tables of which no row belongs to a lead."""
        return [
            each
            for each in (*self.events, *self.outcomes)
            if names_no_lead(each.plan, each.settings["lead_id"], leads)
        ]


@dataclass(frozen=True)
class Export:
    """The tables of an export by what they hold."""

    leads: Planned
    missing: list[str]  # words that say that nothing is known
    events: list[Planned] = field(default_factory=list)
    outcomes: list[Planned] = field(default_factory=list)
    history: list[Planned] = field(default_factory=list)
    merges: list[Planned] = field(default_factory=list)
    others: list[Planned] = field(default_factory=list)  # that are not read
    empty: list[str] = field(default_factory=list)  # files without rows

    @property
    def every(self) -> list[Planned]:
        """All tables that are read."""
        return [self.leads, *self.events, *self.outcomes, *self.history, *self.merges]

    @property
    def dates(self) -> Mapping[str, str]:
        """The columns of the leads with the date of each stage, where these tell the outcome."""
        plan, profile = self.leads
        own = {stage: each for stage, each in plan.dates.items() if each in profile.columns}
        if plan.recognised is None and not self.outcomes:
            own = stage_dates(profile.columns)
        return own

    @property
    def tells_outcomes(self) -> bool:
        """Whether the leads tell their outcomes: by dates, or by a stage with its moment."""
        known = self.leads[0].recognised
        staged = known is not None and {"stage", "occurred_at"} <= known.contract.keys()
        return bool(self.dates) or staged

    @property
    def unkeyed(self) -> dict[str, TableProfile]:
        """The leads and the tables whose columns of ids are not known, for `choose_lead_id`."""
        found = {"leads": self.leads[1]}
        for plan, profile in (*self.events, *self.outcomes):
            if "lead_id" not in plan.settings:
                found[plan.name] = profile
        return found

    def dated(self, special: SpecialColumns) -> Dated:
        """Settle the columns of the tables of events and outcomes."""
        plan, leads = self.leads
        has_aliases = bool({"aliases", "merged_into"} & plan.settings.keys()) or bool(self.merges)
        may_pass = plan.is_filtered or has_aliases

        def known_ids(table: TableProfile) -> set[str]:
            return leads.known_ids(str(special.lead_id), table)

        def passes(each: TablePlan) -> bool:
            return may_pass or each.recognised is not None

        events = [
            event_table(each, profile, known_ids, pass_others=passes(each))
            for each, profile in self.events
        ]
        given = [(each, profile, _dates(each, profile)) for each, profile in self.outcomes]
        if self.tells_outcomes and special.target is None:
            given.insert(0, (_of_leads(plan, special), leads, self.dates))
        outcomes = [
            table
            for each, profile, dates in given
            for table in outcome_tables(
                each, profile, known_ids, dates=dates, pass_others=passes(each)
            )
        ]
        return Dated(events, outcomes)


def _of_leads(plan: TablePlan, special: SpecialColumns) -> TablePlan:
    """Return the leads table as one of outcomes."""
    kept = {"deleted", "deleted_at"}
    settings = {key: each for key, each in plan.settings.items() if key in kept}
    told = {} if plan.recognised is None else plan.recognised.contract
    told = {key: told[key] for key in ("stage", "occurred_at", "reason", "amount") if key in told}
    settings = {"lead_id": special.lead_id, **told, **settings}
    return replace(plan, settings=settings, why="the leads tell their outcomes")


def _dates(plan: TablePlan, profile: TableProfile) -> Mapping[str, str]:
    """Return the columns with the date of each stage, where no column names the stage."""
    if plan.recognised is not None:
        return plan.dates
    texts = [each for each in profile.columns.values() if each.kind == "text"]
    named = any(each.mentions(("stage",)) for each in texts)
    return {} if named else stage_dates(profile.columns)


def export_of(
    leads: Sequence[str],
    events: str | Path | None,
    outcomes: str | Path | None,
    *,
    directory: Path,
    system: str | None,
) -> Export:
    """Find the tables that paths hold, and what each is.

    Raises
    ------
    DataError
        Where there is nothing to read, or no table of leads.
    """
    systems = load_systems(directory)
    there = [table for path in leads for table in tables_in(path)]
    empty = [table.path for table in there if not table.columns]
    found = [(table.path, table.sheet) for table in there if table.columns]
    fixed: dict[int, Holds] = {}
    if len(found) == 1:
        fixed[0] = "leads"
    given: dict[Holds, str | Path | None] = {"events": events, "outcomes": outcomes}
    for holds, path in given.items():
        if path is not None:
            fixed[len(found)] = holds
            found.append((str(path), None))
    plans = with_links(plan_tables(found, systems, system=system))
    plans = [
        plan if n not in fixed or plan.holds == fixed[n] else _as(plan, fixed[n])
        for n, plan in enumerate(plans)
    ]
    missing = missing_words([plan.sample for plan in plans])
    planned = [(plan, _profile(plan, missing)) for plan in plans]
    planned = [
        (plan.held_as(role_of(profile.columns)) if plan.holds == "unknown" else plan, profile)
        for plan, profile in planned
    ]
    return replace(_sorted(planned, missing, leads), empty=empty)


def _as(plan: TablePlan, holds: Holds) -> TablePlan:
    """Return a table as what the user says it is, forgetting what a preset said."""
    landing = {"deleted", "deleted_at", "newest_by", "valid_from", "valid_to"}
    settings = {key: each for key, each in plan.settings.items() if key in landing}
    return replace(
        TablePlan(plan.name, plan.sample, holds, settings=settings),
        unused=plan.unused,
        current=plan.current,
    )


def _profile(plan: TablePlan, missing: list[str]) -> TableProfile:
    rows = plan.rows
    if len(rows) == len(plan.sample.frame):
        sample = plan.sample
        return TableProfile(sample, profile_columns(sample.frame, missing, sample.whole))
    sample = replace(plan.sample, frame=rows, whole=None)
    return TableProfile(sample, profile_columns(rows, missing))


def _sorted(planned: list[Planned], missing: list[str], paths: Sequence[str]) -> Export:
    """Sort tables by role; of several of leads the system's leads come first, then the widest."""
    by_role: dict[str, list[Planned]] = {}
    for plan, profile in planned:
        by_role.setdefault(plan.holds, []).append((plan, profile))
    leads = by_role.get("leads", [])
    if not leads:
        names = ", ".join(plan.sample.path for plan, _ in planned)
        raise DataError(
            f"{', '.join(paths)}: no table of leads among {names}. Export the leads too: a row a "
            "lead, with its id and when it was created."
        )
    first = min(leads, key=lambda each: (_rank(each[0]), -len(each[1].columns)))
    others = [each for each in leads if each is not first] + by_role.get("other", [])
    return Export(
        first,
        missing,
        events=by_role.get("events", []),
        outcomes=by_role.get("outcomes", []),
        history=by_role.get("history", []),
        merges=by_role.get("merges", []),
        others=others,
    )


def _rank(plan: TablePlan) -> int:
    """Prefer a table of a system that is called leads, then any of a system."""
    if plan.recognised is None:
        return 2
    return 0 if "lead" in plan.recognised.name else 1
