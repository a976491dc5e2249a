"""Which of a table's columns are meant by the names of a preset, compared word by word."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from leadscore.features.contract import words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

words = cache(words_of)  # presets ask for the same names once a table


def match_columns(
    columns: Iterable[str],
    spellings: Mapping[str, Sequence[str]],
    *,
    prefixes: Iterable[str] = (),
) -> dict[str, tuple[str, ...]]:
    """Find the columns that are spelled as each handle, the one that is meant first.

    That is the one with the earliest spelling, then one without the prefix of a landing. Its name
    decides last, so that the order of a table's columns decides nothing.

    Examples
    --------
    >>> spellings = {"created": ["createdate", "Create Date"], "id": ["Record ID", "id"]}
    >>> columns = ["ID", "Create Date", "property_createdate"]
    >>> match_columns(columns, spellings, prefixes=["property"])
    {'created': ('property_createdate', 'Create Date'), 'id': ('ID',)}
    """
    known = {
        words(spelling): (handle, rank)
        for handle, each in spellings.items()
        for rank, spelling in enumerate(each)
    }
    split = [words(prefix) for prefix in prefixes]
    found: dict[str, list[tuple[int, bool, str]]] = {handle: [] for handle in spellings}
    for column in dict.fromkeys(columns):
        readings = _readings(words(column), split)
        match = next(((*known[name], cut) for name, cut in readings if name in known), None)
        if match is not None:
            handle, rank, cut = match
            found[handle].append((rank, cut, column))
    return {
        handle: tuple(column for *_, column in sorted(matches))
        for handle, matches in found.items()
        if matches
    }


def _readings(
    name: tuple[str, ...], prefixes: Iterable[tuple[str, ...]]
) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Yield the words of a name as they are, then without each prefix."""
    yield name, False
    for prefix in prefixes:
        if len(name) > len(prefix) and name[: len(prefix)] == prefix:
            yield name[len(prefix) :], True
