"""Usual values of what may be unknown of a lead: what its score would be, were it known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leadscore.features.families.catalogue import Feature

    Usual = dict[str, list[float | str]]

ATTRIBUTES = ("firmographic", "channel")  # of other families, what is missing did not happen
QUANTILES = (0.1, 0.5, 0.9)  # a small, a middling and a large value, none of them extreme
WORDS = 3  # as many as there are usual numbers


def usual_values(frame: pd.DataFrame, catalogue: Sequence[Feature]) -> Usual:
    """List up to three usual values of each fact that a lead may lack.

    Parameters
    ----------
    frame
        Feature rows: float64 and str columns.
    catalogue
        The features to list, columns of `frame`; others than firmographic and channel features
        are passed over.

    Returns
    -------
    dict of str to list
        By feature. Of a fact's first feature: the 10th, 50th and 90th percentile of a number, both
        values of a flag, the three commonest words of a text. Of its other features what goes with
        each of these, so that the i-th values of a fact's features belong together: head counts
        stand beside their own bands. A feature that is never known is left out.
    """
    facts: dict[str, list[Feature]] = {}
    for feature in catalogue:
        if feature.family in ATTRIBUTES:
            facts.setdefault(feature.fact, []).append(feature)
    usual: Usual = {}
    for first, *others in facts.values():
        values = _usual(frame[first.name], first)
        if not values:
            continue
        usual[first.name] = values
        for other in others:
            rows = [frame.loc[frame[first.name] == value, other.name] for value in values]
            usual[other.name] = [_commonest(each) for each in rows]
    return usual


def _usual(column: pd.Series[float], feature: Feature) -> list[float | str]:
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


def _commonest(column: pd.Series[float]) -> float | str:
    """Find the median of a number and the commonest word of a text; NaN where none is known."""
    known = column.dropna()
    if known.empty:
        return float("nan")
    if pd.api.types.is_numeric_dtype(known):
        return float(known.median())
    return str(known.mode().iloc[0])
