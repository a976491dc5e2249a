"""The sections of the leads' histories and merged records in a drafted contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leadscore.features.contract import HistorySource, MergedSource, words_of
from leadscore.features.onboarding.contract_writer import place_lines, setting_line

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from leadscore.features.contract import Source
    from leadscore.features.onboarding.contract_writer import SpecialColumns
    from leadscore.features.onboarding.export_plan import Export
    from leadscore.features.onboarding.profiles import ColumnProfile
    from leadscore.features.onboarding.table_plans import TablePlan


def history_lines(export: Export, special: SpecialColumns, directory: Path) -> list[list[str]]:
    """Write `[leads.history]` and `[leads.merged]`, where an export has such tables."""
    sections = []
    plan, leads = export.leads
    if export.history and "valid_from" not in plan.settings:
        own, profile = export.history[0]
        lines = ["[leads.history]", *place_lines(profile.sample, directory, own.why)]
        lines += _settings(own, HistorySource)
        fields = same_fields(
            leads.without(special.lead_id, special.created_at, special.target),
            profile.columns[str(own.settings["field"])],
        )
        if fields:
            reason = "columns of the leads by their names in the history"
            sections.append([*lines, setting_line("fields", fields, reason)])
    for own, profile in export.merges[:1]:
        lines = ["[leads.merged]", *place_lines(profile.sample, directory, own.why)]
        sections.append([*lines, *_settings(own, MergedSource)])
    return sections


def _settings(plan: TablePlan, kind: type[Source]) -> list[str]:
    """Write the settings of a table that its section of the contract has."""
    known = kind.model_fields
    return [setting_line(key, each) for key, each in plan.settings.items() if key in known]


def same_fields(columns: Mapping[str, ColumnProfile], field: ColumnProfile) -> dict[str, str]:
    """Match columns of the leads with the names of fields in a history, by their words."""
    by_words = {_plain(str(name)): str(name) for name in field.counts.index}
    found = {name: by_words.get(_plain(name)) for name in columns}
    return {name: other for name, other in found.items() if other is not None}


def _plain(name: str) -> str:
    return "".join(word for word in words_of(name) if word not in {"property", "properties"})
