"""What every family of features returns, and how a column's name becomes words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from features.catalogue import Feature


@dataclass(frozen=True)
class FeatureSet:
    """A family's columns and what they are.

    Parameters
    ----------
    table
        Columns `lead_id`, `as_of` and one a feature, a row a snapshot.
    features
        The catalogue's entries, in the order of the columns.
    """

    table: ir.Table
    features: tuple[Feature, ...]


def as_words(name: str) -> str:
    """Turn a column's or an event kind's name into words a person reads.

    Examples
    --------
    >>> as_words("pricing_view")
    'pricing view'
    >>> as_words("TotalVisits")
    'total visits'
    >>> as_words("W_Nabellen offertes")
    'w nabellen offertes'
    """
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", " ", name)
    words = re.sub(r"[\s_]+", " ", apart).split()
    return " ".join(word if word.isupper() and len(word) > 1 else word.lower() for word in words)
