"""The lines of a drafted leadscore.toml, section by section, each guess with its reason."""

from __future__ import annotations

import json
import math
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from leadscore.features.contract import Reading
from leadscore.features.onboarding.column_roles import guess_columns
from leadscore.features.onboarding.horizons import guess_horizons, measure_durations
from leadscore.features.onboarding.outcome_labels import stage_words
from leadscore.features.onboarding.table_columns import (
    guess_event_columns,
    guess_groups,
    guess_lead_key,
    guess_outcome_columns,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from leadscore.features.contract import Stage
    from leadscore.features.onboarding.column_profile import ColumnProfile, TableProfile
    from leadscore.features.onboarding.file_sample import Sample
    from leadscore.features.onboarding.outcome_labels import TargetWords

QUARANTINE_MARGIN = 0.03  # on top of the present share: the next export differs
MOSTLY_EMPTY_CELLS = 20  # with fewer, the comment says how many; a share would read 100 %
MAX_STEPS = 50  # of a sales process; a column of more words has not stages alone
UNKNOWN_WORDS_SHOWN = 12  # in a comment; more do not fit a line


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
    table: TableProfile, special: SpecialColumns, directory: Path, stage: Stage
) -> list[str]:
    """Describe the leads table: its special columns, then every other one in the file's order."""
    lines = ["[leads]", *_place_lines(table.sample, directory)]
    lines += _lead_id_lines(table, special.lead_id)
    lines += _created_at_lines(table, special.created_at)
    if special.account is not None:
        companies = table.columns[special.account]
        share = companies.filled / max(companies.distinct, 1)
        reason = f"{companies.distinct:,} companies of {share:.1f} leads: colleagues count"
        lines.append(setting_line("account", special.account, reason))
    if special.target is not None and special.words is not None:
        lines += _target_lines(table.columns[special.target], special.words, stage)
    rest = table.without(special.lead_id, special.created_at, special.account, special.target)
    guesses = guess_columns(rest.values())
    if guesses:
        lines += ["", "[leads.columns]"]
    lines += [
        setting_line(name, guess.spec, guess.reason or _shape(rest[name]))
        for name, guess in guesses.items()
    ]
    return lines


def events_lines(
    tables: Mapping[str, TableProfile], special: SpecialColumns, directory: Path
) -> list[str]:
    """Describe the events table and group its kinds by their English names."""
    table, key = tables["events"], _lead_key(tables, "events", special)
    columns = table.without(key)
    mapped = guess_event_columns(columns, sample=table.sample)
    touch = {
        guess.spec.removeprefix("channel."): name
        for name, guess in guess_columns(
            column for name, column in columns.items() if name not in mapped.values()
        ).items()
        if guess.spec.startswith("channel.") and not guess.spec.startswith("channel.latest_")
    }
    lines = ["[events]", *_source_lines(table, key, {**mapped, **touch}, directory)]
    groups = guess_groups(map(str, columns[mapped["kind"]].counts.index))
    if groups:
        lines += ["", "[events.groups]"]
        lines += [
            setting_line(group, kinds, "by the words in the kinds' names")
            for group, kinds in groups.items()
        ]
    return lines


def outcomes_lines(
    tables: Mapping[str, TableProfile], special: SpecialColumns, directory: Path, reading: Reading
) -> tuple[list[str], list[str], float]:
    """Write the outcomes and the horizons; also return the share of unusable outcomes."""
    table, key = tables["outcomes"], _lead_key(tables, "outcomes", special)
    mapped = guess_outcome_columns(table.without(key), sample=table.sample)
    column = table.columns[mapped["stage"]]
    by_stage, strange = stage_words(column, path=table.sample.path)
    lines = ["[outcomes]", *_source_lines(table, key, mapped, directory)]
    lines += _no_stage_lines(column, strange)
    renamed = {stage: words for stage, words in by_stage.items() if words != [stage]}
    if renamed:
        lines += ["", "[outcomes.stages]"]
        lines += [setting_line(stage, words) for stage, words in renamed.items()]
    outcomes = _renamed(table, {"lead_id": key, **mapped})
    if len(strange) <= MAX_STEPS:  # these are passed over
        outcomes = outcomes[~outcomes.stage.isin(strange)]
    stage_of = {word: stage for stage, words in by_stage.items() for word in words}
    outcomes = outcomes.assign(stage=outcomes.stage.map(stage_of))
    horizon_lines, unusable_share = _horizon_lines(tables["leads"], outcomes, special, reading)
    return lines, horizon_lines, unusable_share


