"""From a model's margin to a propensity calibrated on later leads."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, log_expit, logit
from sklearn.base import BaseEstimator
from sklearn.isotonic import IsotonicRegression
from sklearn.utils.validation import check_is_fitted

from leadscore.training.calibration.level_tracking import STILL, YoungLeads, track_level
from leadscore.training.calibration.statistics import clustered_error, log_losses

if TYPE_CHECKING:
    from numpy.typing import NDArray

MIN_POSITIVES_ISOTONIC = 2_000  # fewer leave steps that a drifting rate turns into large errors
SURE = 1.64  # standard errors: chance alone claims a gain once in twenty times
# How far the sigmoid strays from the identity without strong evidence: one standard deviation of
# slope and level. Half a unit of log-odds is a base rate off by 60 %.
SLOPE_SPREAD, LEVEL_SPREAD = 0.25, 0.5
LEAST_SLOPE = 0.01  # of every map, so that it keeps the ranking even where margins tell nothing
QUARTERS = 4
NORMAL_95 = 1.96
LEAST = 1e-6  # a propensity of 0 or 1 has no log-odds


class Calibrator(BaseEstimator):  # type: ignore[misc]
    """Map margins (log-odds) to propensities with leads later than those the margins rest on.

    The shape of the map and its level are found apart, as the rate moves where the ranking does
    not. Four shapes are tried on the quarters of the calibration leads, each validated against a
    map of those before it: the identity; a sigmoid (Platt 1999) and a beta map (Kull, Silva Filho
    and Flach, AISTATS 2017), both shrunk towards it; and isotonic regression (Zadrozny and Elkan,
    KDD 2002) with straight lines between its steps. A freer map must win in every quarter, as a
    relation that comes and goes is no reason to bend, and altogether by more than chance would let
    it; it is then fitted on all. Every map rises everywhere. Its level is that of the newest
    leads as far as they show that it moves: see `level_tracking.track_level`.

    Attributes
    ----------
    method_ : str
        `identity`, `sigmoid`, `beta` or `isotonic`.
    level_ : float
        Log-odds that are added to the map for the newest leads; 0 where the rate has not moved.
    spread_ : list of list of float
        Covariance of slope and level of the sigmoid through these leads.
    """

    def fit(
        self,
        margin: NDArray[np.float64],
        outcome: NDArray[np.float64],
        weight: NDArray[np.float64] | None = None,
        lead: NDArray[np.int64] | None = None,
        *,
        by_time: bool = True,
        young: YoungLeads | None = None,
    ) -> Calibrator:
        """Choose and fit the map; rows in the order of time.

        Parameters
        ----------
        margin
            Log-odds, float64 of shape (n,).
        outcome
            0 or 1, float64 of shape (n,).
        weight
            How much each row counts, float64 of shape (n,); by default all alike.
        lead
            The lead of each row, int64 of shape (n,), as rows of one lead are not independent; by
            default each row is a lead.
        by_time
            Whether later rows are later leads, so that the level may be followed.
        young
            Leads after these, by their margins: they tell of the level what can be known so far.
        """
        lead = np.arange(len(margin)) if lead is None else lead
        weight = np.ones(len(margin)) if weight is None else weight
        weight = weight * weight.sum() / (weight**2).sum()  # sums to as many rows as they tell
        rows = _Rows(margin, outcome, weight, np.zeros(len(margin)))
        levels = STILL
        if by_time:
            shape = _fit("sigmoid", rows)
            if young is not None:
                young = replace(young, log_odds=_log_odds(shape, young.log_odds))
            levels = track_level(_log_odds(shape, margin), outcome, weight, lead, young)
        rows = replace(rows, level=np.broadcast_to(levels.of_rows, len(margin)))
        self.method_ = _choose(rows, lead)
        self.map_ = _fit(self.method_, rows)
        self.level_ = levels.newest
        self.spread_ = _spread(rows, self.predict(margin), levels.variance).tolist()
        return self

    def predict(self, margin: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return propensities, float64 of shape (n,), higher where the margin is."""
        check_is_fitted(self)
        return np.asarray(expit(_log_odds(self.map_, margin) + self.level_), dtype="float64")

    def interval(
        self, margin: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the bounds of a 95 % interval for the rate of leads with each margin.

        The normal approximation around the likeliest sigmoid (delta method). It widens with fewer
        calibration leads and far from where they lie; it knows nothing of later drift.
        """
        p = np.clip(self.predict(margin), LEAST, 1 - LEAST)
        columns = np.column_stack([margin, np.ones(len(margin))])
        variance = np.einsum("ni,ij,nj->n", columns, np.asarray(self.spread_), columns)
        reach = NORMAL_95 * np.sqrt(variance)
        return expit(logit(p) - reach), expit(logit(p) + reach)


@dataclass(frozen=True)
class _Rows:
    """Calibration rows in the order of time; `level` is what the map is not to explain."""

    margin: NDArray[np.float64]
    outcome: NDArray[np.float64]
    weight: NDArray[np.float64]
    level: NDArray[np.float64]

    def part(self, rows: slice) -> _Rows:
        return _Rows(self.margin[rows], self.outcome[rows], self.weight[rows], self.level[rows])


def _choose(rows: _Rows, lead: NDArray[np.int64]) -> str:
    """Choose the least free map that no freer one beats in every later quarter and in all."""
    methods = ["sigmoid", "beta"]
    enough = min(rows.outcome.sum(), (1 - rows.outcome).sum()) >= MIN_POSITIVES_ISOTONIC
    if enough and not rows.level.any():  # steps follow a moving rate instead of the margin
        methods.append("isotonic")
    edges = np.linspace(0, len(rows.margin), QUARTERS + 1).astype("int64")
    best, best_loss = "identity", _later_loss("identity", rows, edges)
    for method in methods:
        loss = _later_loss(method, rows, edges)
        gain = best_loss - loss
        every = [part.mean() > 0 for part in np.split(gain, edges[2:-1] - edges[1])]
        if all(every) and gain.mean() > SURE * clustered_error(gain, lead[edges[1] :]):
            best, best_loss = method, loss
    return best


def _later_loss(method: str, rows: _Rows, edges: NDArray[np.int64]) -> NDArray[np.float64]:
    """Weighted loss of each row but the first quarter's by a map of the quarters before it."""
    losses = []
    for start, end in pairwise(edges[1:]):
        fitted, later = _fit(method, rows.part(slice(start))), rows.part(slice(start, end))
        propensity = expit(_log_odds(fitted, later.margin) + later.level)
        losses.append(later.weight * log_losses(later.outcome, propensity))
    return np.concatenate(losses)


def _fit(method: str, rows: _Rows) -> dict[str, list[float]]:
    """Fit a map from margins to log-odds at a level of 0."""
    if method == "identity":
        return {"line": [1.0, 0.0]}
    if method == "sigmoid":
        columns = np.column_stack([rows.margin, np.ones(len(rows.margin))])
        return {"line": _drawn(columns, rows, towards=[1.0, 0.0])}
    if method == "beta":
        return {"beta": _drawn(_beta_columns(rows.margin), rows, towards=[1.0, 1.0, 0.0])}
    return _isotonic(rows)


def _log_odds(fitted: dict[str, list[float]], margin: NDArray[np.float64]) -> NDArray[np.float64]:
    if "line" in fitted:
        slope, level = fitted["line"]
        return np.asarray(slope * margin + level, dtype="float64")
    if "beta" in fitted:
        of_yes, of_no, level = fitted["beta"]
        z = of_yes * log_expit(margin) - of_no * log_expit(-margin) + level
        return np.asarray(z, dtype="float64")
    rate = np.interp(margin, fitted["margin"], fitted["rate"])
    return np.asarray(logit(rate) + LEAST_SLOPE * margin, dtype="float64")


def _beta_columns(margin: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lay out ln(s), -ln(1 - s) and 1 of the margin's propensity s."""
    return np.column_stack([log_expit(margin), -log_expit(-margin), np.ones(len(margin))])


def _drawn(columns: NDArray[np.float64], rows: _Rows, *, towards: list[float]) -> list[float]:
    """Slopes and level of the likeliest map, shrunk towards the identity; always rising."""
    aim = np.asarray(towards)
    spread = np.append(np.full(len(aim) - 1, SLOPE_SPREAD), LEVEL_SPREAD)

    def loss(values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        z = columns @ values + rows.level
        away = (values - aim) / spread
        gradient = columns.T @ (rows.weight * (expit(z) - rows.outcome)) + away / spread
        likelihood = rows.weight @ (np.logaddexp(0, z) - rows.outcome * z)
        return float(likelihood + away @ away / 2), gradient

    bounds = [(LEAST_SLOPE, None)] * (len(aim) - 1) + [(None, None)]
    found = minimize(loss, aim, jac=True, method="L-BFGS-B", bounds=bounds)
    return [float(value) for value in found.x]


def _spread(rows: _Rows, propensity: NDArray[np.float64], of_level: float) -> NDArray[np.float64]:
    """Covariance of a sigmoid's slope and level: the inverse of its curvature, prior included.

    `of_level` is the variance of the newest level, on top.
    """
    columns = np.column_stack([rows.margin, np.ones(len(rows.margin))])
    information = rows.weight * propensity * (1 - propensity)
    curvature = (columns * information[:, None]).T @ columns
    prior = np.diag([SLOPE_SPREAD**-2, LEVEL_SPREAD**-2])
    return np.asarray(np.linalg.inv(curvature + prior) + np.diag([0.0, of_level]), dtype="float64")


def _isotonic(rows: _Rows) -> dict[str, list[float]]:
    """One knot a step, at its mean margin; its rate shrunk off 0 and 1 by half a lead.

    `_log_odds` adds a slope of `LEAST_SLOPE`, which is taken off here.
    """
    steps = IsotonicRegression(out_of_bounds="clip")
    level = steps.fit(rows.margin, rows.outcome, rows.weight).predict(rows.margin)
    _, step = np.unique(level, return_inverse=True)
    n = np.bincount(step, rows.weight)
    rate = (np.bincount(step, rows.weight * rows.outcome) + 0.5) / (n + 1)
    middle = np.bincount(step, rows.weight * rows.margin) / n
    rising = logit(np.maximum.accumulate(rate)) - LEAST_SLOPE * middle
    flat = np.maximum.accumulate(rising)
    return {"margin": middle.tolist(), "rate": expit(flat).tolist()}
