"""A first leadscore.toml from somebody's files (`leadscore init`), each guess with its reason."""

from __future__ import annotations

import json
import math
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from features.column_facts import column_facts, missing_words
from features.contract import CONTRACT_FILE, Reading, load_contract
from features.errors import DataError
from features.guess_horizons import guess_horizons, measure_durations
from features.guess_outcomes import TargetWords, find_target, stage_words, target_words
from features.guess_tables import (
    guess_created_at,
    guess_event_columns,
    guess_groups,
    guess_lead_key,
    guess_outcome_columns,
)
from features.guesses import guess_account, guess_columns, guess_lead_id
from features.sample import Sample, read_sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

    from features.column_facts import ColumnFacts
    from features.contract import Stage

QUARANTINE_MARGIN = 0.03  # on top of the share already seen: the next export will not be the same
UNKNOWN_WORDS_SHOWN = 12  # in a comment; more do not fit a line


@dataclass(frozen=True)
class _Table:
    """A sample with the facts of its columns."""

    sample: Sample
    facts: Mapping[str, ColumnFacts]

    def without(self, *names: str | None) -> dict[str, ColumnFacts]:
        return {name: each for name, each in self.facts.items() if name not in names}

    def cells(self, column: str) -> pd.Series:
        return self.sample.frame[column]


@dataclass(frozen=True)
class _Leads:
    """What the special columns of the leads table were guessed to be."""

    lead_id: str | None
    created_at: str | None
    target: str | None
    account: str | None
    words: TargetWords | None


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
    """Draft the contract that describes somebody's files.

    Parameters
    ----------
    leads
        The leads table: a CSV (also gzipped) or Parquet file, or a glob of either.
    directory
        The project folder the contract is for; paths are written relative to it.
    events, outcomes
        The other two tables, where there are any.
    target
        The column of the leads table that tells the outcome; found by its words if not named.
    stage
        Which stage `target` stands for.
    created_at
        The column with the date a lead came into being; found by its name if not named.
    name
        The project's name; the folder's if not given.

    Returns
    -------
    str
        The text of a `leadscore.toml` that loads as it is.

    Raises
    ------
    DataError
        Where a file cannot be used, a column does not exist, or the target is not binary.
    """
    if target is not None and outcomes is not None:
        raise DataError("--target and --outcomes both tell the outcome; give one of them.")
    samples = {
        table: read_sample(path)
        for table, path in (("leads", leads), ("events", events), ("outcomes", outcomes))
        if path is not None
    }
    missing = missing_words(sample.frame for sample in samples.values())
    tables = {
        table: _Table(sample, column_facts(sample.frame, missing)) for table, sample in samples.items()
    }
    special = _special_columns(tables, target=target, stage=stage, created_at=created_at)
    reading, reading_lines = _reading(tables, missing, special)
    parts = [_leads_lines(tables["leads"], special, directory, stage)]
    if "events" in tables:
        parts.append(_events_lines(tables, special, directory))
    if "outcomes" in tables:
        outcome_lines, horizon_lines, unusable = _outcomes_lines(tables, special, directory, reading)
        reading_lines += _quarantine_lines(unusable)
        parts += [outcome_lines, horizon_lines]
    head = _head(tables["leads"].sample, name or directory.resolve().name)
    text = "\n".join(["\n".join(part) + "\n" for part in (head, reading_lines, *parts) if part])
    return _validated(text)


def _special_columns(
    tables: Mapping[str, _Table], *, target: str | None, stage: Stage, created_at: str | None
) -> _Leads:
    leads = tables["leads"]
    path = leads.sample.path
    if target is not None:
        leads.sample.require(target, setting="--target")
    elif "outcomes" not in tables:
        target = find_target(leads.facts, path=path, stage=stage)
    words = target_words(leads.facts[target], path=path, stage=stage) if target else None
    created_at = _creation_column(tables, created_at, target)
    lead_id = _lead_id(tables, leads.without(target, created_at))
    account = guess_account(leads.without(target, created_at, lead_id).values())
    return _Leads(lead_id, created_at, target, account, words)


