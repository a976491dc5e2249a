"""A model distilled into a dozen rules of points, which a marketer reads and any CRM can run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from threadpoolctl import threadpool_limits

from leadscore.training.scorecard.rule_selection import choose_conditions, direction, fit_weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leadscore.features.families import Feature
    from leadscore.training.scorecard.candidate_rules import Condition

POINTS_A_DOUBLING = 10  # ten points double the odds: the one thing to remember of the table
LEAST_POINTS = 3  # a fifth more odds; a rule that says less is not worth its line
CHOOSING_ROWS = 10_000  # rules are chosen on so many leads; twice as many choose no better
SURE = 1e-4  # the model's own claims of certainty are not copied


@dataclass(frozen=True)
class PointsRule:
    """One line of the table: where its condition holds, its points are added."""

    condition: Condition
    points: int
    leads_share: float  # of the training leads, those for whom it holds

    @property
    def feature(self) -> str:
        """The column of the feature table that the condition is about."""
        return self.condition.feature

    @property
    def words(self) -> str:
        """What a person reads, without the points."""
        return self.condition.words


@dataclass(frozen=True)
class PointsTable:
    """A score that is a sum of points.

    The propensity is 1 / (1 + exp(-(level + slope · points))).
    """

    start: int  # so that no lead ends below 0
    rules: tuple[PointsRule, ...]  # those that add most first; any number may hold for a lead
    level: float
    slope: float

    def points(self, frame: pd.DataFrame) -> pd.Series[int]:
        """Add up the points of each lead, int64 on the frame's index."""
        total = np.full(len(frame), self.start, dtype="int64")
        for rule in self.rules:
            total += rule.points * rule.condition.holds(frame)
        return pd.Series(total, index=frame.index, name="points")

    def propensity(self, frame: pd.DataFrame) -> pd.Series[float]:
        """Return the propensity of each lead's points, float64 on the frame's index."""
        return pd.Series(expit(self.level + self.slope * self.points(frame)), index=frame.index)

    def sentences(self) -> list[str]:
        """List the start, then a sentence a rule: "Visits in the last 7 days: 2 or more: +12"."""
        if not self.rules:
            return ["No rule tells these leads apart."]
        start = f"Every lead starts with {self.start} points; ten points more double the odds."
        return [start, *(f"{rule.words}: {_signed(rule.points)}" for rule in self.rules)]

    def to_records(self) -> list[dict[str, Any]]:
        """Return the rules as plain records, as a CRM or a JSON artifact holds them.

        Returns
        -------
        list of dict
            `rule` (0 for the start), `feature`, `test` (`always`, `at_least`, `less_than`, `is`,
            `known`, `unknown`), `value` (the cut or the word; empty for the other tests),
            `points`, `leads_share` (of the rule), `words`. A rule of several words has a record
            for each.
        """
        start = {"rule": 0, "feature": "", "test": "always", "value": "", "points": self.start}
        records = [start | {"leads_share": 1.0, "words": "Every lead starts with"}]
        for number, rule in enumerate(self.rules, start=1):
            records += _records(number, rule)
        return records

    def as_csv(self) -> str:
        """Return `to_records` as CSV with a header."""
        return pd.DataFrame(self.to_records()).to_csv(index=False)

    def lookup(self) -> pd.DataFrame:
        """Return `points` from 0 to a lead's most, in steps of five, and their `propensity`."""
        most = self.start + sum(max(rule.points, 0) for rule in self.rules)
        points = np.arange(0, most + 5, 5)
        return pd.DataFrame(
            {"points": points, "propensity": expit(self.level + self.slope * points)}
        )


def distil(
    frame: pd.DataFrame,
    propensity: pd.Series[float],
    outcome: pd.Series[float],
    catalogue: Sequence[Feature],
) -> PointsTable:
    """Distil a model into points, on its training leads.

    Conditions are added one at a time, each time the one which brings the sum of points nearest to
    the model's propensities (the largest score statistic of a logistic regression; distillation as
    in Hinton, Vinyals and Dean 2015), and all weights are fitted anew. No weight may turn against
    the condition's own direction, so that no rule punishes what helps. Weights are whole points at
    ten a doubling of the odds: fine enough that rounding costs nothing, which is what the integer
    search of RiskSLIM (Ustun and Rudin, Machine Learning 2019) is for where points are few. The
    propensity of the points is fitted to the outcomes, as the model is too sure of leads it has
    learnt from. Without rules where no condition separates leads.
    """
    clipped = np.clip(np.asarray(propensity, dtype="float64"), SURE, 1 - SURE)
    some = np.arange(0, len(frame), max(len(frame) // CHOOSING_ROWS, 1))
    with threadpool_limits(1):  # threads that share products this small only wait for each other
        chosen = choose_conditions(frame.iloc[some], clipped[some], catalogue)
    answers = np.column_stack([np.ones(len(frame)), *(each.holds(frame) for each in chosen)])
    signs = [direction(column, logit(clipped)) for column in answers.T[1:]]
    weights = fit_weights(answers, clipped, signs)[1:]
    points = np.round(weights * POINTS_A_DOUBLING / np.log(2)).astype("int64")
    rules = [
        PointsRule(condition, int(each), float(holds.mean()))
        for condition, each, holds in zip(chosen, points, answers.T[1:], strict=True)
        if abs(each) >= LEAST_POINTS
    ]
    rules.sort(key=lambda rule: (-rule.points, rule.words))
    start = -sum(min(rule.points, 0) for rule in rules)
    table = PointsTable(start, tuple(rules), 0.0, 0.0)
    level, slope = _fit_outcomes(table.points(frame), outcome)
    return PointsTable(start, tuple(rules), level, slope)


def _fit_outcomes(points: pd.Series[int], outcome: pd.Series[float]) -> tuple[float, float]:
    """Fit level and slope of the propensity to the outcomes."""
    reached = np.asarray(outcome, dtype="float64")
    scaled = points.to_numpy("float64") / POINTS_A_DOUBLING
    answers = np.column_stack([np.ones(len(scaled)), scaled])
    level, slope = fit_weights(answers, reached, [1.0])
    return float(level), float(slope / POINTS_A_DOUBLING)


def _records(number: int, rule: PointsRule) -> list[dict[str, Any]]:
    condition = rule.condition
    values: tuple[object, ...] = ("",)
    if condition.test == "one_of":
        values = condition.any_of
    elif condition.test in {"at_least", "less_than"}:
        values = (condition.cut,)
    return [
        {
            "rule": number,
            "feature": rule.feature,
            "test": "is" if condition.test == "one_of" else condition.test,
            "value": value,
            "points": rule.points,
            "leads_share": round(rule.leads_share, 4),
            "words": rule.words,
        }
        for value in values
    ]


def _signed(points: int) -> str:
    return f"+{points}" if points > 0 else f"−{-points}"
