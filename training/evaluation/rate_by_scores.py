"""How many leads without labels will convert, told from their scores alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import expit, logit

if TYPE_CHECKING:
    from numpy.typing import NDArray

MIN_LEADS_NOW = 200  # fewer leave the rate open to a factor of two
MIN_REFERENCE = 30  # held-out leads of either outcome: with fewer nobody knows what they look like
# Of the outcome's variance, what scores must explain: below, those of leads that convert and of
# leads that do not overlap so far that their mixture says nothing.
MIN_EXPLAINED = 0.02
RESAMPLES = 400  # the ends of a 95 % interval then move by about a tenth of its width
STEPS = 500  # of expectation-maximisation; a rate in a thousand needs some hundred
ROUNDS = 20  # of Newton's method for a line through log-odds, which needs about six
GROUPS = 200  # of leads with like scores, which make the resamples quick and cost nothing
LEAST_PROPENSITY = 1e-5  # log-odds of certainty are not finite
SEED = 20_260_701


@dataclass(frozen=True)
class Scored:
    """Propensities of leads, and whose luck each shares.

    Parameters
    ----------
    propensity
        float64.
    cluster
        The account, or the lead; same length.
    """

    propensity: pd.Series[float]
    cluster: pd.Series[str]


def rate_by_scores(
    now: Scored, reference: Scored, outcome: pd.Series[float]
) -> tuple[float, float, float]:
    """Estimate the rate of leads without labels from their scores and those of others with labels.

    A line through the log-odds puts the scores to scale on the reference leads; then the rate is
    found by the expectation-maximisation of Saerens, Latinne and Decaestecker (Neural Computation
    2002), which calibrated scores make hard to beat (Alexandari, Kundaje and Shrikumar, ICML
    2020). It assumes that only the rate has changed: that leads which convert still look as they
    did, and so do those which do not.

    Parameters
    ----------
    now
        The leads without labels.
    reference, outcome
        Leads that taught nothing, with what became of them (0 or 1).

    Returns
    -------
    rate, low, high : float
        The maximum likelihood, and its 95 % interval by drawing clusters of both kinds of leads;
        missing where leads are too few or their scores too much alike.
    """
    told, known = _log_odds(now.propensity), _log_odds(reference.propensity)
    reached = np.asarray(outcome, dtype="float64")
    if len(told) < MIN_LEADS_NOW or min(reached.sum(), (1 - reached).sum()) < MIN_REFERENCE:
        return float("nan"), float("nan"), float("nan")
    line = _line(known, reached, np.ones(len(known)))
    if expit(line[0] + line[1] * known).var() < MIN_EXPLAINED * reached.var():
        return float("nan"), float("nan"), float("nan")
    random = np.random.default_rng(SEED)
    drawn_known, drawn = (_drawn(each.cluster, random) for each in (reference, now))
    lines = np.array([_line(known, reached, weight) for weight in drawn_known])
    learnt = drawn_known @ reached / drawn_known.sum(axis=1)
    counts, middle = _grouped(told, drawn)
    scaled = expit(lines[:, :1] + lines[:, 1:] * middle)
    rates = _expectation_maximisation(counts, scaled, learnt)
    low, high = np.quantile(rates[1:], (0.025, 0.975))
    return float(rates[0]), float(low), float(high)


def _log_odds(propensity: pd.Series[float]) -> NDArray[np.float64]:
    inside = propensity.clip(LEAST_PROPENSITY, 1 - LEAST_PROPENSITY)
    return np.asarray(logit(inside), dtype="float64")


def _drawn(cluster: pd.Series[str], random: np.random.Generator) -> NDArray[np.float64]:
    """Weigh rows: all once, then as whole clusters are drawn; of shape (1 + RESAMPLES, n)."""
    member = pd.factorize(cluster)[0]
    clusters = int(member.max()) + 1
    times = random.multinomial(clusters, np.full(clusters, 1 / clusters), size=RESAMPLES)
    return np.vstack([np.ones(len(member)), times[:, member]])


def _line(
    known: NDArray[np.float64], reached: NDArray[np.float64], weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Fit level and slope of a logistic regression by Newton's method, drawn a little to (0, 1)."""
    start = np.array([0.0, 1.0])
    line = start.copy()
    columns = np.column_stack([np.ones(len(known)), known])
    for _ in range(ROUNDS):
        promised = expit(columns @ line)
        gradient = columns.T @ (weight * (reached - promised)) - (line - start)
        curve = (columns * (weight * promised * (1 - promised))[:, None]).T @ columns + np.eye(2)
        step = np.linalg.solve(curve, gradient)
        line = line + step
        if np.abs(step).max() < 1e-6:
            break
    return line


def _grouped(
    told: NDArray[np.float64], drawn: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sum the weights of leads with like scores; of shape (draws, groups), with their middle."""
    order = np.argsort(told, kind="stable")
    starts = np.unique(np.arange(GROUPS) * len(told) // GROUPS)
    counts = np.add.reduceat(drawn[:, order], starts, axis=1)
    middle = np.add.reduceat(told[order], starts) / np.diff(np.append(starts, len(told)))
    return counts, middle


def _expectation_maximisation(
    counts: NDArray[np.float64], propensity: NDArray[np.float64], learnt: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give the likeliest rate for each row of counts: adjust the scores, average, and again."""
    rate = learnt.copy()
    for _ in range(STEPS):
        reach = propensity * (rate / learnt)[:, None]
        miss = (1 - propensity) * ((1 - rate) / (1 - learnt))[:, None]
        moved = (counts * reach / (reach + miss)).sum(axis=1) / counts.sum(axis=1)
        if np.abs(moved - rate).max() < 1e-7:
            return np.asarray(moved)
        rate = moved
    return rate