def _creation_column(
    tables: Mapping[str, _Table], created_at: str | None, target: str | None
) -> str | None:
    leads = tables["leads"]
    if created_at is not None:
        leads.sample.require(created_at, setting="--created-at")
        if leads.facts[created_at].kind != "date":
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


def _lead_id(tables: Mapping[str, _Table], candidates: Mapping[str, ColumnFacts]) -> str | None:
    """The id; with other tables, the one that their rows use."""
    others = [table for name, table in tables.items() if name != "leads"]
    if not others:
        return guess_lead_id(candidates)
    left, shared = dict(candidates), 0.0
    best: str | None = None
    while (found := guess_lead_id(left)) is not None:
        ids = set(tables["leads"].cells(found))
        share = min(_share_known(table, ids) for table in others)
        if share > shared:
            best, shared = found, share
        del left[found]
    if best is None:
        raise DataError(
            f"{tables['leads'].sample.path}: no column names each lead once with the ids that "
            f"{others[0].sample.path} uses. Name that column lead_id in both files."
        )
    return best


def _share_known(table: _Table, ids: set[str]) -> float:
    """The largest share of a column's different cells that are ids of leads."""
    return max(
        (float(each.counts.index.isin(ids).mean()) for each in table.facts.values() if each.filled),
        default=0.0,
    )


def _head(sample: Sample, name: str) -> list[str]:
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-_") or "leadscore"
    rows = f"{len(sample.frame):,} rows" if sample.is_whole else f"the first {len(sample.frame):,} rows"
    return [
        _comment(f"# Drafted by `leadscore init` from {rows} of {Path(sample.path).name}."),
        "# Each guess gives its reason. Change what is wrong: the file is yours.",
        f"name = {_toml(plain)}",
    ]


def _reading(
    tables: Mapping[str, _Table], missing: list[str], special: _Leads
) -> tuple[Reading, list[str]]:
    samples = [table.sample for table in tables.values() if table.sample.is_text]
    delimiter = _one_of({each.delimiter for each in samples}, "delimiters", samples) or ","
    encodings = {each.encoding for each in samples} - {"ascii"}
    if {"utf-8", "utf-8-sig"} <= encodings:
        encodings.remove("utf-8")
    encoding = _one_of(encodings, "encodings", samples) or "utf-8"
    day_first, day_reason = _day_order(tables, special)
    lines = []
    if delimiter != ",":
        lines.append(_line("delimiter", delimiter, "splits most lines as the header"))
    if encoding != "utf-8":
        lines.append(_line("encoding", encoding, "how the file's bytes read as text"))
    if missing:
        lines.append(_line("missing", missing, "found in cells; they say that nothing is known"))
    if day_first or day_reason:
        lines.append(_line("day_first", day_first, day_reason))
    reading = Reading(encoding=encoding, missing=tuple(missing), day_first=day_first)
    reading = reading.model_copy(update={"delimiter": delimiter})
    return reading, ["[reading]", *lines] if lines else []


def _one_of(found: set[str], what: str, samples: list[Sample]) -> str | None:
    """The setting that all files share; one contract holds one of each."""
    if len(found) > 1:
        files = ", ".join(f"{each.path} ({getattr(each, what[:-1])!r})" for each in samples)
        raise DataError(f"The files have different {what}: {files}. Save all of them alike.")
    return next(iter(found), None)


def _day_order(tables: Mapping[str, _Table], special: _Leads) -> tuple[bool, str]:
    """Whether dates are day first, by the creation dates, else by all others."""
    every = {facts for table in tables.values() for facts in _dates(table) if facts[1] is not None}
    named = {order for name, order in every if name == special.created_at}
    orders = named or {order for _, order in every}
    if orders == {True}:
        return True, "days above 12, or dots, stand first in the dates"
    if len(orders) > 1:
        return False, "some columns write the day first, others the month; check created_at"
    return False, ""


def _dates(table: _Table) -> list[tuple[str, bool | None]]:
    return [(each.name, each.day_first) for each in table.facts.values() if each.kind == "date"]


