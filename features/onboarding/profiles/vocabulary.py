"""The words of `vocabulary.toml`, by which `leadscore init` recognises columns and cells."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from leadscore.features.core import Settings, read_settings

Phrases = tuple[str, ...]
Ranked = tuple[Phrases, ...]  # the plainest first


class LeadWords(Settings):
    """Words in the names of the leads table's columns."""

    id_nouns: Phrases
    account: Phrases
    created: Ranked
    later: Phrases
    time: Phrases
    beside_stage: Phrases
    day_first: Phrases
    phone: Phrases
    personal: Phrases
    ending: Phrases
    fact_of_ending: Phrases
    after_ending: Phrases
    value: Phrases
    channel_words: Phrases
    latest: Phrases
    count: Phrases
    code: Phrases
    person: dict[str, Phrases]
    channel: dict[str, Phrases]
    firmographic: dict[str, Phrases]


class RowWords(Settings):
    """Words in the names of the columns of events and outcomes."""

    lead_id: Ranked
    occurred_at: Ranked
    recorded_at: Ranked
    event_kind: Ranked
    event_value: Ranked
    stage: Ranked
    reason: Ranked
    amount: Ranked
    before: Phrases


class EventWords(Settings):
    """Words in the names of kinds of events, by group."""

    order: tuple[str, ...]
    groups: dict[str, Phrases]


class CellWords(Settings):
    """Whole cells: missing values, outcomes and stages."""

    missing: Phrases
    positive: Phrases
    positive_sql: Phrases
    negative: Phrases
    open: Phrases
    stages: dict[str, Phrases]


class Vocabulary(Settings):
    """The whole of `vocabulary.toml`."""

    leads: LeadWords
    rows: RowWords
    events: EventWords
    cells: CellWords


@cache
def vocabulary() -> Vocabulary:
    """Read the words, once a process."""
    return read_settings(Path(__file__).with_name("vocabulary.toml"), Vocabulary)
