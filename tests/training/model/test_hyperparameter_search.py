from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

from leadscore.training.model.cross_validation import cross_validate, mean_curve, out_of_fold
from leadscore.training.model.hyperparameter_search import (
    PORTFOLIO,
    Search,
    Searched,
    search_recipes,
)
from leadscore.training.model.time_folds import Fold

if TYPE_CHECKING:
    from pathlib import Path

    from leadscore.training.model.boosting import Recipe


@dataclass
class Planned:
    """Trees whose loss falls by plan."""

    losses: np.ndarray
    validate: np.ndarray

    @property
    def weight(self) -> float:
        return float(len(self.validate))

    def margin(self, trees: int) -> np.ndarray:
        return np.full(len(self.validate), float(trees))


class PlannedFold:
    """Rows on which four leaves and half the columns do best, after seventeen trees."""

    def __init__(self, *, dies_at: int = 10**6) -> None:
        self.grown: list[tuple[Recipe, int]] = []
        self.dies_at = dies_at

    def grow(self, recipe: Recipe, *, seed: int) -> Planned:
        if len(self.grown) >= self.dies_at:
            raise KeyboardInterrupt
        self.grown.append((recipe, seed))
        floor = 0.3 + 0.01 * abs(np.log(recipe.leaves / 4)) + 0.1 * abs(recipe.columns - 0.5)
        return Planned(floor + 0.01 * np.abs(np.arange(1, 60) - 17), np.arange(25))


def search(folds: list[PlannedFold], **settings: object) -> Searched:
    return search_recipes(
        folds,  # type: ignore[arg-type]
        Search(**settings),  # type: ignore[arg-type]
        portfolio=PORTFOLIO,
        by_time=True,
        has_text=True,
    )


def test_the_portfolio_is_tried_first_and_the_best_comes_first() -> None:
    searched = search([PlannedFold(), PlannedFold()])
    assert [trial.recipe for trial in searched.trials][: len(PORTFOLIO)] == list(PORTFOLIO)
    best = searched.best_first[0]
    assert best.loss == min(trial.loss for trial in searched.best_first)
    assert best.trees == 17


def test_more_patience_finds_better_recipes_than_the_portfolio_has() -> None:
    quick, patient = search([PlannedFold()]), search([PlannedFold()], patience=20)
    assert len(patient.trials) > len(quick.trials)
    assert patient.best_first[0].loss < quick.best_first[0].loss - 0.001


def test_a_hopeless_recipe_is_not_judged_on_every_fold() -> None:
    folds = [PlannedFold() for _ in range(4)]
    searched = search(folds, patience=10)
    pruned = [trial for trial in searched.trials if trial.state == "pruned"]
    assert pruned
    assert len(folds[0].grown) == len(searched.trials)
    assert len(folds[3].grown) == len(searched.trials) - len(pruned)
    assert not set(pruned) & set(searched.best_first)


def test_a_search_without_time_tries_one_recipe_all_the_same() -> None:
    assert len(search([PlannedFold()], seconds=0).trials) == 1


def test_a_search_that_died_goes_on_where_it_ended(tmp_path: Path) -> None:
    whole = search([PlannedFold()], patience=6)
    file = tmp_path / "tuning" / "trials.log"
    with pytest.raises(KeyboardInterrupt):
        search([PlannedFold(dies_at=8)], patience=6, file=file)
    fold = PlannedFold()
    resumed = search([fold], patience=6, file=file)
    assert len(fold.grown) == len(whole.trials) - 8
    assert [trial.recipe for trial in resumed.trials] == [trial.recipe for trial in whole.trials]
    assert [trial.loss for trial in resumed.trials] == [trial.loss for trial in whole.trials]


def test_without_dates_or_words_those_choices_are_not_tried() -> None:
    fold = PlannedFold()
    search_recipes(
        [fold],  # type: ignore[list-item]
        Search(patience=5),
        portfolio=PORTFOLIO,
        by_time=False,
        has_text=False,
    )
    assert {recipe.half_life for recipe, _ in fold.grown} == {None}
    assert {recipe.words for recipe, _ in fold.grown} == {"native"}
    assert len({recipe for recipe, _ in fold.grown}) == len(fold.grown)


def test_a_fold_that_stopped_early_keeps_its_last_loss() -> None:
    long = Planned(np.array([0.5, 0.4, 0.3]), np.arange(10))
    short = Planned(np.array([0.6, 0.5]), np.arange(30))
    np.testing.assert_allclose(mean_curve([long, short]), [0.575, 0.475, 0.45])  # type: ignore[list-item]


def test_leads_that_only_taught_have_no_margin() -> None:
    grown, _ = cross_validate([PlannedFold()], PORTFOLIO[0], seed=1)  # type: ignore[list-item]
    margin = out_of_fold(grown, [Fold(np.arange(10), np.arange(10, 35))], 5, rows=35)
    assert np.isnan(margin[:10]).all()
    assert (margin[10:] == 5).all()


def test_trials_of_other_rows_are_not_taken_up_and_each_has_its_own_seed(tmp_path: Path) -> None:
    fold, file = PlannedFold(), tmp_path / "trials.log"
    search([PlannedFold()], file=file, name="sql of one table")
    search([fold], file=file, name="sql of another")
    seeds = [seed for _, seed in fold.grown]
    assert len(set(seeds)) == len(seeds) >= len(PORTFOLIO)
