"""A change and its parts, a cause each, which add up to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

Cause = Literal["edits", "time", "activity", "model", "policy", "others"]
Steps = list[tuple[tuple[Cause, ...], float | None]]


@dataclass(frozen=True)
class Part:
    """What one cause did, or several that cannot be told apart.

    Parameters
    ----------
    causes
        `edits` (attributes that were edited, rows that came in late), `time` that passed,
        `activity` (the lead's, and sales' verdicts), `model`, `policy`, and `others`: the leads
        it shares a night with, where the tier is for the best of them.
    points
        By how much, on the scale 0-100.
    of
        Whether it moved the lead's score or the cut-off.
    facts
        What changed, the most telling first: "Pricing page views in the last 7 days: 0 → 4".
    """

    causes: tuple[Cause, ...]
    points: float
    of: Literal["score", "cut_off"] = "score"
    facts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Split:
    """A change and its parts, which add up to it to 1e-9.

    Parameters
    ----------
    before, after
        The figure then and now, on the scale 0-100.
    parts
        In the order of the way.
    """

    before: float
    after: float
    parts: tuple[Part, ...]


def parts_between(
    start: float, steps: Iterable[tuple[tuple[Cause, ...], float | None]]
) -> list[Part]:
    """Measure a way from stop to stop.

    Parameters
    ----------
    start
        The chance it sets out from, 0 to 1.
    steps
        What takes effect before each stop, and the chance there; None where it is not known. The
        last is known.

    Returns
    -------
    list of Part
        A part a known stop, in points. The causes before a stop that is not known go with those
        of the next.

    Examples
    --------
    >>> [(part.causes, round(part.points, 1)) for part in parts_between(
    ...     0.20, [(("edits",), None), (("time",), 0.25), (("activity",), 0.24)])]
    [(('edits', 'time'), 5.0), (('activity',), -1.0)]
    """
    parts: list[Part] = []
    waiting: tuple[Cause, ...] = ()
    for causes, chance in steps:
        waiting += causes
        if chance is not None:
            parts.append(Part(waiting, 100 * (chance - start)))
            start, waiting = chance, ()
    return parts
