"""The sections of events and outcomes in a drafted contract: one table, or several."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from leadscore.features.contract import OUTCOME_STAGES, WHOLE_ROW
from leadscore.features.onboarding.contract_writer import (
    no_stage_lines,
    place_lines,
    place_setting,
    setting_line,
    shape_of,
    unused_line,
)
from leadscore.features.onboarding.guesses import (
    guess_columns,
    guess_event_columns,
    guess_groups,
    guess_lead_key,
    guess_outcome_columns,
    stage_words,
)
from leadscore.features.onboarding.linked_tables import several_ids

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from leadscore.features.onboarding.profiles import TableProfile
    from leadscore.features.onboarding.table_plans import TablePlan

MOST_KINDS_NOTED = 60  # of more, the line would be unreadable
EVENT_ID = (("event", "id"), ("event", "uuid"), ("message", "id"), ("activity", "id"), ("uuid",))
MARKS = ("deleted", "deleted_at")
SECONDS = r".*\d:\d{2}:\d{2}.*|\d{10,19}(\.\d+)?"  # moments that no two acts are likely to share


@dataclass(frozen=True)
class DatedTable:
    """A table of events or outcomes with its settings, and why each was chosen."""

    plan: TablePlan
    profile: TableProfile
    settings: Mapping[str, object]
    reasons: Mapping[str, str] = field(default_factory=dict)

    @property
    def used(self) -> set[str]:
        """The columns that the contract reads."""
        found: set[str] = set()
        for value in self.settings.values():
            if isinstance(value, dict):
                nested = [x for each in value.items() for x in each]
                found |= {y for x in nested for y in (x if isinstance(x, list) else [x])}
            else:
                found |= set(value) if isinstance(value, list) else {str(value)}
        return found & set(self.profile.columns)

    def lines(self, directory: Path) -> list[str]:
        """Write the settings of the table."""
        lines = place_lines(self.profile.sample, directory, self.plan.why)
        if self.plan.link is not None:
            lines.append(self._link_line(self.plan.link, directory))
        for key, value in self.settings.items():
            columns = self.profile.columns
            column = columns.get(value) if isinstance(value, str) else None
            usual = "" if column is None else shape_of(column)
            lines.append(setting_line(key, value, self.reasons.get(key, usual)))
        unused = [name for name in self.profile.columns if name not in self.used]
        return [*lines, *unused_line(unused)]

    def _link_line(self, link: TablePlan, directory: Path) -> str:
        settings = {"id": link.settings["record_id"], "lead_id": link.settings["lead_id"]}
        settings |= {key: link.settings[key] for key in MARKS if key in link.settings}
        place = place_setting(link.sample, directory)
        return setting_line("link", {**place, **settings}, "joins the ids of records and of leads")


def event_table(
    plan: TablePlan,
    profile: TableProfile,
    known_ids: Callable[[TableProfile], set[str]],
    *,
    pass_others: bool,
) -> DatedTable:
    """Settle what the columns of a table of events are; a missing one raises `DataError`."""
    settings, reasons = _keyed(plan, profile, known_ids)
    if plan.recognised is None:
        columns = profile.without(str(settings["lead_id"]), *plan.unused)
        mapped = guess_event_columns(columns, sample=profile.sample)
        settings |= mapped
        rest = [column for name, column in columns.items() if name not in mapped.values()]
        for name, guess in guess_columns(rest).items():
            role, _, term = guess.spec.partition(".")
            if role == "channel" and term and not term.startswith("latest_"):
                settings[term] = name
    settings, reasons = _told_apart(plan, profile, settings, reasons)
    return DatedTable(plan, profile, *_passing(settings, reasons, pass_others=pass_others))


def outcome_tables(
    plan: TablePlan,
    profile: TableProfile,
    known_ids: Callable[[TableProfile], set[str]],
    *,
    dates: Mapping[str, str],
    pass_others: bool,
) -> list[DatedTable]:
    """Settle what the columns of a table of outcomes are.

    One with a stage of today and dates of other stages is read twice, a row a stage and by dates.
    """
    staged = plan.recognised is not None and {"stage", "occurred_at"} <= plan.settings.keys()
    if not staged or not dates or {"won", "lost"} <= dates.keys():
        return [_outcome_table(plan, profile, known_ids, dates=dates, pass_others=pass_others)]
    by_stage = _outcome_table(plan, profile, known_ids, dates={}, pass_others=pass_others)
    rest = {stage: column for stage, column in dates.items() if stage not in plan.stages}
    if not rest:
        return [by_stage]
    dated = replace(plan, name=f"{plan.name}_dates", why="the same table: a date a stage")
    return [
        by_stage,
        _outcome_table(dated, profile, known_ids, dates=rest, pass_others=pass_others),
    ]


def _outcome_table(
    plan: TablePlan,
    profile: TableProfile,
    known_ids: Callable[[TableProfile], set[str]],
    *,
    dates: Mapping[str, str],
    pass_others: bool,
) -> DatedTable:
    """Settle the columns of a table with a row a stage; with `dates`, of one with a column each."""
    settings, reasons = _keyed(plan, profile, known_ids)
    if dates:
        told = {"stage", "occurred_at", "reason", "amount"}
        settings = {key: each for key, each in settings.items() if key not in told}
        settings["dates"] = dict(dates)
        reasons["dates"] = "the columns with the date at which each stage was reached"
    elif plan.recognised is None:
        columns = profile.without(str(settings["lead_id"]), *plan.unused)
        settings |= guess_outcome_columns(columns, sample=profile.sample)
    return DatedTable(plan, profile, *_passing(settings, reasons, pass_others=pass_others))


def _keyed(
    plan: TablePlan, profile: TableProfile, known_ids: Callable[[TableProfile], set[str]]
) -> tuple[dict[str, object], dict[str, str]]:
    settings = {key: each for key, each in plan.settings.items() if key != "newest_by"}
    if "lead_id" not in settings:
        columns = profile.without(*plan.unused)
        key = guess_lead_key(columns, known_ids(profile), sample=profile.sample)
        settings = {"lead_id": key, **settings}
    reasons = {"lead_id": "holds ids of the leads table"}
    if plan.link is not None:
        reasons["lead_id"] = "holds ids of records, which `link` joins to leads"
    elif plan.recognised is not None and several_ids(plan, settings["lead_id"]):
        settings["several_leads"] = True
        reasons["several_leads"] = "a cell may hold the ids of several leads"
    return settings, reasons


def _passing(
    settings: dict[str, object], reasons: dict[str, str], *, pass_others: bool
) -> tuple[dict[str, object], dict[str, str]]:
    if pass_others:
        settings["other_leads"] = "pass"
        reasons["other_leads"] = "rows of people who are no leads are passed over"
    return settings, reasons


def _told_apart(
    plan: TablePlan, profile: TableProfile, settings: dict[str, object], reasons: dict[str, str]
) -> tuple[dict[str, object], dict[str, str]]:
    """Count an event once where rows repeat: by its id, else where all cells are the same."""
    named = settings.pop("event_id", None) or next(
        (
            name
            for name, column in profile.columns.items()
            if column.words in EVENT_ID and name != settings["lead_id"]
        ),
        None,
    )
    if named is not None:
        column = profile.columns[str(named)]
        repeats = column.filled - column.distinct
        if repeats:
            settings["event_id"] = named
            reasons["event_id"] = f"{repeats:,} rows repeat an event, which is counted once"
        return settings, reasons
    rows = plan.rows
    repeats = int(rows.duplicated().sum())
    moments = rows[str(settings.get("occurred_at"))] if "occurred_at" in settings else None
    if repeats and moments is not None and moments.str.fullmatch(SECONDS).mean() > 0.5:
        settings["event_id"] = WHOLE_ROW
        reasons["event_id"] = f"{repeats:,} rows agree in every cell, and are counted once"
    return settings, reasons


def events_section(tables: Sequence[DatedTable], directory: Path) -> list[str]:
    """Write `[events]` and the groups of its kinds, by their English names."""
    kinds: list[str] = []
    for table in tables:
        column, word = table.settings.get("kind"), table.settings.get("kind_is")
        if word is not None:
            kinds.append(str(word))
        elif column is not None:
            kinds += map(str, table.profile.columns[str(column)].counts.index)
    kinds = list(dict.fromkeys(kinds))  # the most frequent first
    known = "what is known now; `leadscore check` names new kinds"
    noted = [setting_line("kinds", sorted(kinds), known)] if len(kinds) <= MOST_KINDS_NOTED else []
    lines = _sections("events", tables, directory, noted)
    groups = guess_groups(kinds)
    if groups:
        lines += ["", "[events.groups]"]
        lines += [
            setting_line(group, members, "by the words in the kinds' names")
            for group, members in groups.items()
        ]
    return lines


def outcomes_section(tables: Sequence[DatedTable], directory: Path) -> list[str]:
    """Write `[outcomes]`, the words of each stage, and those that are none."""
    words: dict[str, list[str]] = {}
    steps: dict[str, int] = {}
    for table in tables:
        column = table.settings.get("stage")
        if column is None:
            continue
        by_stage, strange = _stages(table, str(column))
        for stage, own in by_stage.items():
            words[stage] = list(dict.fromkeys([*words.get(stage, []), *own]))
        counts = table.profile.columns[str(column)].counts
        for word in strange:
            steps[word] = steps.get(word, 0) + int(counts[word])
    lines = _sections("outcomes", tables, directory, no_stage_lines(steps))
    renamed = {stage: own for stage, own in words.items() if own != [stage]}
    if renamed:
        lines += ["", "[outcomes.stages]"]
        lines += [setting_line(stage, own) for stage, own in renamed.items()]
    return lines


def _stages(table: DatedTable, column: str) -> tuple[dict[str, list[str]], list[str]]:
    """Map words to stages: those of the system's preset, else those that are understood."""
    profile = table.profile.columns[column]
    if not table.plan.stages:
        return stage_words(profile, path=table.profile.sample.path)
    cells = [str(cell) for cell in profile.counts.index]
    stage_of = {
        word.casefold(): stage for stage, words in table.plan.stages.items() for word in words
    }
    by_stage = {
        stage: [cell for cell in cells if stage_of.get(cell.casefold()) == stage]
        for stage in OUTCOME_STAGES
    }
    known = {stage: own for stage, own in by_stage.items() if own}
    return known, [cell for cell in cells if cell.casefold() not in stage_of]


def _sections(
    name: str, tables: Sequence[DatedTable], directory: Path, notes: Sequence[str] = ()
) -> list[str]:
    if len(tables) == 1:
        return [f"[{name}]", *tables[0].lines(directory), *notes]
    lines = [f"[{name}]", *notes]
    for table in tables:
        lines += ["", f"[{name}.tables.{table.plan.name}]"]
        lines += table.lines(directory)
    return lines
