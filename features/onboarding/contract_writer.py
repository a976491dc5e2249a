"""The lines of a drafted leadscore.toml, section by section, each guess with its reason."""

from __future__ import annotations

import json
import math
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from leadscore.features.contract import Reading
from leadscore.features.onboarding.guesses import Guess, guess_columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from leadscore.features.contract import Stage
    from leadscore.features.onboarding.guesses import TargetWords
    from leadscore.features.onboarding.profiles import ColumnProfile, Sample, TableProfile
    from leadscore.features.onboarding.table_plans import TablePlan

QUARANTINE_MARGIN = 0.03  # on top of the present share: the next export differs
MOSTLY_EMPTY_CELLS = 20  # with fewer, the comment says how many; a share would read 100 %
MAX_STEPS = 50  # of a sales process; a column of more words has not stages alone
UNKNOWN_WORDS_SHOWN = 12  # in a comment; more do not fit a line
SHAPES = {  # settings of the leads that come from a table's plan, with the reason
    "aliases": "other ids under which events and outcomes name the lead",
    "merged_into": "leads that were merged into another: their rows are that lead's",
    "deleted": "rows marked so are no leads",
    "deleted_at": "rows with a date here are no leads",
    "newest_by": "of several rows of a lead, the newest holds",
    "valid_from": "rows are versions: a night knows what was valid then",
    "valid_to": "",
    "otherwise": "cells that stand in for empty ones",
}


@dataclass(frozen=True)
class SpecialColumns:
    """The columns of the leads table that are no attributes."""

    lead_id: str | None
    created_at: str | None
    target: str | None
    account: str | None
    words: TargetWords | None


