"""Metrics of propensities: ranking, accuracy, calibration, lift, each with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from scipy.special import expit, logit
from scipy.stats import norm, t

from leadscore.training.calibration import log_losses

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    Weigh = Callable[["Ranked", NDArray[np.float64]], Mapping[str, float]]

LIFT_SHARES = (0.01, 0.05, 0.10, 0.20)
CALIBRATION_BINS = 10
RESAMPLES = 400  # the ends of a 95 % interval then move by about a tenth of its width
SEED = 20_260_701
ROWS_FOR_THREADS = 20_000  # of fewer, a sample takes less time than handing it to a thread


@dataclass(frozen=True)
class Ranked:
    """Rows sorted by propensity, highest first, for repeated weighting; all of shape (n,).

    Rows with one propensity share a number in `tie`, rows resampled together one in `cluster`.
    """

    propensity: NDArray[np.float64]
    outcome: NDArray[np.float64]
    tie: NDArray[np.int64]
    cluster: NDArray[np.int64]

    @cached_property
    def square(self) -> NDArray[np.float64]:
        """Squared error of each row."""
        return np.asarray((self.outcome - self.propensity) ** 2)

    @cached_property
    def loss(self) -> NDArray[np.float64]:
        """Log loss of each row."""
        return log_losses(self.outcome, self.propensity)


def measure(
    outcome: pd.Series[float], propensity: pd.Series[float], cluster: pd.Series[str]
) -> pd.DataFrame:
    """Measure propensities against outcomes, with 95 % intervals by resampling whole accounts.

    Parameters
    ----------
    cluster
        The account of each row, or its lead where it has none; resampled as a whole.

    Returns
    -------
    DataFrame
        Indexed by metric (`auc`, `average_precision`, `brier`, `log_loss`, `calibration_error`,
        `lift_1`, `lift_5`, `lift_10`, `lift_20`); columns `value`, `low`, `high`.
    """
    ranked = rank(outcome, propensity, cluster)
    value = pd.Series(weighed(ranked, np.ones(len(ranked.outcome))))
    draws, few = _resampled(ranked), _informative_clusters(outcome, cluster)
    table = _with_interval(value, draws, few)
    table.loc["auc", ["low", "high"]] = _auc_interval(value["auc"], draws["auc"], few)
    most = pd.Series(np.inf, table.index)
    most[list(SHARES)] = 1.0
    return table.assign(low=table["low"].clip(lower=0), high=table["high"].clip(upper=most))


def measure_auc(
    outcome: pd.Series[float], propensity: pd.Series[float], cluster: pd.Series[str]
) -> pd.Series[float]:
    """Compute the row `auc` of `measure` (`value`, `low`, `high`) alone, much faster."""
    ranked = rank(outcome, propensity, cluster)
    value = _weighed_auc(ranked, np.ones(len(ranked.outcome)))["auc"]
    draws = _resampled(ranked, _weighed_auc)["auc"]
    low, high = _auc_interval(value, draws, _informative_clusters(outcome, cluster))
    return pd.Series({"value": value, "low": max(low, 0.0), "high": min(high, 1.0)})


def compare(
    outcome: pd.Series[float],
    first: pd.Series[float],
    second: pd.Series[float],
    cluster: pd.Series[str],
) -> pd.DataFrame:
    """Measure first minus second on the same leads, by a paired bootstrap; columns of `measure`."""
    one, two = rank(outcome, first, cluster), rank(outcome, second, cluster)
    draws = _resampled(one) - _resampled(two)
    ones = np.ones(len(outcome))
    value = pd.Series(weighed(one, ones)) - pd.Series(weighed(two, ones))
    return _with_interval(value, draws, _informative_clusters(outcome, cluster))


def _informative_clusters(outcome: pd.Series[float], cluster: pd.Series[str]) -> int:
    """Count the clusters of the rarer outcome, which limit how sure any metric is."""
    rows = np.asarray(outcome) == 1
    accounts = np.asarray(cluster, dtype="object")
    return min(len(set(accounts[rows])), len(set(accounts[~rows])))


def _small_sample_factor(clusters: int) -> float:
    """Factor by which to widen a bootstrap interval of few clusters.

    The small-sample factor and Student's t in place of the normal are those of Cameron, Gelbach
    and Miller (Review of Economics and Statistics 2008); from some hundred clusters on they are 1.
    """
    few = max(clusters, 2)
    return float(np.sqrt(few / (few - 1)) * t.ppf(0.975, few - 1) / norm.ppf(0.975))


def _auc_interval(value: float, draws: pd.Series[float], clusters: int) -> list[float]:
    """Compute the interval of an AUC on the scale of log-odds, where it is symmetric.

    On the plain scale intervals near 1 fall short (Qin and Hotilovac, Statistical Methods in
    Medical Research 2008). A draw in which every pair is in order counts as half a pair that is not
    among as many leads of either outcome as there are of the rarer: so few can show no more.
    """
    least = 0.5 / max(clusters, 1) ** 2
    inside = draws.dropna().clip(least, 1 - least)
    if inside.empty or not 0 < value < 1:
        return [value, value]
    middle, spread = float(logit(value)), float(logit(inside).std())
    reach = _small_sample_factor(clusters) * float(norm.ppf(0.975)) * spread
    return [float(expit(middle - reach)), float(expit(middle + reach))]


def _with_interval(value: pd.Series[float], draws: pd.DataFrame, clusters: int) -> pd.DataFrame:
    """Add the 95 % interval: the bootstrap's, widened for few clusters."""
    factor = _small_sample_factor(clusters)
    low, high = (value + factor * (draws.quantile(end) - value) for end in (0.025, 0.975))
    return pd.DataFrame({"value": value, "low": low, "high": high})


