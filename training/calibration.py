"""From a model's margin to a propensity that keeps its word on later leads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.base import BaseEstimator
from sklearn.isotonic import IsotonicRegression
from sklearn.utils.validation import check_is_fitted

if TYPE_CHECKING:
    from numpy.typing import NDArray

MIN_POSITIVES_ISOTONIC = 500  # each step then rests on dozens of conversions, not on a handful
SURE = 1.64  # standard errors: chance alone claims a signal once in twenty companies without one
# How far the sigmoid strays from "the margin is right as it is" without strong evidence: one
# standard deviation of slope and level. Half a unit of log-odds is a base rate off by 60 %.
SLOPE_SPREAD, LEVEL_SPREAD = 0.25, 0.5


class Calibrator(BaseEstimator):  # type: ignore[misc]
    """Map margins (log-odds) to propensities with leads later than those the margins rest on.

    Where the margins are not shown to tell more than the rate at the time, everybody gets the
    overall rate. Otherwise three maps are tried on the halves of the calibration leads, the
    earlier half teaching, the later judging: the margin as it is; a sigmoid (Platt 1999) drawn
    towards that; and isotonic regression (Zadrozny and Elkan, KDD 2002) with straight lines
    between its steps, so that it keeps the ranking. A freer map must win by more than a standard
    error; it is then fitted on all.

    Attributes
    ----------
    method_ : str
        `overall rate`, `as it is`, `sigmoid` or `isotonic`.
    """

    def fit(
        self,
        margin: NDArray[np.float64],
        outcome: NDArray[np.float64],
        level: NDArray[np.float64] | None = None,
    ) -> Calibrator:
        """Choose and fit the map; rows in the order of time.

        Parameters
        ----------
        margin
            Log-odds, float64 of shape (n,).
        outcome
            0 or 1, float64 of shape (n,).
        level
            Log-odds of the overall rate when each row was predicted; the rate of all rows if not
            given.

        Returns
        -------
        Calibrator
        """
        level = np.full(len(margin), _log_odds(outcome)) if level is None else level
        tells = _tells_more(margin, level, outcome)
        self.method_ = self._choose(margin, outcome) if tells else "overall rate"
        self.map_ = _fit(self.method_, margin, outcome)
        return self

    def _choose(self, margin: NDArray[np.float64], outcome: NDArray[np.float64]) -> str:
        half = len(margin) // 2
        methods = ["as it is", "sigmoid"]
        if min(outcome.sum(), (1 - outcome).sum()) >= MIN_POSITIVES_ISOTONIC:
            methods.append("isotonic")
        best, best_loss = "", np.empty(0)
        for method in methods:
            fitted = _fit(method, margin[:half], outcome[:half])
            loss = _log_loss(_apply(fitted, margin[half:]), outcome[half:])
            gain = best_loss - loss if best else np.ones(1)
            error = gain.std() / np.sqrt(len(gain))
            if gain.mean() > error:
                best, best_loss = method, loss
        return best

    def predict(self, margin: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return propensities, float64 of shape (n,); a higher margin never has a lower one."""
        check_is_fitted(self)
        return _apply(self.map_, margin)


def _tells_more(
    margin: NDArray[np.float64], level: NDArray[np.float64], outcome: NDArray[np.float64]
) -> bool:
    """Whether margins lose less than the rate alone, as they are or once brought to scale."""
    half = len(margin) // 2
    to_scale = _apply(_fit("sigmoid", margin[:half], outcome[:half]), margin[half:])
    rate = np.full(len(to_scale), _log_odds(outcome[:half]))  # which the sigmoid has seen, too
    return _loses_less(expit(margin), level, outcome) or _loses_less(to_scale, rate, outcome[half:])


def _loses_less(
    propensity: NDArray[np.float64], level: NDArray[np.float64], outcome: NDArray[np.float64]
) -> bool:
    """Whether propensities lose less than the rate alone, beyond what chance would do."""
    gain = _log_loss(expit(level), outcome) - _log_loss(propensity, outcome)
    return bool(gain.mean() > SURE * gain.std() / np.sqrt(len(gain)))


def _log_odds(outcome: NDArray[np.float64]) -> float:
    rate = (outcome.sum() + 0.5) / (len(outcome) + 1)
    return float(np.log(rate / (1 - rate)))


def _fit(
    method: str, margin: NDArray[np.float64], outcome: NDArray[np.float64]
) -> dict[str, list[float]]:
    if method == "overall rate":
        return {"line": [0.0, _log_odds(outcome)]}
    if method == "as it is":
        return {"line": [1.0, 0.0]}
    if method == "sigmoid":
        return {"line": _sigmoid(margin, outcome)}
    steps = IsotonicRegression(out_of_bounds="clip").fit(margin, outcome)
    return _smoothed(steps, margin, outcome)


def _sigmoid(margin: NDArray[np.float64], outcome: NDArray[np.float64]) -> list[float]:
    """Slope and level of the likeliest line, drawn towards 1 and 0; it never turns round."""

    def loss(line: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        slope, level = line
        z = slope * margin + level
        gap = expit(z) - outcome
        drawn = ((slope - 1) / SLOPE_SPREAD) ** 2 / 2 + (level / LEVEL_SPREAD) ** 2 / 2
        slopes = [(slope - 1) / SLOPE_SPREAD**2, level / LEVEL_SPREAD**2]
        gradient = np.array([gap @ margin + slopes[0], gap.sum() + slopes[1]])
        return float((np.logaddexp(0, z) - outcome * z).sum() + drawn), gradient

    bounds = [(0.0, None), (None, None)]
    found = minimize(loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=bounds)
    return [float(found.x[0]), float(found.x[1])]


def _smoothed(
    steps: IsotonicRegression, margin: NDArray[np.float64], outcome: NDArray[np.float64]
) -> dict[str, list[float]]:
    """One knot a step, at its mean margin; its rate shrunk off 0 and 1 by half a lead."""
    level = steps.predict(margin)
    _, step = np.unique(level, return_inverse=True)
    n = np.bincount(step)
    rate = (np.bincount(step, outcome) + 0.5) / (n + 1)
    middle = np.bincount(step, margin) / n
    return {"margin": middle.tolist(), "rate": np.maximum.accumulate(rate).tolist()}


def _apply(fitted: dict[str, list[float]], margin: NDArray[np.float64]) -> NDArray[np.float64]:
    if "line" in fitted:
        slope, level = fitted["line"]
        return np.asarray(expit(slope * margin + level), dtype="float64")
    return np.interp(margin, fitted["margin"], fitted["rate"])


def _log_loss(propensity: NDArray[np.float64], outcome: NDArray[np.float64]) -> NDArray[np.float64]:
    inside = np.clip(propensity, 1e-6, 1 - 1e-6)
    loss = -(outcome * np.log(inside) + (1 - outcome) * np.log1p(-inside))
    return np.asarray(loss, dtype="float64")
