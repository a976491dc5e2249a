"""What came of a promise of `benchmarks/promises.py`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kept:
    """What came of one promise.

    Parameters
    ----------
    seed, drift
        The company.
    tier, promised
        Which promise.
    rule
        How the cut-off was found.
    judged_on
        A period of `promises_report`: `SAME`, `AFTER` or `NIGHTS`.
    cut_off
        None where the rule found none; all that follows is then NaN.
    precision
        True precision of the leads when they first reach the cut-off.
    precision_in_tier
        The same over all snapshots at or above it.
    handed_over
        The share of the leads that reach it.
    found
        The share of the expected SQLs, over snapshots, that are at or above it.
    """

    seed: int
    drift: float
    tier: str
    promised: float
    rule: str
    judged_on: str
    cut_off: float | None
    precision: float
    precision_in_tier: float
    handed_over: float
    found: float

    @property
    def is_short(self) -> bool:
        """Whether there is a cut-off that does not keep its promise."""
        return self.precision < self.promised
