"""Values that stand for a feature among the training leads.

The typical value is what a lead is compared with in reasons, and fills the model's example row.
The usual values are what an unknown fact may turn out to be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from leadscore.features.families import Feature

    Value = float | str

ATTRIBUTES = ("firmographic", "channel")  # of other families, what is missing did not happen
QUANTILES = (0.1, 0.5, 0.9)  # a small, a middling and a large value, none of them extreme
WORDS = 3  # as many as there are usual numbers


def typical_value(column: pd.Series[float]) -> Value | None:
    """Return the median of a number or the commonest word of a text; None where all are missing."""
    known = column.dropna()
    if known.empty:
        return None
    if pd.api.types.is_numeric_dtype(known):
        return float(known.median())
    return str(known.mode().iloc[0])


def example_rows(typical: Mapping[str, Value | None], text: Sequence[str]) -> pd.DataFrame:
    """Make a row of typical values and a row of missing ones; no value is a lead's own.

    Numbers are float64, the columns in `text` str.
    """
    return pd.DataFrame(
        {
            name: pd.Series([value, None], dtype="str" if name in text else "float64")
            for name, value in typical.items()
        }
    )


def usual_values(frame: pd.DataFrame, catalogue: Sequence[Feature]) -> dict[str, list[Value]]:
    """List up to three usual values of each fact that may be unknown of a lead.

    Only firmographic and channel features of `catalogue` are used, all columns of `frame`.

    Returns
    -------
    dict of str to list
        By feature. Of a fact's first feature: the 10th, 50th and 90th percentile of a number, both
        values of a flag, the three commonest words of a text. Of its other features the typical
        value beside each of these, so that the i-th values of a fact's features belong together:
        head counts beside their own bands. A feature that is never known is left out.
    """
    facts: dict[str, list[Feature]] = {}
    for feature in catalogue:
        if feature.family in ATTRIBUTES:
            facts.setdefault(feature.fact, []).append(feature)
    usual: dict[str, list[Value]] = {}
    for first, *others in facts.values():
        values = _usual(frame[first.name], first)
        if not values:
            continue
        usual[first.name] = values
        for other in others:
            beside = [frame.loc[frame[first.name] == value, other.name] for value in values]
            found = [typical_value(each) for each in beside]
            usual[other.name] = [float("nan") if each is None else each for each in found]
    return usual


def _usual(column: pd.Series[float], feature: Feature) -> list[Value]:
    """List each value once: smallest first, or the commonest word first."""
    known = column.dropna()
    if known.empty:
        return []
    if feature.kind == "text":
        counts = known.value_counts()
        ranked = sorted(counts.items(), key=lambda pair: (-int(pair[1]), str(pair[0])))
        return [str(word) for word, _count in ranked[:WORDS]]
    if feature.kind == "flag":
        return sorted({float(value) for value in known})
    # A value that some lead has, so that there is a row to see what goes with it.
    quantiles = known.quantile(list(QUANTILES), interpolation="lower")
    return list(dict.fromkeys(float(value) for value in quantiles))