def _leads_lines(table: _Table, special: _Leads, directory: Path, stage: Stage) -> list[str]:
    lines = ["[leads]", _line("path", _path(table.sample, directory))]
    lines += _lead_id_lines(table, special.lead_id)
    if special.created_at is not None:
        empty = table.facts[special.created_at].missing_share
        lacking = f"; {empty:.1%} of the leads have none" if empty else ""
        lines.append(_line("created_at", special.created_at, f"when the lead came into being{lacking}"))
    else:
        lines.append("# created_at: no date of creation found, so later leads cannot test earlier ones")
    if special.account is not None:
        lines.append(_line("account", special.account, "leads of one company are kept together"))
    if special.target is not None and special.words is not None:
        lines += _target_lines(table.facts[special.target], special.words, stage)
    rest = table.without(special.lead_id, special.created_at, special.account, special.target)
    guesses = guess_columns(rest.values())
    if guesses:
        lines += ["", "[leads.columns]"]
    lines += [
        _line(name, guess.spec, guess.reason or _shape(rest[name])) for name, guess in guesses.items()
    ]
    return lines


def _lead_id_lines(table: _Table, lead_id: str | None) -> list[str]:
    if lead_id is None:
        return ["# lead_id: no column is different in every row, so the row number is the id"]
    repeats = table.facts[lead_id].rows - table.facts[lead_id].distinct
    reason = f"repeats in {repeats:,} rows, which go to quarantine" if repeats else "names each row once"
    return [_line("lead_id", lead_id, reason)]


def _target_lines(facts: ColumnFacts, words: TargetWords, stage: Stage) -> list[str]:
    def rows(chosen: tuple[str, ...]) -> str:
        count = sum(int(facts.counts[word]) for word in chosen)
        return f"{count:,} rows" if count else "no row yet: training needs both outcomes"

    lines = [
        _line("target", facts.name),
        _line("stage", stage),
        _line("positive", list(words.positive), rows(words.positive)),
        _line("negative", list(words.negative), rows(words.negative)),
    ]
    blank = facts.rows - facts.filled
    unknown = [f"{word} ({facts.counts[word]:,})" for word in words.unknown[:UNKNOWN_WORDS_SHOWN]]
    if blank:
        unknown.append(f"empty ({blank:,})")
    if unknown:
        lines.append(_comment(f"# not yet known: {', '.join(unknown)}"))
    return lines


def _events_lines(tables: Mapping[str, _Table], special: _Leads, directory: Path) -> list[str]:
    table = tables["events"]
    key = guess_lead_key(table.facts, tables["leads"].cells(str(special.lead_id)), sample=table.sample)
    columns = table.without(key)
    mapped = guess_event_columns(columns, sample=table.sample)
    touch = {
        guess.spec.removeprefix("channel."): name
        for name, guess in guess_columns(
            facts for name, facts in columns.items() if name not in mapped.values()
        ).items()
        if guess.spec.startswith("channel.") and not guess.spec.startswith("channel.latest_")
    }
    lines = ["[events]", *_source_lines(table, key, {**mapped, **touch}, directory)]
    groups = guess_groups(map(str, columns[mapped["kind"]].counts.index))
    if groups:
        lines += ["", "[events.groups]"]
        lines += [_line(group, kinds, "by the words in the kinds' names") for group, kinds in groups.items()]
    return lines