def head_lines(sample: Sample, name: str) -> list[str]:
    """Write where the draft comes from, and the project's name."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-_") or "leadscore"
    rows = f"{sample.rows:,} rows of {Path(sample.path).name}"
    return [
        _comment(f"# Drafted by `leadscore init` from {rows}."),
        "# Each guess gives its reason. Change what is wrong: the file is yours.",
        f"name = {_toml(plain)}",
    ]


def leads_lines(
    plan: TablePlan, table: TableProfile, special: SpecialColumns, directory: Path, stage: Stage
) -> list[str]:
    """Describe the leads table: its special columns, then what each shape of it needs."""
    lines = ["[leads]", *place_lines(table.sample, directory, plan.why)]
    lines += _lead_id_lines(table, special.lead_id)
    lines += _created_at_lines(table, special.created_at)
    if special.account is not None:
        companies = table.columns[special.account]
        share = companies.filled / max(companies.distinct, 1)
        reason = f"{companies.distinct:,} companies of {share:.1f} leads: colleagues count"
        lines.append(setting_line("account", special.account, reason))
    if plan.ids is not None:
        lines.append(setting_line("ids", plan.ids, "15 and 18 characters are one id"))
    for key, reason in SHAPES.items():
        if key in plan.settings:
            lines.append(setting_line(key, plan.settings[key], reason))
    if special.target is not None and special.words is not None:
        lines += _target_lines(table.columns[special.target], special.words, stage)
    return lines


def columns_lines(plan: TablePlan, table: TableProfile, special: SpecialColumns) -> list[str]:
    """Write what each attribute of the leads is, in the file's order.

    What a preset says holds, except of a column with a history: it is known as it stood.
    """
    own = (special.lead_id, special.created_at, special.account, special.target)
    shown = table.without(*own, *plan.unused)
    guesses = guess_columns(shown.values())
    known = {} if "valid_from" in plan.settings else plan.attributes
    taken = {each.spec for each in known.values() if "." in each.spec}
    lines = []
    for name, guess in guesses.items():
        found = known.get(name)
        if found is None or (found.spec != "ignored" and table.columns[name].kind == "empty"):
            found = _beside(guess, taken)
        lines.append(setting_line(name, found.spec, found.reason or shape_of(shown[name])))
    return ["[leads.columns]", *lines] if lines else []


def _beside(guess: Guess, taken: set[str]) -> Guess:
    """Leave out a term that a preset has given to another column."""
    form = guess.spec.split(":")[0]
    return Guess(guess.spec.split(".")[0], guess.reason) if form in taken else guess


def no_stage_lines(strange: Mapping[str, int]) -> list[str]:
    """Name the steps that are no stages, with their rows; of too many some may be stages."""
    if not strange:
        return []
    shown = [f"{word} ({rows:,})" for word, rows in strange.items()][:UNKNOWN_WORDS_SHOWN]
    if len(strange) > MAX_STEPS:
        return [_comment(f"# no stage of the funnel, and so set aside: {', '.join(shown)}, …")]
    rows = sum(strange.values())
    reason = f"passed over ({rows:,} rows); what is a stage goes to [outcomes.stages]"
    return [setting_line("no_stage", list(strange), reason)]


def quarantine_lines(unusable_share: float) -> list[str]:
    """Raise the limit of unusable rows, where the default would stop the run."""
    if unusable_share <= Reading().max_quarantine_share - QUARANTINE_MARGIN:
        return []
    share = min(1.0, math.ceil((unusable_share + QUARANTINE_MARGIN) * 100) / 100)
    reason = f"{unusable_share:.1%} of the outcomes cannot be used as they are"
    return [setting_line("max_quarantine_share", share, reason)]


def _lead_id_lines(table: TableProfile, lead_id: str | None) -> list[str]:
    if lead_id is None:
        return ["# lead_id: no column is different in every row, so the row number is the id"]
    repeats = table.columns[lead_id].rows - table.columns[lead_id].distinct
    repeated = f"repeats in {repeats:,} rows, which go to quarantine"
    return [setting_line("lead_id", lead_id, repeated if repeats else "names each row once")]


def _created_at_lines(table: TableProfile, created_at: str | None) -> list[str]:
    if created_at is None:
        return ["# created_at: no date of creation found, so later leads cannot test earlier ones"]
    empty = table.columns[created_at].missing_share
    lacking = f"; {empty:.1%} of the leads have none" if empty else ""
    return [setting_line("created_at", created_at, f"when the lead came into being{lacking}")]


def _target_lines(column: ColumnProfile, words: TargetWords, stage: Stage) -> list[str]:
    def rows(chosen: tuple[str, ...]) -> str:
        count = sum(int(column.counts[word]) for word in chosen)
        return f"{count:,} rows" if count else "no row yet: training needs both outcomes"

    lines = [
        setting_line("target", column.name),
        setting_line("stage", stage),
        setting_line("positive", list(words.positive), rows(words.positive)),
        setting_line("negative", list(words.negative), rows(words.negative)),
    ]
    blank = column.rows - column.filled
    unknown = [f"{word} ({column.counts[word]:,})" for word in words.unknown[:UNKNOWN_WORDS_SHOWN]]
    if blank:
        unknown.append(f"empty ({blank:,})")
    if unknown:
        lines.append(_comment(f"# not yet known: {', '.join(unknown)}"))
    return lines


def unused_line(columns: Iterable[str]) -> list[str]:
    """Name the columns that the contract does not read."""
    names = ", ".join(columns)
    return [_comment(f"# not used: {names}")] if names else []


def place_lines(sample: Sample, directory: Path, reason: str = "") -> list[str]:
    """Write where a table is."""
    first, *others = place_setting(sample, directory).items()
    return [setting_line(*first, reason), *(setting_line(*each) for each in others)]


def place_setting(sample: Sample, directory: Path) -> dict[str, str]:
    """Return where a table is, as settings."""
    place = {"path": _path(sample, directory)}
    return place if sample.sheet is None else {**place, "sheet": sample.sheet}


def _path(sample: Sample, directory: Path) -> str:
    """Write a path relative to the project folder, unless only the root is common to both."""
    full = Path(os.path.abspath(sample.path))  # noqa: PTH100 - a glob is no path to resolve
    folder = directory.resolve()
    try:
        shared = Path(os.path.commonpath([full, folder]))
    except ValueError:  # two drives
        return full.as_posix()
    if shared == Path(shared.anchor):
        return full.as_posix()
    return Path(os.path.relpath(full, folder)).as_posix()


def shape_of(column: ColumnProfile) -> str:
    """Say how many different cells of which kind a column has."""
    noun = {"number": "numbers", "date": "dates"}.get(column.kind, "texts")
    if column.filled < MOSTLY_EMPTY_CELLS:
        return f"{noun}, known in {column.filled:,} rows only"
    missing = f", {column.missing_share:.0%} missing" if column.missing_share >= 0.005 else ""
    return f"{column.distinct:,} different {noun}{missing}"


def setting_line(key: str, value: object, reason: str = "") -> str:
    """Write one setting, with the reason for it as a comment."""
    line = f"{_key(key)} = {_toml(value)}"
    return _comment(f"{line}  # {reason}") if reason else line


def _toml(value: object) -> str:
    """Write a value as TOML, whose strings, numbers, booleans and lists are those of JSON."""
    if isinstance(value, dict):
        pairs = ", ".join(f"{_key(name)} = {_toml(each)}" for name, each in value.items())
        return f"{{ {pairs} }}"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if re.fullmatch(r"[a-z_]+", name) else _toml(name)


def _comment(line: str) -> str:
    """Drop the control characters that TOML forbids in comments."""
    return re.sub(r"[\x00-\x08\x0a-\x1f\x7f]", " ", line)
