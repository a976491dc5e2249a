"""A first leadscore.toml from somebody's files (`leadscore init`), each guess with its reason."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from leadscore.features.contract import CONTRACT_FILE, Reading, load_contract
from leadscore.features.core import DataError
from leadscore.features.onboarding.cell_forms import choose_day_order, decimal_mark
from leadscore.features.onboarding.column_profile import (
    TableProfile,
    missing_words,
    profile_columns,
)
from leadscore.features.onboarding.column_roles import guess_account
from leadscore.features.onboarding.contract_writer import (
    SpecialColumns,
    events_lines,
    head_lines,
    leads_lines,
    outcomes_lines,
    quarantine_lines,
    setting_line,
)
from leadscore.features.onboarding.file_sample import Sample, read_sample
from leadscore.features.onboarding.lead_id import choose_lead_id
from leadscore.features.onboarding.outcome_labels import find_target, target_words
from leadscore.features.onboarding.table_columns import guess_created_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leadscore.features.contract import Stage


def draft_contract(
    leads: str | Path,
    *,
    directory: Path,
    events: str | Path | None = None,
    outcomes: str | Path | None = None,
    target: str | None = None,
    stage: Stage = "won",
    created_at: str | None = None,
    name: str | None = None,
) -> str:
    """Draft the contract that describes somebody's files: a `leadscore.toml` that loads as it is.

    Parameters
    ----------
    leads, events, outcomes
        CSV (also gzipped) or Parquet files, or globs of either.
    directory
        The project folder the contract is for; paths are written relative to it.
    target
        The outcome column of the leads table, for `stage`; found by its words if not given.
    created_at
        The column with the date a lead was created; found by its name if not given.
    name
        The project's name; by default the folder's.

    Raises
    ------
    DataError
        Where a file cannot be used, a column does not exist, or the target is not binary.
    """
    if target is not None and outcomes is not None:
        raise DataError("--target and --outcomes both tell the outcome; give one of them.")
    paths = {"leads": leads, "events": events, "outcomes": outcomes}
    samples = {table: read_sample(path) for table, path in paths.items() if path is not None}
    missing = missing_words(sample.frame for sample in samples.values())
    tables = {
        table: TableProfile(sample, profile_columns(sample.frame, missing))
        for table, sample in samples.items()
    }
    special = _special_columns(tables, target=target, stage=stage, created_at=created_at)
    reading, reading_lines = _reading(tables, missing, special)
    parts = [leads_lines(tables["leads"], special, directory, stage)]
    if "events" in tables:
        parts.append(events_lines(tables, special, directory))
    if "outcomes" in tables:
        outcome_lines, horizon_lines, unusable = outcomes_lines(tables, special, directory, reading)
        reading_lines += quarantine_lines(unusable)
        parts += [outcome_lines, horizon_lines]
    head = head_lines(tables["leads"].sample, name or directory.resolve().name)
    section = ["[reading]", *reading_lines] if reading_lines else []
    text = "\n".join(["\n".join(part) + "\n" for part in (head, section, *parts) if part])
    return _validated(text)


def _special_columns(
    tables: Mapping[str, TableProfile], *, target: str | None, stage: Stage, created_at: str | None
) -> SpecialColumns:
    leads = tables["leads"]
    path = leads.sample.path
    if target is not None:
        leads.sample.require(target, setting="--target")
    elif "outcomes" not in tables:
        target = find_target(leads.columns, path=path, stage=stage)
    words = target_words(leads.columns[target], path=path, stage=stage) if target else None
    created_at = _creation_column(tables, created_at, target)
    lead_id = choose_lead_id(tables, leads.without(target, created_at))
    account = guess_account(leads.without(target, created_at, lead_id).values())
    return SpecialColumns(lead_id, created_at, target, account, words)


def _creation_column(
    tables: Mapping[str, TableProfile], created_at: str | None, target: str | None
) -> str | None:
    leads = tables["leads"]
    if created_at is not None:
        leads.sample.require(created_at, setting="--created-at")
        if leads.columns[created_at].kind != "date":
            raise DataError(
                f"{leads.sample.path}: the cells of {created_at!r} cannot be read as dates. "
                "Write them as 2024-05-31 or 2024-05-31 18:05, or name another column."
            )
        return created_at
    found = guess_created_at(leads.without(target))
    if found is None and len(tables) > 1:
        raise DataError(
            f"{leads.sample.path}: no column tells when a lead was created, which events and "
            "outcomes need. Name it with --created-at COL."
        )
    return found


def _reading(
    tables: Mapping[str, TableProfile], missing: list[str], special: SpecialColumns
) -> tuple[Reading, list[str]]:
    """Choose how all tables are read, and write what differs from the default."""
    samples = [table.sample for table in tables.values() if table.sample.is_text]
    encodings = {each.encoding for each in samples} - {"ascii"}
    if {"utf-8", "utf-8-sig"} <= encodings:
        encodings.remove("utf-8")
    columns = [each for table in tables.values() for each in table.columns.values()]
    delimiter = _one_of({each.delimiter for each in samples}, "delimiters", samples) or ","
    day_first = choose_day_order(columns, special.created_at, delimiter=delimiter)
    decimal = decimal_mark(columns, delimiter=delimiter)
    reading = Reading(
        delimiter=delimiter,
        encoding=_one_of(encodings, "encodings", samples) or "utf-8",
        missing=tuple(missing),
        day_first=day_first.value,
        decimal=decimal.value,
    )
    reasons = {
        "delimiter": "splits most lines as the header",
        "encoding": "how the file's bytes read as text",
        "missing": "found in cells; they say that nothing is known",
        "day_first": day_first.reason,
        "decimal": decimal.reason,
    }
    undecided = {"day_first": not day_first.told, "decimal": not decimal.told}
    given, usual = reading.model_dump(), Reading().model_dump()
    differ = [key for key in reasons if given[key] != usual[key] or undecided.get(key)]
    return reading, [setting_line(key, given[key], reasons[key]) for key in differ]


def _one_of(found: set[str], what: str, samples: list[Sample]) -> str | None:
    """Return the setting that all files share, as one contract has one."""
    if len(found) > 1:
        files = ", ".join(f"{each.path} ({getattr(each, what[:-1])!r})" for each in samples)
        raise DataError(f"The files have different {what}: {files}. Save all of them alike.")
    return next(iter(found), None)


def _validated(text: str) -> str:
    """Return the text if it loads as a contract."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / CONTRACT_FILE).write_text(text, encoding="utf-8")
        load_contract(Path(folder))
    return text
