"""Names of columns and event kinds: as unique identifiers, and as words."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container


def slug(text: str, *, default: str) -> str:
    """Reduce a text to lower-case letters, digits and `_`; `default` where nothing is left.

    Examples
    --------
    >>> slug("Annual revenue (€)", default="column"), slug("年齢", default="column")
    ('annual_revenue', 'column')
    """
    ascii_only = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", ascii_only.lower()).strip("_") or default


def unique(name: str, used: Container[str]) -> str:
    """Append a number to a name in use; `used` holds lower-case names.

    Examples
    --------
    >>> unique("City", {"city", "city_2"}), unique("town", {"city"})
    ('City_3', 'town')
    """
    candidate, count = name, 1
    while candidate.lower() in used:
        count += 1
        candidate = f"{name}_{count}"
    return candidate


def as_words(name: str) -> str:
    """Turn the name of a column or an event kind into words.

    Examples
    --------
    >>> [as_words(name) for name in ("pricing_view", "TotalVisits", "W_Nabellen offertes")]
    ['pricing view', 'total visits', 'w nabellen offertes']
    """
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", " ", name)
    words = re.sub(r"[\s_]+", " ", apart).split()
    return " ".join(word if word.isupper() and len(word) > 1 else word.lower() for word in words)
