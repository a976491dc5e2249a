"""A first leadscore.toml from somebody's files (`leadscore init`), each guess with its reason."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from leadscore.features.contract import CONTRACT_FILE, Contract
from leadscore.features.core import DataError, validated
from leadscore.features.onboarding.contract_writer import (
    SpecialColumns,
    columns_lines,
    head_lines,
    leads_lines,
    quarantine_lines,
    setting_line,
)
from leadscore.features.onboarding.dated_sections import events_section, outcomes_section
from leadscore.features.onboarding.export_plan import Export, export_of
from leadscore.features.onboarding.guesses import (
    choose_lead_id,
    find_target,
    guess_account,
    guess_created_at,
    guess_horizons,
    measure_durations,
    target_words,
)
from leadscore.features.onboarding.history_sections import history_lines
from leadscore.features.onboarding.init_notes import notes_on
from leadscore.features.onboarding.reading_section import reading_section
from leadscore.features.tables import open_tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from leadscore.features.contract import Stage


@dataclass(frozen=True)
class Draft:
    """A drafted `leadscore.toml` that loads as it is, and what its reader should know."""

    text: str
    notes: tuple[str, ...]


def draft_contract(
    leads: str | Path | Sequence[str | Path],
    *,
    directory: Path,
    events: str | Path | None = None,
    outcomes: str | Path | None = None,
    target: str | None = None,
    stage: Stage = "won",
    created_at: str | None = None,
    name: str | None = None,
    system: str | None = None,
) -> Draft:
    """Draft the contract that describes somebody's files.

    Parameters
    ----------
    leads
        The leads' file, or a folder or files in any order with the tables of an export: each is
        recognised by its columns.
    events, outcomes
        Files, folders or globs with events and outcomes alone.
    directory
        The project folder the contract is for; paths are written relative to it.
    target
        The outcome column of the leads table, for `stage`; found by its words if not given.
    created_at
        The column with the date a lead was created; found by its name if not given.
    name
        The project's name; by default the folder's.
    system
        The system that the files come from, as `leadscore systems` names it.

    Raises
    ------
    DataError
        Where a file cannot be used, a column does not exist, or the target is not binary.
    """
    if target is not None and outcomes is not None:
        raise DataError("--target and --outcomes both tell the outcome; give one of them.")
    given = [leads] if isinstance(leads, str | PurePath) else leads
    export = export_of(list(map(str, given)), events, outcomes, directory=directory, system=system)
    special = _special_columns(export, target=target, stage=stage, created_at=created_at)
    return _written(export, special, directory, stage, name or directory.resolve().name)


def _written(
    export: Export, special: SpecialColumns, directory: Path, stage: Stage, name: str
) -> Draft:
    """Write the sections, with horizons by what the tables that they describe tell."""
    plan, profile = export.leads
    dated = export.dated(special)
    head = head_lines(profile.sample, name)
    reading, guessed = reading_section(export, special)
    sections = [leads_lines(plan, profile, special, directory, stage)]
    sections += history_lines(export, special, directory)
    sections.append(columns_lines(plan, profile, special))
    if dated.events:
        sections.append(events_section(dated.events, directory))
    if dated.outcomes:
        sections.append(outcomes_section(dated.outcomes, directory))
        ending, unusable, why = _horizon_lines(_text([head, reading, *sections]), directory)
        guessed += why
        sections.append(ending)
        reading = [*(reading or ["[reading]"]), *quarantine_lines(unusable)]
        reading = reading if len(reading) > 1 else []
    text = _text([head, reading, *sections])
    _contract(text, directory)
    return Draft(text, (*notes_on(export, special, dated), *guessed))


def _text(sections: Sequence[Sequence[str]]) -> str:
    return "\n".join("\n".join(section) + "\n" for section in sections if section)


def _contract(text: str, directory: Path) -> Contract:
    """Return the contract that a text describes, which must load."""
    raw = tomllib.loads(text)
    return validated(raw, Contract, place=CONTRACT_FILE).in_directory(directory)


def _horizon_lines(text: str, directory: Path) -> tuple[list[str], float, list[str]]:
    """Choose horizons by how long leads took; return the share of unusable outcomes, and why."""
    drafted = _contract(text, directory)
    reading = drafted.reading.model_copy(update={"max_quarantine_share": 1.0})
    contract = drafted.model_copy(update={"events": None, "reading": reading})
    with open_tables(contract.in_directory(directory)) as tables:
        days_to, history_days = measure_durations(tables)
        counts = tables.quarantine.counts.set_index("table")["share"]
        unusable = float(counts.get("outcomes", 0.0))
        most = tables.quarantine.commonest_reasons("outcomes")
    horizons = guess_horizons(days_to, history_days=history_days)
    lines = [
        "[horizon_days]",
        setting_line("sql", horizons.sql, horizons.sql_reason),
        setting_line("won", horizons.won, horizons.won_reason),
    ]
    said = (
        f"{unusable:.0%} of the outcomes cannot be used as they are: {most}. If that is not so, "
        "look at the order of days and months, the time zone and the ids."
    )
    return lines, unusable, [said] if unusable > drafted.reading.max_quarantine_share else []


def _special_columns(
    export: Export, *, target: str | None, stage: Stage, created_at: str | None
) -> SpecialColumns:
    plan, leads = export.leads
    path = leads.sample.path
    stands_alone = not export.events and not export.outcomes and not export.tells_outcomes
    if target is not None:
        leads.sample.require(target, setting="--target")
    elif not export.outcomes and not export.tells_outcomes:
        target = find_target(leads.columns, path=path, stage=stage)
    words = target_words(leads.columns[target], path=path, stage=stage) if target else None
    created_at = _creation_column(export, created_at, target, needed=not stands_alone)
    candidates = leads.without(target, created_at, *plan.unused)
    lead_id = plan.settings.get("lead_id") or choose_lead_id(export.unkeyed, candidates)
    account = plan.settings.get("account")
    if account is None or leads.columns[str(account)].kind == "empty":
        account = guess_account(leads.without(target, created_at, str(lead_id)).values())
    return SpecialColumns(
        None if lead_id is None else str(lead_id),
        created_at,
        target,
        None if account is None else str(account),
        words,
    )


def _creation_column(
    export: Export, created_at: str | None, target: str | None, *, needed: bool
) -> str | None:
    plan, leads = export.leads
    if created_at is not None:
        leads.sample.require(created_at, setting="--created-at")
        if leads.columns[created_at].kind != "date":
            raise DataError(
                f"{leads.sample.path}: the cells of {created_at!r} cannot be read as dates. "
                "Write them as 2024-05-31 or 2024-05-31 18:05, or name another column."
            )
        return created_at
    preset = plan.settings.get("created_at")
    found = str(preset) if preset is not None else guess_created_at(leads.without(target))
    if found is None and needed:
        raise DataError(
            f"{leads.sample.path}: no column tells when a lead was created, which events and "
            "outcomes need. Name it with --created-at COL."
        )
    return found
