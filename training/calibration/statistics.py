"""Statistics shared by metrics, calibration, segments and the gate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import betaincinv

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

LEAST_PROPENSITY = 1e-6  # the log loss of a sure propensity that was wrong stays finite


def log_losses(outcome: ArrayLike, propensity: ArrayLike) -> NDArray[np.float64]:
    """Log loss of each row's propensity, float64 of shape (n,)."""
    y = np.asarray(outcome, dtype="float64")
    p = np.clip(np.asarray(propensity, dtype="float64"), LEAST_PROPENSITY, 1 - LEAST_PROPENSITY)
    return np.asarray(-(y * np.log(p) + (1 - y) * np.log1p(-p)), dtype="float64")


def log_losses_of_margin(outcome: ArrayLike, margin: ArrayLike) -> NDArray[np.float64]:
    """Log loss of each row's log-odds, float64 of shape (n,)."""
    y, z = np.asarray(outcome, dtype="float64"), np.asarray(margin, dtype="float64")
    return np.asarray(np.logaddexp(0, z) - y * z, dtype="float64")


def clustered_error(values: ArrayLike, cluster: ArrayLike) -> float:
    """Compute the standard error of a mean over rows clustered by lead or account.

    From the sums by cluster (Liang and Zeger, Biometrika 1986), without a factor for few clusters.
    """
    figures = np.asarray(values, dtype="float64")
    sums = np.bincount(pd.factorize(np.asarray(cluster))[0], figures - figures.mean())
    return float(np.sqrt((sums**2).sum()) / len(figures))


def share_interval(outcome: pd.Series[float], cluster: pd.Series[str]) -> tuple[float, float]:
    """Compute the 95 % interval of a share, with rows clustered by account or lead.

    Clopper and Pearson's interval at the effective number of rows (Korn and Graubard, Survey
    Methodology 1998).
    """
    share, n = float(outcome.mean()), _effective_rows(outcome, cluster)
    low = float(betaincinv(share * n, n - share * n + 1, 0.025)) if share > 0 else 0.0
    high = float(betaincinv(share * n + 1, n - share * n, 0.975)) if share < 1 else 1.0
    return low, high


def _effective_rows(outcome: pd.Series[float], cluster: pd.Series[str]) -> float:
    """Count the independent rows that would give the same variance as these clusters."""
    share, clusters = float(outcome.mean()), int(cluster.nunique())
    if share in {0.0, 1.0} or clusters == 1:
        return float(clusters)  # no variance to estimate: one independent row a cluster
    variance = clustered_error(outcome, cluster) ** 2 * clusters / (clusters - 1)
    if variance == 0.0:
        return float(clusters)  # every cluster has the same share, by chance
    return float(np.clip(share * (1 - share) / variance, 1.0, len(outcome)))
