from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

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


def test_the_best_of_each_kind_of_trees_speaks() -> None:
    ranked = [
        trial(3, "each", 0.30),
        trial(1, "each", 0.301),
        trial(4, "each", 0.3015, random_cuts=True),
        trial(0, "rates", 0.302),
        trial(2, "native", 0.40),
    ]
    assert [member.number for member in choose_members(ranked)] == [3, 4, 0]


def test_no_more_speak_than_the_average_needs() -> None:
    ranked = [
        trial(n, words, 0.3, random_cuts=cuts)
        for n, (words, cuts) in enumerate(
            (words, cuts) for words in ("each", "rates", "native") for cuts in (True, False)
        )
    ]
    assert len(choose_members(ranked)) == MOST_MEMBERS


def test_two_views_that_err_alike_are_mixed_as_usual() -> None:
    outcome, trees, _ = truth_and_two_views(3000, noise=(0.4, 0.4))
    assert linear_weight(trees, trees, outcome, np.arange(len(outcome))) == pytest.approx(
        USUAL_WEIGHT
    )


def test_a_regression_that_knows_nothing_is_left_out() -> None:
    outcome, trees, linear = truth_and_two_views(20_000, noise=(0.1, 4.0))
    assert linear_weight(trees, linear, outcome, np.arange(len(outcome))) == 0


def test_trees_that_know_nothing_are_drawn_to_the_regression() -> None:
    outcome, trees, linear = truth_and_two_views(20_000, noise=(4.0, 0.1))
    assert linear_weight(trees, linear, outcome, np.arange(len(outcome))) > 0.8


def test_where_conversions_are_few_the_simpler_model_says_more() -> None:
    outcome, trees, _ = truth_and_two_views(60, noise=(0.3, 0.3))
    positives = min(outcome.sum(), (1 - outcome).sum())
    assert positives < 50
    assert (
        USUAL_WEIGHT + 0.2
        < linear_weight(trees, trees, outcome, np.arange(len(outcome)))
        <= FEW_WEIGHT
    )


def test_leads_that_only_taught_have_no_say_in_the_weight() -> None:
    outcome, trees, linear = truth_and_two_views(3000, noise=(0.4, 0.4))
    trees[:1000] = linear[:1000] = np.nan
    assert 0 <= linear_weight(trees, linear, outcome, np.arange(len(outcome))) <= 1


def test_a_mix_lies_between_its_parts() -> None:
    mixed = blended(np.array([0.0, 2.0]), np.array([4.0, 2.0]), 0.25)
    np.testing.assert_allclose(mixed, [1.0, 2.0])
    np.testing.assert_array_equal(blended(np.array([1.0]), None, 0.0), [1.0])
