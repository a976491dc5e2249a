"""What a column's name says: the words in it, and which words speak of outcomes."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# Words under which companies keep what they learn about a lead after working it, or the outcome
# itself. They prove nothing: a name only makes a column worth a closer look.
OUTCOME_WORDS = (
    *("won", "win", "lost", "loss", "close", "closed", "convert", "converted", "conversion"),
    *("outcome", "result", "success", "deal", "sale", "sold", "customer", "churn", "purchased"),
    *(
        "status",
        "stage",
        "phase",
        "disposition",
        "verdict",
        "decision",
        "qualified",
        "qualification",
    ),
    *("quality", "grade", "rating", "rank", "score", "index", "profile", "persona", "segment"),
    *("probability", "forecast", "prediction", "likelihood", "temperature", "hotness"),
    *(
        "tag",
        "tags",
        "label",
        "labels",
        "note",
        "notes",
        "remark",
        "remarks",
        "comment",
        "comments",
    ),
    *("feedback", "reason", "priority", "interest level", "call result", "next step", "follow up"),
    *("rejected", "accepted", "approved", "contract", "invoice", "paid", "payment", "onboarding"),
)

# Words of a state that is overwritten: an export shows it as it was when the file was written.
STATE_WORDS = ("last", "latest", "recent", "most recent", "modified", "updated", "current status")

# Words of an act or a time, which make a state out of `last`: "last activity", not "last name".
_HAPPENING_WORDS = (
    *(
        "activity",
        "action",
        "event",
        "touch",
        "contact",
        "contacted",
        "call",
        "email",
        "interaction",
    ),
    *("engagement", "modified", "updated", "seen", "visit", "step", "stage", "status", "page"),
)

# Properties of a person or a company that share a word with outcomes.
_ORDINARY_PHRASES = (
    *("marital status", "employment status", "family status", "civil status", "housing status"),
    *("customer segment", "customer type", "company profile", "credit score", "email opt out"),
)


def words_of(name: str) -> tuple[str, ...]:
    """Split a column's name into its lower-case words, whatever the writing style.

    Parameters
    ----------
    name
        The column's name.

    Returns
    -------
    tuple of str
        Words without accents, in order.

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
    """Whether a name holds one of the phrases, its words apart or written together.

    Parameters
    ----------
    words
        The name's words, from `words_of`.
    phrases
        Lower-case phrases of one or more words.

    Examples
    --------
    >>> mentions(("lead", "source"), ["source"]), mentions(("leadsource",), ["lead source"])
    (True, True)
    >>> mentions(("resource",), ["source"])
    False
    """
    text = f" {' '.join(words)} "
    return any(f" {phrase} " in text or phrase.replace(" ", "") in words for phrase in phrases)


def speaks_of_outcome(name: str) -> str | None:
    """Say why a name should be looked at twice, or None where it speaks of nothing late.

    Parameters
    ----------
    name
        The column's name.

    Returns
    -------
    str or None
        Half a sentence about the name.

    Examples
    --------
    >>> speaks_of_outcome("Lead Quality")
    'its name speaks of a judgement or an outcome (quality)'
    >>> speaks_of_outcome("Last Activity")
    'its name speaks of a state that is overwritten (last)'
    >>> speaks_of_outcome("Lead Source") is None
    True
    """
    words = words_of(name)
    state = overwritten_state(name)
    if state is not None:
        return f"its name speaks of a state that is overwritten ({state})"
    if mentions(words, _ORDINARY_PHRASES):
        return None
    judged = next((word for word in OUTCOME_WORDS if mentions(words, (word,))), None)
    return None if judged is None else f"its name speaks of a judgement or an outcome ({judged})"


def overwritten_state(name: str) -> str | None:
    """Return the word that makes a name one of a passing state: `last` of "last activity".

    Parameters
    ----------
    name
        The column's name.

    Examples
    --------
    >>> overwritten_state("Last Notable Activity"), overwritten_state("Last Name")
    ('last', None)
    """
    words = words_of(name)
    if not mentions(words, _HAPPENING_WORDS):
        return None
    return next((word for word in STATE_WORDS if mentions(words, (word,))), None)
