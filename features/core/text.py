"""Names of columns and kinds as words that a person reads."""

from __future__ import annotations

import re


def as_words(name: str) -> str:
    """Turn a column's or an event kind's name into words.

    Examples
    --------
    >>> [as_words(name) for name in ("pricing_view", "TotalVisits", "W_Nabellen offertes")]
    ['pricing view', 'total visits', 'w nabellen offertes']
    """
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", " ", name)
    words = re.sub(r"[\s_]+", " ", apart).split()
    return " ".join(word if word.isupper() and len(word) > 1 else word.lower() for word in words)