def _outcomes_lines(
    tables: Mapping[str, _Table], special: _Leads, directory: Path, reading: Reading
) -> tuple[list[str], list[str], float]:
    """The outcomes, the horizons, and the share of outcome rows that cannot be used."""
    table, leads = tables["outcomes"], tables["leads"]
    key = guess_lead_key(table.facts, leads.cells(str(special.lead_id)), sample=table.sample)
    mapped = guess_outcome_columns(table.without(key), sample=table.sample)
    facts = table.facts[mapped["stage"]]
    by_stage, strange = stage_words(facts, path=table.sample.path)
    lines = ["[outcomes]", *_source_lines(table, key, mapped, directory)]
    if strange:
        shown = ", ".join(f"{word} ({facts.counts[word]:,})" for word in strange[:UNKNOWN_WORDS_SHOWN])
        lines.append(_comment(f"# no stage of the funnel, and so set aside: {shown}"))
    renamed = {stage: words for stage, words in by_stage.items() if words != [stage]}
    if renamed:
        lines += ["", "[outcomes.stages]", *(_line(stage, words) for stage, words in renamed.items())]
    stage_of = {word: stage for stage, words in by_stage.items() for word in words}
    durations = measure_durations(
        _renamed(leads, {"lead_id": special.lead_id, "created_at": special.created_at}),
        _renamed(table, {"lead_id": key, **mapped}).assign(
            stage=lambda frame: frame.stage.map(stage_of)
        ),
        reading,
    )
    horizons = guess_horizons(durations.days_to, history_days=durations.history_days)
    horizon_lines = [
        "[horizon_days]",
        _line("sql", horizons.sql, horizons.sql_reason),
        _line("won", horizons.won, horizons.won_reason),
    ]
    unknown_leads = durations.unknown_share if leads.sample.is_whole else 0.0
    unread = sum(int(facts.counts[word]) for word in strange) / facts.rows + facts.missing_share
    return lines, horizon_lines, unread + unknown_leads + durations.too_early_share


def _renamed(table: _Table, columns: Mapping[str, str | None]) -> pd.DataFrame:
    names = {str(column): term for term, column in columns.items()}
    return table.sample.frame[list(names)].rename(columns=names)


def _source_lines(
    table: _Table, key: str, mapped: Mapping[str, str], directory: Path
) -> Iterable[str]:
    yield _line("path", _path(table.sample, directory))
    yield _line("lead_id", key, "holds ids of the leads table")
    for term, column in mapped.items():
        yield _line(term, column, _shape(table.facts[column]))
    unused = [name for name in table.facts if name not in {key, *mapped.values()}]
    if unused:
        yield _comment(f"# not used: {', '.join(unused)}")


def _quarantine_lines(unusable_share: float) -> list[str]:
    """Room for the rows known to be unusable, where the default would stop the run."""
    if unusable_share <= Reading().max_quarantine_share - QUARANTINE_MARGIN:
        return []
    share = min(1.0, math.ceil((unusable_share + QUARANTINE_MARGIN) * 100) / 100)
    reason = f"{unusable_share:.1%} of the outcomes cannot be used as they are"
    return [_line("max_quarantine_share", share, reason)]


def _shape(facts: ColumnFacts) -> str:
    noun = {"number": "numbers", "date": "dates"}.get(facts.kind, "texts")
    known = f"{facts.distinct:,} different {noun}"
    return f"{known}, {facts.missing_share:.0%} missing" if facts.missing_share >= 0.005 else known


def _path(sample: Sample, directory: Path) -> str:
    """Relative to the project folder, unless the two have nothing but the root in common."""
    full = Path(os.path.abspath(sample.path))  # noqa: PTH100 - a glob is no path to resolve
    folder = directory.resolve()
    try:
        shared = Path(os.path.commonpath([full, folder]))
    except ValueError:  # two drives
        return full.as_posix()
    if shared == Path(shared.anchor):
        return full.as_posix()
    return Path(os.path.relpath(full, folder)).as_posix()


def _line(key: str, value: object, reason: str = "") -> str:
    bare = re.fullmatch(r"[a-z_]+", key) is not None
    line = f"{key if bare else _toml(key)} = {_toml(value)}"
    return _comment(f"{line}  # {reason}") if reason else line


def _toml(value: object) -> str:
    """A value as TOML, which writes strings, numbers, truth and lists as JSON does."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _comment(line: str) -> str:
    """A line with a comment, without the control characters that TOML forbids in one."""
    return re.sub(r"[\x00-\x08\x0a-\x1f\x7f]", " ", line)


def _validated(text: str) -> str:
    """The text, once it has loaded as a contract does."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / CONTRACT_FILE).write_text(text, encoding="utf-8")
        load_contract(Path(folder))
    return text
