"""From a model's margin to a propensity that keeps its word on later leads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit
from sklearn.base import BaseEstimator
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.utils.validation import check_is_fitted

if TYPE_CHECKING:
    from numpy.typing import NDArray

MIN_POSITIVES_ISOTONIC = 200  # each step then rests on dozens of conversions, not on a handful
FIRMNESS = 1e3  # of the sigmoid's two numbers: weak enough that a hundred leads decide them


class Calibrator(BaseEstimator):  # type: ignore[misc]
    """Map margins (log-odds) to propensities with later leads that taught nothing else.

    Two ways are tried on time-ordered halves of the calibration leads: a sigmoid (Platt 1999)
    and isotonic regression (Zadrozny and Elkan, KDD 2002), the latter with straight lines
    between its steps so that it keeps the ranking. The better by log loss on the later half is
    fitted on all; isotonic needs 200 conversions to be considered.

    Attributes
    ----------
    method_ : str
        `sigmoid` or `isotonic`.
    """

    def fit(self, margin: NDArray[np.float64], outcome: NDArray[np.float64]) -> Calibrator:
        """Choose and fit the map; rows in the order of time."""
        self.method_ = self._choose(margin, outcome)
        self.map_ = _fit(self.method_, margin, outcome)
        return self

    def _choose(self, margin: NDArray[np.float64], outcome: NDArray[np.float64]) -> str:
        half = len(margin) // 2
        positives = min(outcome.sum(), (1 - outcome).sum())
        later_has_both = 0 < outcome[half:].sum() < len(outcome) - half
        if positives < MIN_POSITIVES_ISOTONIC or not later_has_both:
            return "sigmoid"
        losses = {}
        for method in ("sigmoid", "isotonic"):
            fitted = _fit(method, margin[:half], outcome[:half])
            losses[method] = _log_loss(_apply(fitted, margin[half:]), outcome[half:])
        return min(losses, key=lambda method: losses[method])

    def predict(self, margin: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return propensities, float64 of shape (n,); a higher margin never has a lower one."""
        check_is_fitted(self)
        return _apply(self.map_, margin)


def _fit(
    method: str, margin: NDArray[np.float64], outcome: NDArray[np.float64]
) -> dict[str, list[float]]:
    if method == "sigmoid":
        line = LogisticRegression(C=FIRMNESS).fit(margin.reshape(-1, 1), outcome)
        # A calibrator never turns the ranking round: a model without signal gets a flat map.
        slope = max(float(line.coef_[0, 0]), 0.0)
        level = float(line.intercept_[0]) if slope > 0 else _log_odds(outcome)
        return {"line": [slope, level]}
    steps = IsotonicRegression(out_of_bounds="clip").fit(margin, outcome)
    return _smoothed(steps, margin, outcome)


def _log_odds(outcome: NDArray[np.float64]) -> float:
    rate = (outcome.sum() + 0.5) / (len(outcome) + 1)
    return float(np.log(rate / (1 - rate)))


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


def _log_loss(propensity: NDArray[np.float64], outcome: NDArray[np.float64]) -> float:
    inside = np.clip(propensity, 1e-6, 1 - 1e-6)
    return float(-(outcome * np.log(inside) + (1 - outcome) * np.log1p(-inside)).mean())