def _horizon_lines(
    leads: TableProfile, outcomes: pd.DataFrame, special: SpecialColumns, reading: Reading
) -> tuple[list[str], float]:
    """Choose horizons by how long leads took, and return the share of unusable outcomes."""
    named = {str(special.lead_id): "lead_id", str(special.created_at): "created_at"}
    own = leads.sample.rows_with(outcomes.lead_id, *named)
    every = pd.concat([own, leads.sample.frame[list(named)]]).rename(columns=named)
    durations = measure_durations(every, outcomes, reading)
    horizons = guess_horizons(durations.days_to, history_days=durations.history_days)
    unread = float(outcomes.stage.isna().mean())
    lines = [
        "[horizon_days]",
        setting_line("sql", horizons.sql, horizons.sql_reason),
        setting_line("won", horizons.won, horizons.won_reason),
    ]
    return lines, unread + durations.unknown_share + durations.too_early_share


def _lead_key(tables: Mapping[str, TableProfile], name: str, special: SpecialColumns) -> str:
    ids = tables["leads"].known_ids(str(special.lead_id), tables[name])
    return guess_lead_key(tables[name].columns, ids, sample=tables[name].sample)


def _no_stage_lines(column: ColumnProfile, strange: list[str]) -> list[str]:
    """Name the steps that are no stages; of too many words some may be stages."""
    if not strange:
        return []
    shown = ", ".join(f"{word} ({column.counts[word]:,})" for word in strange[:UNKNOWN_WORDS_SHOWN])
    if len(strange) > MAX_STEPS:
        return [_comment(f"# no stage of the funnel, and so set aside: {shown}, …")]
    rows = sum(int(column.counts[word]) for word in strange)
    reason = f"passed over ({rows:,} rows); what is a stage goes to [outcomes.stages]"
    return [setting_line("no_stage", strange, reason)]


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


def _source_lines(
    table: TableProfile, key: str, mapped: Mapping[str, str], directory: Path
) -> Iterable[str]:
    yield from _place_lines(table.sample, directory)
    yield setting_line("lead_id", key, "holds ids of the leads table")
    for term, column in mapped.items():
        yield setting_line(term, column, _shape(table.columns[column]))
    unused = [name for name in table.columns if name not in {key, *mapped.values()}]
    if unused:
        yield _comment(f"# not used: {', '.join(unused)}")


def _renamed(table: TableProfile, columns: Mapping[str, str | None]) -> pd.DataFrame:
    names = {str(column): term for term, column in columns.items()}
    return table.sample.frame[list(names)].rename(columns=names)


def _place_lines(sample: Sample, directory: Path) -> list[str]:
    lines = [setting_line("path", _path(sample, directory))]
    return lines if sample.sheet is None else [*lines, setting_line("sheet", sample.sheet)]


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


def _shape(column: ColumnProfile) -> str:
    noun = {"number": "numbers", "date": "dates"}.get(column.kind, "texts")
    if column.filled < MOSTLY_EMPTY_CELLS:
        return f"{noun}, known in {column.filled:,} rows only"
    missing = f", {column.missing_share:.0%} missing" if column.missing_share >= 0.005 else ""
    return f"{column.distinct:,} different {noun}{missing}"


def setting_line(key: str, value: object, reason: str = "") -> str:
    """Write one setting, with the reason for it as a comment."""
    bare = re.fullmatch(r"[a-z_]+", key) is not None
    line = f"{key if bare else _toml(key)} = {_toml(value)}"
    return _comment(f"{line}  # {reason}") if reason else line


def _toml(value: object) -> str:
    """Write a value as TOML, whose strings, numbers, booleans and lists are those of JSON."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _comment(line: str) -> str:
    """Drop the control characters that TOML forbids in comments."""
    return re.sub(r"[\x00-\x08\x0a-\x1f\x7f]", " ", line)
