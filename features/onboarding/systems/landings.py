"""What a landing adds to the tables of any system: versions, deleted rows, its own bookkeeping."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from leadscore.features.core import Settings, read_settings
from leadscore.features.onboarding.systems.spellings import words

if TYPE_CHECKING:
    from collections.abc import Sequence


class Landing(Settings):
    """One landing of `landings.toml`; every column that begins as `prefixes` is its own."""

    title: str
    prefixes: tuple[str, ...]
    deleted: tuple[str, ...] = ()
    deleted_at: tuple[str, ...] = ()
    valid_from: tuple[str, ...] = ()
    valid_to: tuple[str, ...] = ()
    current: tuple[str, ...] = ()
    newest_by: tuple[str, ...] = ()


class Landings(Settings):
    """The whole of `landings.toml`."""

    landings: dict[str, Landing]


@dataclass(frozen=True)
class Landed:
    """The columns of a table that landings added; empty where a landing says nothing of it."""

    titles: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()  # all of them: none describes a lead
    deleted: tuple[str, ...] = ()  # a true word means that the row is none
    deleted_at: tuple[str, ...] = ()  # a filled cell means that the row is none
    valid_from: str | None = None  # rows are versions
    valid_to: str | None = None
    current: str | None = None  # true on the version that holds now
    newest_by: str | None = None  # of several rows of an id, the newest holds


def landing_of(columns: Sequence[str]) -> Landed:
    """Find what landings added to a table, whatever system it comes from.

    Examples
    --------
    >>> landed = landing_of(["lead_id", "_fivetran_start", "_fivetran_end", "_fivetran_synced"])
    >>> landed.valid_from, landed.valid_to, landed.titles
    ('_fivetran_start', '_fivetran_end', ('Fivetran',))
    """
    own = {
        name: tuple(dict.fromkeys(each for each in columns if _begins(each, landing)))
        for name, landing in _landings().items()
    }
    present = [landing for name, landing in _landings().items() if own[name]]
    columns_of = tuple(column for each in own.values() for column in each)
    return Landed(
        titles=tuple(landing.title for landing in present),
        columns=columns_of,
        deleted=_all(columns_of, [name for each in present for name in each.deleted]),
        deleted_at=_all(columns_of, [name for each in present for name in each.deleted_at]),
        valid_from=_first(columns_of, [name for each in present for name in each.valid_from]),
        valid_to=_first(columns_of, [name for each in present for name in each.valid_to]),
        current=_first(columns_of, [name for each in present for name in each.current]),
        newest_by=_first(columns_of, [name for each in present for name in each.newest_by]),
    )


@cache
def _landings() -> dict[str, Landing]:
    return read_settings(Path(__file__).with_name("landings.toml"), Landings).landings


def _begins(column: str, landing: Landing) -> bool:
    name = words(column)
    return any(name[: len(each)] == each for each in map(words, landing.prefixes))


def _all(columns: Sequence[str], spellings: Sequence[str]) -> tuple[str, ...]:
    known = {words(each) for each in spellings}
    return tuple(column for column in columns if words(column) in known)


def _first(columns: Sequence[str], spellings: Sequence[str]) -> str | None:
    by_words = {words(column): column for column in columns}
    return next((by_words[words(each)] for each in spellings if words(each) in by_words), None)
