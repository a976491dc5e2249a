"""Held-out leads, each judged once: when its propensity first reached a cut-off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from leadscore.features.contract import Stage

    Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Reached:
    """How many leads reached a cut-off, and how many of them then got to the outcome."""

    leads: int
    positives: int


@dataclass(frozen=True)
class Evidence:
    """What became of held-out leads, counted once each whatever the cut-off.

    A lead has several snapshots, which depend on each other, and is handed over but once: the
    first time that its propensity is high enough. So for each cut-off it is judged at that
    snapshot alone, which leaves one independent judgement a lead.

    Parameters
    ----------
    chances
        The propensity of every snapshot, float64, highest first.
    peaks
        The highest propensity of every lead, float64, highest first.
    rises, before, outcomes
        Of the snapshots with a propensity above all earlier ones of their lead: that propensity,
        the highest before (-inf for none), and the outcome (0 or 1).
    """

    chances: Numbers
    peaks: Numbers
    rises: Numbers
    before: Numbers
    outcomes: Numbers

    @classmethod
    def of(cls, held_out: pd.DataFrame, outcome: Stage) -> Self:
        """Arrange held-out snapshots.

        Parameters
        ----------
        held_out
            `lead` (whoever shares it is one), `as_of`, `p_<outcome>`, `y_<outcome>` (float64, NaN
            where not known: such a snapshot is no evidence). The order of rows does not matter.
        outcome
            The propensity that counts.
        """
        p, y = f"p_{outcome}", f"y_{outcome}"
        known = held_out[["lead", "as_of", p, y]].dropna(subset=[p, y])
        # Of snapshots at one moment the higher comes first, and the worse verdict: the safe side.
        known = known.sort_values(["lead", "as_of", p, y], ascending=[True, True, False, True])
        highest = known.groupby("lead")[p].cummax()
        before = highest.groupby(known["lead"]).shift(fill_value=-np.inf)
        rising = (known[p] > before).to_numpy()
        peaks = known.groupby("lead")[p].max().to_numpy(dtype=np.float64)
        return cls(
            chances=_falling(known[p].to_numpy(dtype=np.float64)),
            peaks=_falling(peaks),
            rises=known[p].to_numpy(dtype=np.float64)[rising],
            before=before.to_numpy(dtype=np.float64)[rising],
            outcomes=known[y].to_numpy(dtype=np.float64)[rising],
        )

    @property
    def leads(self) -> int:
        """How many leads there are."""
        return len(self.peaks)

    def reached(self, cut_off: float) -> Reached:
        """Count the leads that reached a cut-off, and what became of them from then on."""
        first = (self.rises >= cut_off) & (self.before < cut_off)
        return Reached(int(first.sum()), int(self.outcomes[first].sum()))

    def chance_of_best(self, count: int) -> float | None:
        """Find the lowest propensity among so many of the best snapshots; None of none."""
        count = min(count, len(self.chances))
        return float(self.chances[count - 1]) if count else None


def _falling(numbers: Numbers) -> Numbers:
    return np.sort(numbers)[::-1]
