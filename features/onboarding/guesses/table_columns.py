"""Which columns of the three tables are ids, times, kinds and stages, by name and content."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leadscore.features.contract import mentions, words_of
from leadscore.features.core import DataError
from leadscore.features.onboarding.guesses.column_roles import FREE_TEXT_SHARE
from leadscore.features.onboarding.guesses.outcome_labels import understands_stages
from leadscore.features.onboarding.profiles import LOOKED_UP, vocabulary

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from leadscore.features.onboarding.profiles import ColumnProfile, Ranked, Sample

CREATED_FILLED_SHARE = 0.5  # with fewer, it is the date of something else
ID_OVERLAP = 0.5  # most ids are those of leads; the rest is quarantined later
MAX_KINDS = 2_000  # of events; columns of more are text or addresses of pages


def guess_created_at(columns: Mapping[str, ColumnProfile]) -> str | None:
    """Find the date at which a lead was created; None where no name tells."""
    dates = [
        column
        for column in columns.values()
        if column.kind == "date"
        and column.filled >= CREATED_FILLED_SHARE * column.rows
        and not column.mentions(vocabulary().leads.later)
    ]
    named = _by_name(dates, vocabulary().leads.created)
    if named is None and len(dates) == 1:
        return dates[0].name
    return None if named is None else named.name


def guess_lead_key(
    columns: Mapping[str, ColumnProfile], known_ids: Iterable[str], *, sample: Sample
) -> str:
    """Find the column of an events or outcomes table with ids of the leads table."""
    known = set(known_ids)
    overlap = {
        name: float(cells[cells.index.isin(known)].sum()) / float(cells.sum())
        for name, column in columns.items()
        if column.filled and column.kind != "date"
        for cells in [column.drawn_cells(LOOKED_UP)]
    }
    best = max(overlap.values(), default=0.0)
    if best > ID_OVERLAP:
        close = [columns[name] for name, share in overlap.items() if share > best - 0.05]
        named = _by_name(close, vocabulary().rows.lead_id)
        return (named or max(close, key=lambda each: each.distinct)).name
    named = _by_name(columns.values(), vocabulary().rows.lead_id[:1])
    if named is not None and overlap.get(named.name, 0) > 0:
        return named.name
    raise DataError(
        f"{sample.path}: no column holds the ids of the leads table. "
        "Check that both files come from the same system, and name the column lead_id."
    )


def guess_event_columns(columns: Mapping[str, ColumnProfile], *, sample: Sample) -> dict[str, str]:
    """Map an events table's columns by the contract's terms; time and kind are required."""
    mapped = _times(columns, sample=sample)
    mapped["kind"] = _kind_column(columns, sample=sample).name
    value = _by_name(_of_kind(columns, "number"), vocabulary().rows.event_value)
    return mapped if value is None else {**mapped, "value": value.name}


def guess_outcome_columns(
    columns: Mapping[str, ColumnProfile], *, sample: Sample
) -> dict[str, str]:
    """Map an outcomes table's columns by the contract's terms; time and stage are required."""
    mapped, known = _times(columns, sample=sample), vocabulary().rows
    texts = _of_kind(columns, "text")
    stage = _stage_column(texts, sample=sample)
    mapped["stage"] = stage.name
    reason = _by_name(texts, known.reason)
    amount = _by_name(_of_kind(columns, "number"), known.amount)
    if reason is not None and reason.name != stage.name:
        mapped["reason"] = reason.name
    return mapped if amount is None else {**mapped, "amount": amount.name}


def _kind_column(columns: Mapping[str, ColumnProfile], *, sample: Sample) -> ColumnProfile:
    """Find the kinds of events: words, codes under a plain name, or the only words."""
    known = vocabulary().rows.event_kind
    few = [column for column in columns.values() if column.distinct <= MAX_KINDS]
    texts = [column for column in few if column.kind == "text"]
    repeated = [column for column in few if column.distinct_share <= FREE_TEXT_SHARE]
    codes = [column for column in repeated if column.whole_numbers]
    words = [column for column in repeated if column.kind == "text" and column.distinct > 1]
    found = _by_name(texts, known) or _by_name(codes, known[:1])
    if found is None and len(words) == 1:
        return words[0]
    return found or _missing(columns, sample, "tells what kind of event each row is", "kind")


def _stage_column(texts: list[ColumnProfile], *, sample: Sample) -> ColumnProfile:
    """Find the stage reached; words that are stages count before a column's name."""
    known = vocabulary().rows
    after = [column for column in texts if not column.mentions(known.before)]
    understood = [column for column in after if understands_stages(column)]
    found = _by_name(understood, known.stage) or next(iter(understood), None)
    found = found or _by_name(after, known.stage)
    names = {column.name: column for column in texts}
    return found or _missing(names, sample, "tells which stage was reached", "stage")


def _missing(
    columns: Mapping[str, ColumnProfile], sample: Sample, what: str, term: str
) -> ColumnProfile:
    """Say which column is missing, and which there are."""
    seen = f" among {', '.join(map(repr, columns))}" if columns else ""
    raise DataError(f"{sample.path}: no column{seen} {what}. Name that column {term} in the file.")


def guess_groups(kinds: Iterable[str]) -> dict[str, list[str]]:
    """Group event kinds whose English names are known; a kind is in one group only.

    Examples
    --------
    >>> guess_groups(["demo_request", "Email Opened", "page_view"])
    {'email_opened': ['Email Opened'], 'high_intent': ['demo_request']}
    """
    known = vocabulary().events
    groups: dict[str, list[str]] = {name: [] for name in known.groups}
    for kind in kinds:
        words = words_of(kind)
        group = next((each for each in known.order if mentions(words, known.groups[each])), None)
        if group is not None:
            groups[group].append(kind)
    return {name: members for name, members in groups.items() if members}


def _times(columns: Mapping[str, ColumnProfile], *, sample: Sample) -> dict[str, str]:
    dates = _of_kind(columns, "date")
    recorded = _by_name(dates, vocabulary().rows.recorded_at) if len(dates) > 1 else None
    others = [column for column in dates if column is not recorded]
    occurred = _by_name(others, vocabulary().rows.occurred_at) or next(iter(others), None)
    if occurred is None:
        raise DataError(
            f"{sample.path} has no column of dates. Each row needs the time it happened; "
            "write it as 2024-05-31 18:05 in a column occurred_at."
        )
    times = {"occurred_at": occurred.name}
    return times if recorded is None else {**times, "recorded_at": recorded.name}


def _of_kind(columns: Mapping[str, ColumnProfile], kind: str) -> list[ColumnProfile]:
    return [column for column in columns.values() if column.kind == kind]


def _by_name(columns: Collection[ColumnProfile], ranked: Ranked) -> ColumnProfile | None:
    """Return the column with the plainest name; the first of equals."""
    named = (column for each in ranked for column in columns if column.mentions(each))
    return next(named, None)
