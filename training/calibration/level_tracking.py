"""How far the level of a ranking has moved: a rate that drifts, apart from who ranks above whom.

The rate of conversions moves with seasons, campaigns and sales' capacity where the relation of
features to outcomes stays. So the level is followed in time by itself, as a random walk with noise
of which the newest value counts (the local level model: Harvey, 1989, chapter 2; Durbin and
Koopman, 2012, chapter 2), and only where the leads show that it moves.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from leadscore.training.calibration.statistics import clustered_error

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_PERIODS, FEWEST_PERIODS = 24, 4
POSITIVES_A_PERIOD = 15  # fewer of the rarer outcome say next to nothing about a level
STEPS = (0.03, 0.06, 0.12, 0.25, 0.5)  # log-odds that the level moves from period to period
NOISE = (0.0, 0.1, 0.25, 0.5)  # log-odds by which a period differs and the next need not
SPREAD = 0.5  # of the first period's level; half a unit is a rate off by 60 %
SURE = 2.71  # twice the log-likelihood that chance alone gains once in twenty times
NEWTON_STEPS = 8
MOST_SHIFT = 4.0  # log-odds; beyond, a period holds one outcome only


@dataclass(frozen=True)
class Levels:
    """The level of each row, and of leads that come next, in log-odds against what was predicted.

    `variance` is that of `newest`.
    """

    of_rows: NDArray[np.float64]
    newest: float
    variance: float


@dataclass(frozen=True)
class YoungLeads:
    """Rows whose outcome is not yet known, in the order of time; all of shape (n,).

    Of those that will convert a `share` has done so by now; `outcome` is 1 for those that have.
    """

    log_odds: NDArray[np.float64]
    outcome: NDArray[np.float64]
    weight: NDArray[np.float64]
    lead: NDArray[np.int64]
    share: NDArray[np.float64]

    def shifts(self) -> list[tuple[float, float]]:
        """Return the shift and its variance of each period; none where too few have converted."""
        periods = int(self.outcome.sum() // POSITIVES_A_PERIOD)
        return [
            _shift(
                self.log_odds[part],
                self.outcome[part],
                self.weight[part],
                self.lead[part],
                self.share[part],
            )
            for part in np.array_split(np.arange(len(self.outcome)), max(periods, 1))
            if periods
        ]


STILL = Levels(np.zeros(1), 0.0, 0.0)  # for any number of rows


@dataclass(frozen=True)
class _Filtered:
    means: NDArray[np.float64]
    newest: float
    variance: float
    likelihood: float


def track_level(
    log_odds: NDArray[np.float64],
    outcome: NDArray[np.float64],
    weight: NDArray[np.float64],
    lead: NDArray[np.int64],
    young: YoungLeads | None = None,
) -> Levels:
    """Follow the level of predictions through time; rows in the order of time.

    Parameters
    ----------
    log_odds, outcome, weight
        Predicted for each row, 0 or 1, and how much the row counts, float64 of shape (n,).
    lead
        Whose row it is, int64 of shape (n,): rows of one lead are not independent.
    young
        The leads after these, whose outcome is not yet known.

    Returns
    -------
    Levels
        `STILL` where the rate is not shown to move.
    """
    rarer = min(outcome.sum(), (1 - outcome).sum()) * len(np.unique(lead)) / max(len(lead), 1)
    periods = min(int(rarer // POSITIVES_A_PERIOD), MOST_PERIODS)
    if periods < FEWEST_PERIODS:
        return STILL
    parts = np.array_split(np.arange(len(outcome)), periods)
    whole = np.ones(len(outcome))
    found = [
        _shift(log_odds[part], outcome[part], weight[part], lead[part], whole[part])
        for part in parts
    ]
    found += [] if young is None else young.shifts()
    shifts, variances = (np.array(each) for each in zip(*found, strict=True))
    fixed = max(
        (_filter(shifts, variances, step=0.0, noise=noise) for noise in NOISE),
        key=lambda each: each.likelihood,
    )
    moving = max(
        (_filter(shifts, variances, step=s, noise=noise) for s, noise in product(STEPS, NOISE)),
        key=lambda each: each.likelihood,
    )
    if 2 * (moving.likelihood - fixed.likelihood) <= SURE:
        return STILL
    of_rows = np.repeat(moving.means[:periods], [len(part) for part in parts])
    return Levels(of_rows, moving.newest, moving.variance)


def level_free(
    log_odds: NDArray[np.float64],
    outcome: NDArray[np.float64],
    weight: NDArray[np.float64],
    shift: float = 0.0,
    share: NDArray[np.float64] | float = 1.0,
) -> float:
    """Find the shift of log-odds at which their mean propensity is the rate, from a first guess.

    `share` is that of the outcomes which would be known by now.
    """
    for _ in range(NEWTON_STEPS):
        p = expit(log_odds + shift)
        step = float(weight @ (outcome - share * p) / (weight @ (share * p * (1 - p)) + 1e-3))
        shift = float(np.clip(shift + np.clip(step, -1, 1), -MOST_SHIFT, MOST_SHIFT))
        if abs(step) < 1e-4:
            break
    return shift


def _shift(
    log_odds: NDArray[np.float64],
    outcome: NDArray[np.float64],
    weight: NDArray[np.float64],
    lead: NDArray[np.int64],
    share: NDArray[np.float64],
) -> tuple[float, float]:
    """Return one period's shift and its variance; half a lead of each outcome is added."""
    weight = weight * weight.sum() / (weight**2).sum()  # sums to the independent rows they make
    watched = weight @ share
    rate = (weight @ outcome + 0.5) / (watched + 1)
    shift = level_free(log_odds, share * rate, weight, share=share)
    p = expit(log_odds + shift)
    slope, spread = (float(weight @ (share * p * (1 - each * p))) for each in (1.0, share))
    by_lead = clustered_error(weight * (outcome - share * p), lead) * len(outcome)
    return shift, max(by_lead**2, spread) / slope**2


def _filter(
    shifts: NDArray[np.float64],
    variances: NDArray[np.float64],
    *,
    step: float,
    noise: float,
) -> _Filtered:
    """Run the Kalman filter of a local level over the periods, and smooth what it found."""
    mean, variance, likelihood = 0.0, SPREAD**2, 0.0
    means, after, before = [], [], []
    for shift, of_period in zip(shifts, variances + noise**2, strict=True):
        before.append(variance)
        surprise = variance + of_period
        likelihood -= (np.log(surprise) + (shift - mean) ** 2 / surprise) / 2
        gain = variance / surprise
        mean, variance = mean + gain * (shift - mean), (1 - gain) * variance
        means.append(mean)
        after.append(variance)
        variance += step**2
    smooth = np.array(means)
    for at in range(len(smooth) - 2, -1, -1):
        back = after[at] / before[at + 1]
        smooth[at] = means[at] + back * (smooth[at + 1] - means[at])
    return _Filtered(smooth, float(means[-1]), float(after[-1]), float(likelihood))
