"""What event kinds are called in a sentence: one of them, several, a group of them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from leadscore.features.core import as_words

if TYPE_CHECKING:
    from collections.abc import Sequence

# Nouns for events. The plural of other words, as of other languages, is unknown: "offerte events".
NOUNS = """
activity appointment booking call callback chat click comment conversation conversion demo download
email enquiry event form impression inquiry install invitation login meeting message open post
purchase query question quote referral registration renewal reply request response search session
share signup submission submit subscription survey ticket touch unsubscribe upgrade upload view
visit webinar
"""
# As in "email opened": things, and what was done to them.
THINGS = """
ad brochure content document ebook email form link mail newsletter page quote video webinar
whitepaper
"""
DONE = """
attended bounced clicked delivered downloaded filled opened received requested sent started
submitted viewed visited watched
"""
KNOWN_NOUNS, KNOWN_THINGS = frozenset(NOUNS.split()), frozenset(f"{NOUNS} {THINGS}".split())
KNOWN_DONE = frozenset(DONE.split())
MOST_NAMED = 3  # a group of more kinds is called by its own name
LONGEST_NAMES = 60  # of the names of kinds together


def one_of(kind: str) -> str:
    """Name one event of a kind.

    Examples
    --------
    >>> [one_of(kind) for kind in ("pricing_view", "PageVisits", "Email Opened")]
    ['pricing view', 'page visit', 'email opened']
    """
    words, noun, rest = _parts(kind)
    return f"{words}{noun}{rest}" if noun else f"{words} event"


def several(kind: str) -> str:
    """Name several events of a kind.

    Examples
    --------
    >>> [several(kind) for kind in ("pricing_view", "web enquiry", "Email Opened", "Ad gezien")]
    ['pricing views', 'web enquiries', 'emails opened', 'ad gezien events']
    """
    words, noun, rest = _parts(kind)
    return f"{words}{_plural(noun)}{rest}" if noun else f"{words} events"


def group_names(group: str, kinds: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Name one event and several events of a group: by its kinds, where these are few.

    Examples
    --------
    >>> group_names("high_intent", ["demo_request", "pricing_view"])
    (('demo request', 'demo requests'), ('pricing view', 'pricing views'))
    >>> group_names("interest", ["a", "b", "c", "d"])
    (('interest event', 'interest events'),)
    """
    names = tuple((one_of(kind), several(kind)) for kind in kinds)
    is_short = len(either([many for _one, many in names])) <= LONGEST_NAMES
    if names and len(names) <= MOST_NAMED and is_short:
        return names
    return ((f"{as_words(group)} event", f"{as_words(group)} events"),)


def either(names: Sequence[str]) -> str:
    """Join names: "a, b or c"."""
    return f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else "".join(names)


@lru_cache(maxsize=4096)  # dozens of kinds, named millions of times a night
def _parts(kind: str) -> tuple[str, str, str]:
    """Split a kind's words around the noun that is counted; it is empty where none is known."""
    words = as_words(kind).split(" ")
    if len(words) > 1 and words[-1] in KNOWN_DONE and words[-2] in KNOWN_THINGS:
        before, rest = words[:-2], f" {words[-1]}"
        noun = words[-2]
    else:
        before, rest, noun = words[:-1], "", _singular(words[-1])
    if not noun:
        return " ".join(words), "", ""
    return "".join(f"{word} " for word in before), noun, rest


def _singular(word: str) -> str:
    """Find the known noun of which a word is the singular or plural; "" where there is none."""
    candidates = [word, word.removesuffix("s"), word.removesuffix("es")]
    if word.endswith("ies"):
        candidates.append(f"{word[:-3]}y")
    return next((each for each in candidates if each in KNOWN_NOUNS), "")


def _plural(noun: str) -> str:
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(("s", "x", "ch", "sh")) else f"{noun}s"
