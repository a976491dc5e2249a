"""What a table of no known system holds: leads, events or outcomes, by its columns and cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from leadscore.features.contract import OUTCOME_STAGES
from leadscore.features.onboarding.guesses.column_roles import IDENTIFIER_SHARE, says_key
from leadscore.features.onboarding.guesses.outcome_labels import stage_of, understands_stages
from leadscore.features.onboarding.profiles import vocabulary

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leadscore.features.onboarding.profiles import ColumnProfile

MOST_COLUMNS = 12  # of a table of events or outcomes; a leads table describes the lead
STAGE_SHARE = 0.3  # of a column's rows name a stage, or it holds something else


def role_of(columns: Mapping[str, ColumnProfile]) -> Literal["leads", "events", "outcomes"]:
    """Tell whether a table holds leads, events or outcomes."""
    keys = [each for each in columns.values() if says_key(each) and each.filled]
    dates = [each for each in columns.values() if each.kind == "date"]
    if stage_dates(columns) and len(columns) <= MOST_COLUMNS and not _describes(columns):
        return "outcomes"
    if not keys or not dates or len(columns) > MOST_COLUMNS:
        return "leads"
    staged = [each for each in columns.values() if each.kind == "text" and _is_of_stages(each)]
    if staged and not _describes(columns):
        return "outcomes"
    repeated = any(each.distinct_share < IDENTIFIER_SHARE for each in keys)
    kinds = vocabulary().rows.event_kind
    named = any(each.mentions(kinds[0]) for each in columns.values())
    return "events" if (repeated or named) and not _describes(columns) else "leads"


def stage_dates(columns: Mapping[str, ColumnProfile]) -> dict[str, str]:
    """Find columns with the date at which a stage was reached: `sql_date`, "Became a Customer".

    Empty ones count too: nobody may have got there yet. Of several of a stage the first is taken.
    """
    found: dict[str, str] = {}
    known = vocabulary().leads
    for name, column in columns.items():
        if column.kind not in {"date", "empty"}:
            continue
        words = [word for word in column.words if word not in known.beside_stage]
        stage = stage_of(" ".join(words)) if len(words) < len(column.words) else None
        if stage is not None:
            found.setdefault(stage, name)
    return {stage: found[stage] for stage in OUTCOME_STAGES if stage in found}


def _describes(columns: Mapping[str, ColumnProfile]) -> bool:
    """Whether columns tell who a lead is."""
    known = vocabulary().leads
    phrases = [*known.firmographic.values(), *known.person.values(), known.account, known.phone]
    return any(each.mentions(group) for each in columns.values() for group in phrases)


def _is_of_stages(column: ColumnProfile) -> bool:
    if not understands_stages(column):
        return False
    known = [cell for cell in column.counts.index if stage_of(str(cell)) is not None]
    return float(column.counts[known].sum()) >= STAGE_SHARE * float(column.counts.sum())
