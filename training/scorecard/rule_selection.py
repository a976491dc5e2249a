"""Which conditions a scorecard is made of: those which together come nearest to the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logit

from leadscore.training.scorecard.candidate_rules import Condition, possible_conditions

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from leadscore.features.families import Feature

MAX_RULES = 12  # what a marketer keeps in mind, and a CRM's settings page holds
RULES_A_FACT = 3  # a table about one kind of event would tell a marketer nothing new
RIDGE = 1.0  # pseudo-leads that pull each weight towards nothing
LEAST_GAIN = 1.0  # in units of log-likelihood times two; less is chance even in a confident model
EXCHANGES = 1  # rounds in which each rule may give way to a better one; a second gains nothing


def choose_conditions(
    frame: pd.DataFrame, propensity: NDArray[np.float64], catalogue: Sequence[Feature]
) -> list[Condition]:
    """Add the condition that explains most of what is left; then exchange what can be bettered.

    `propensity` is the model's, inside (0, 1). At most `MAX_RULES`, in the order of choice.
    """
    log_odds = logit(propensity)
    conditions = possible_conditions(frame, log_odds, catalogue)
    if not conditions:
        return []
    answers = np.column_stack([each.holds(frame) for each in conditions]).astype("float32")
    signs = np.array([direction(column, log_odds) for column in answers.T])
    facts = {feature.name: feature.fact for feature in catalogue}
    candidates = _Candidates(
        conditions, [facts[each.feature] for each in conditions], answers, signs, propensity
    )
    chosen: list[int] = []
    while len(chosen) < MAX_RULES:
        best = candidates.best_beside(chosen)
        if best is None:
            break
        chosen.append(best)
    for _ in range(EXCHANGES * len(chosen)):
        best = candidates.best_beside(chosen[1:])
        chosen = [*chosen[1:], chosen[0] if best is None else best]
    return [conditions[each] for each in chosen]


@dataclass(frozen=True)
class _Candidates:
    """The candidates with their answers for each lead."""

    conditions: Sequence[Condition]
    facts: Sequence[str]
    answers: NDArray[np.float32]
    signs: NDArray[np.float64]
    propensity: NDArray[np.float64]

    def best_beside(self, chosen: Sequence[int]) -> int | None:
        """Return the condition which gains most beside those chosen; None where none gains."""
        gain = _gains(self.answers, chosen, self.signs, self.propensity)
        facts = [self.facts[each] for each in chosen]
        full = [facts.count(fact) >= RULES_A_FACT for fact in self.facts]
        gain[np.array(full) | [self._contradicts(each, chosen) for each in range(len(gain))]] = 0
        best = int(gain.argmax())
        return best if gain[best] > LEAST_GAIN else None

    def _contradicts(self, each: int, chosen: Sequence[int]) -> bool:
        """Whether beside the others it could not be read: "15 or more: +5, 20 or more: -5"."""
        own = self.conditions[each]
        return each in chosen or any(
            own.overlaps(self.conditions[other])
            and (own.test == "one_of" or self.signs[other] != self.signs[each])
            for other in chosen
        )


def _gains(
    answers: NDArray[np.float32],
    chosen: Sequence[int],
    signs: NDArray[np.float64],
    propensity: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Estimate what each condition would gain beside those chosen: Rao's score statistic."""
    beside = np.column_stack([np.ones(len(propensity)), answers[:, list(chosen)]])
    now = expit(beside @ fit_weights(beside, propensity, signs[list(chosen)]))
    left, spread = (propensity - now).astype("float32"), (now * (1 - now))
    slope = (answers.T @ left).astype("float64")
    weighed = beside * spread[:, None]
    shared = answers.T @ weighed.astype("float32")
    known = weighed.T @ beside + RIDGE * np.eye(beside.shape[1])
    explained = np.einsum("ij,ij->i", shared, np.linalg.solve(known, shared.T.astype("float64")).T)
    own = (answers.T @ spread.astype("float32")).astype("float64")
    curve = np.maximum(own - explained, 0) + RIDGE
    return np.where(slope * signs > 0, slope**2 / curve, 0.0)


def direction(holds: NDArray[Any], log_odds: NDArray[np.float64]) -> float:
    """Return 1 where the leads a condition holds for are likelier than others, -1 where less."""
    return float(np.sign(holds @ log_odds / max(holds.sum(), 1) - log_odds.mean()))


def fit_weights(
    answers: NDArray[np.float64],
    propensity: NDArray[np.float64],
    signs: Sequence[float] | NDArray[np.float64],
) -> NDArray[np.float64]:
    """Fit a logistic regression to propensities or outcomes, each weight on its own side of 0.

    `answers` has a first column of ones, then one a condition; `signs` are 1 or -1. Returns the
    level, then the weights, in log-odds.
    """

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        z = answers @ weights
        pull = RIDGE * np.append(0, weights[1:])
        gap = expit(z) - propensity
        value = (np.logaddexp(0, z) - propensity * z).sum() + pull @ weights / 2
        return float(value), answers.T @ gap + pull

    bounds = [(None, None), *((0, None) if sign > 0 else (None, 0) for sign in signs)]
    begin = np.zeros(answers.shape[1])
    begin[0] = logit(propensity.mean())
    return np.asarray(minimize(loss, begin, jac=True, method="L-BFGS-B", bounds=bounds).x)