def rank(
    outcome: pd.Series[float], propensity: pd.Series[float], cluster: pd.Series[str]
) -> Ranked:
    """Order leads by propensity, highest first; ties keep the order they came in."""
    p = np.asarray(propensity, dtype="float64")
    y = np.asarray(outcome, dtype="float64")
    order = np.argsort(-p, kind="stable")
    tie = pd.factorize(p[order])[0].astype("int64")
    codes = pd.factorize(cluster)[0].astype("int64")
    return Ranked(p[order], y[order], tie, codes[order])


def weighed(ranked: Ranked, weight: NDArray[np.float64]) -> dict[str, float]:
    """Compute every metric with a weight for each row; NaN where there is one outcome only."""
    y, p = ranked.outcome, ranked.propensity
    total, positive = float(weight.sum()), float((weight * y).sum())
    if total == 0 or positive in (0.0, total):
        return dict.fromkeys(METRICS, float("nan"))
    hits, misses = _by_tie(ranked, weight * y), _by_tie(ranked, weight * (1 - y))
    shared = (hits / np.maximum(hits + misses, 1e-300))[ranked.tie]
    return {
        "auc": _auc(hits, misses),
        "average_precision": _average_precision(hits, misses),
        "brier": float((weight * ranked.square).sum() / total),
        "log_loss": float((weight * ranked.loss).sum() / total),
        "calibration_error": calibration_error(p, shared, weight),
        **_lifts(hits, misses),
    }


METRICS = (
    "auc",
    "average_precision",
    "brier",
    "log_loss",
    "calibration_error",
    *(f"lift_{round(share * 100)}" for share in LIFT_SHARES),
)
SHARES = ("auc", "average_precision", "brier", "calibration_error")  # which end at 1


def _by_tie(ranked: Ranked, amounts: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.bincount(ranked.tie, amounts), dtype="float64")


def _auc(hits: NDArray[np.float64], misses: NDArray[np.float64]) -> float:
    """How often a converted lead ranks above one that did not convert; ties count half."""
    above = np.cumsum(hits) - hits
    return float((misses * (above + hits / 2)).sum() / (hits.sum() * misses.sum()))


def _average_precision(hits: NDArray[np.float64], misses: NDArray[np.float64]) -> float:
    reached = np.cumsum(hits)
    listed = np.maximum(reached + np.cumsum(misses), 1e-300)
    return float((hits * reached / listed).sum() / hits.sum())


def calibration_error(
    propensity: NDArray[np.float64], outcome: NDArray[np.float64], weight: NDArray[np.float64]
) -> float:
    """Compute the expected calibration error over ten bins of equal weight.

    Equal-mass bins as in Naeini, Cooper and Hauskrecht (AAAI 2015) and Nixon et al. (CVPR
    workshops 2019). All arrays have shape (n,), propensities in order; the outcome of tied rows is
    their mean.
    """
    total = weight.sum()
    middle = (np.cumsum(weight) - weight / 2) / total
    bins = np.minimum((middle * CALIBRATION_BINS).astype("int64"), CALIBRATION_BINS - 1)
    promised = np.bincount(bins, weight * propensity, CALIBRATION_BINS)
    realised = np.bincount(bins, weight * outcome, CALIBRATION_BINS)
    return float(np.abs(promised - realised).sum() / total)


def _lifts(hits: NDArray[np.float64], misses: NDArray[np.float64]) -> dict[str, float]:
    """Conversion among the top shares over conversion among all; ties share their conversion."""
    upto, hits_upto = np.cumsum(hits + misses), np.cumsum(hits)
    base = hits_upto[-1] / upto[-1]
    lifts = {}
    for share in LIFT_SHARES:
        wanted = share * upto[-1]
        reached = np.interp(wanted, np.append(0, upto), np.append(0, hits_upto))
        lifts[f"lift_{round(share * 100)}"] = float(reached / wanted / base)
    return lifts


def _weighed_auc(ranked: Ranked, weight: NDArray[np.float64]) -> dict[str, float]:
    hits = _by_tie(ranked, weight * ranked.outcome)
    misses = _by_tie(ranked, weight * (1 - ranked.outcome))
    if hits.sum() == 0 or misses.sum() == 0:
        return {"auc": float("nan")}
    return {"auc": _auc(hits, misses)}


def _resampled(ranked: Ranked, weigh: Weigh = weighed) -> pd.DataFrame:
    """Compute metrics of bootstrap samples; the same on any number of workers."""
    seeds = np.random.SeedSequence(SEED).spawn(RESAMPLES)
    workers = -1 if len(ranked.outcome) >= ROWS_FOR_THREADS else 1
    found: list[Mapping[str, float]] = Parallel(n_jobs=workers, prefer="threads")(
        delayed(_one_resample)(ranked, seed, weigh) for seed in seeds
    )
    return pd.DataFrame(found)


def _one_resample(
    ranked: Ranked, seed: np.random.SeedSequence, weigh: Weigh
) -> Mapping[str, float]:
    clusters = int(ranked.cluster.max()) + 1
    drawn = np.random.default_rng(seed).multinomial(clusters, np.full(clusters, 1 / clusters))
    return weigh(ranked, drawn[ranked.cluster].astype("float64"))
