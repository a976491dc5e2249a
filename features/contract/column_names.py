"""What a column's name says: its words, and which of them speak of outcomes."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from leadscore.features.core import Settings, read_settings

if TYPE_CHECKING:
    from collections.abc import Iterable


class NameWords(Settings):
    """The words of `column_names.toml`."""

    id: tuple[str, ...]
    row_number: tuple[str, ...]
    outcome: tuple[str, ...]
    ordinary: tuple[str, ...]
    state: tuple[str, ...]
    happening: tuple[str, ...]


@cache
def name_words() -> NameWords:
    """Read the words that classify columns, once a process."""
    return read_settings(Path(__file__).with_name("column_names.toml"), NameWords)


def words_of(name: str) -> tuple[str, ...]:
    """Split a column's name into lower-case words without accents.

    Examples
    --------
    >>> words_of("leadSource"), words_of("UTM_Medium (first)"), words_of("Date de création")
    (('lead', 'source'), ('utm', 'medium', 'first'), ('date', 'de', 'creation'))
    >>> words_of("Lead #")
    ('lead', 'number')
    """
    decomposed = unicodedata.normalize("NFKD", name)
    plain = "".join(mark for mark in decomposed if not unicodedata.combining(mark))
    plain = plain.replace("#", " number ")
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", plain)
    return tuple(re.findall(r"[^\W_]+", spaced.casefold()))


def mentions(words: tuple[str, ...], phrases: Iterable[str]) -> bool:
    """Whether the words of a name hold one of the phrases, separate or written together.

    Examples
    --------
    >>> mentions(("leadsource",), ["lead source"]), mentions(("resource",), ["source"])
    (True, False)
    """
    return first_mentioned(words, phrases) is not None


def first_mentioned(words: tuple[str, ...], phrases: Iterable[str]) -> str | None:
    """Return the first of the phrases that the words of a name hold."""
    text = f" {' '.join(words)} "
    held = (each for each in phrases if f" {each} " in text or each.replace(" ", "") in words)
    return next(held, None)


def speaks_of_outcome(name: str) -> str | None:
    """Say in half a sentence why a name is suspicious; None for most names.

    Examples
    --------
    >>> speaks_of_outcome("Lead Quality")
    'its name speaks of a judgement or an outcome (quality)'
    >>> speaks_of_outcome("Last Activity")
    'its name speaks of a state that is overwritten (last)'
    """
    words, known = words_of(name), name_words()
    state = overwritten_state(name)
    if state is not None:
        return f"its name speaks of a state that is overwritten ({state})"
    judged = first_mentioned(words, known.outcome)
    if judged is None or mentions(words, known.ordinary):
        return None
    return f"its name speaks of a judgement or an outcome ({judged})"


def overwritten_state(name: str) -> str | None:
    """Return the word by which a name is that of a passing state: `last` of "last activity".

    None for others, such as "Last Name".
    """
    words, known = words_of(name), name_words()
    return first_mentioned(words, known.state) if mentions(words, known.happening) else None
