from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from leadscore.training.encoding import TextEncoder, training_matrix
from leadscore.training.model.blending import (
    FEW_WEIGHT,
    MOST_MEMBERS,
    USUAL_WEIGHT,
    blended,
    choose_members,
    linear_weight,
)
from leadscore.training.model.boosting import Recipe
from leadscore.training.model.hyperparameter_search import Trial
from leadscore.training.model.time_folds import Fold


def trial(number: int, words: str, loss: float, *, random_cuts: bool = False) -> Trial:
    recipe = Recipe(4, 0.5, 1, 20, words, random_cuts)  # type: ignore[arg-type]
    return Trial(number, recipe, "complete", loss, 100, 1.0, number)


def truth_and_two_views(
    leads: int, *, noise: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(3)
    z = random.normal(-1, 1.5, leads)
    views = [z + scale * random.normal(size=leads) for scale in noise]
    return (random.random(leads) < expit(z)).astype(float), views[0], views[1]


def weight_of(trees: np.ndarray, linear: np.ndarray, outcome: np.ndarray) -> float:
    rows = np.arange(len(outcome))
    folds = [Fold(rows[:0], part) for part in np.array_split(rows, 4)]
    frame = pd.DataFrame({"x": rows})
    lead, encoder = pd.Series(rows.astype(str)), TextEncoder().fit(frame)
    reached = pd.Series(outcome)
    matrix = training_matrix(frame, encoder, reached, lead, by_time=True, seed=1)
    return linear_weight(trees, linear, matrix, folds)


def test_a_mix_lies_between_its_parts() -> None:
    mixed = blended(np.array([0.0, 2.0]), np.array([4.0, 2.0]), 0.25)
    np.testing.assert_allclose(mixed, [1.0, 2.0])
    np.testing.assert_array_equal(blended(np.array([1.0]), None, 0.0), [1.0])


def test_the_best_of_each_kind_of_trees_is_averaged_unless_far_behind() -> None:
    ranked = [
        trial(3, "each", 0.30),
        trial(1, "each", 0.301),
        trial(4, "each", 0.3015, random_cuts=True),
        trial(0, "rates", 0.302),
        trial(2, "native", 0.40),
    ]
    assert [member.number for member in choose_members(ranked)] == [3, 4, 0]


def test_no_more_trials_are_averaged_than_needed() -> None:
    kinds = [(words, cuts) for words in ("each", "rates", "native") for cuts in (True, False)]
    ranked = [trial(n, words, 0.3, random_cuts=cuts) for n, (words, cuts) in enumerate(kinds)]
    assert len(choose_members(ranked)) == MOST_MEMBERS


@pytest.mark.parametrize(
    ("noise", "least", "most"),
    [
        ((0.1, 4.0), 0.0, 0.0),  # a regression that knows nothing is left out
        ((4.0, 0.1), 0.8, 1.0),  # trees that know nothing yield to the regression
    ],
)
def test_the_weight_goes_to_the_model_that_errs_less(
    noise: tuple[float, float], least: float, most: float
) -> None:
    outcome, trees, linear = truth_and_two_views(20_000, noise=noise)
    assert least <= weight_of(trees, linear, outcome) <= most


@pytest.mark.parametrize(
    ("leads", "least", "most"),
    [(3000, USUAL_WEIGHT, USUAL_WEIGHT), (60, USUAL_WEIGHT + 0.2, FEW_WEIGHT)],
)
def test_models_that_err_alike_have_the_usual_weight_which_is_higher_for_few_conversions(
    leads: int, least: float, most: float
) -> None:
    outcome, trees, _ = truth_and_two_views(leads, noise=(0.3, 0.3))
    weight = weight_of(trees, trees, outcome)
    assert least - 1e-9 <= weight <= most + 1e-9


def test_leads_that_only_trained_do_not_change_the_weight() -> None:
    outcome, trees, linear = truth_and_two_views(3000, noise=(0.4, 0.4))
    trees[:1000] = linear[:1000] = np.nan
    later = weight_of(trees[1000:], linear[1000:], outcome[1000:])
    some = weight_of(trees, linear, outcome)
    assert abs(some - later) <= 0.05 + 1e-9


def test_a_level_that_moves_does_not_decide_between_rankings() -> None:
    outcome, trees, linear = truth_and_two_views(8000, noise=(0.1, 2.0))
    moved = trees + np.linspace(-2, 2, len(trees))  # the better ranking, at levels that are off
    assert weight_of(moved, linear, outcome) <= 0.2
