from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.tuning import (
    FEW_ROWS,
    FIRST_SHARE,
    FOLDS,
    MANY_ROWS,
    SHAPES,
    Fold,
    Shape,
    forward_folds,
    random_folds,
    tune,
)

HALF_AND_HALF = np.arange(100) % 2.0
some_leads = st.lists(st.integers(1, 4), min_size=20, max_size=60)


def rows_of(snapshots: list[int]) -> pd.Series:
    return pd.Series(np.repeat([f"L{n}" for n in range(len(snapshots))], snapshots))


@given(some_leads)
def test_only_earlier_leads_teach_a_forward_fold(snapshots: list[int]) -> None:
    for fold in forward_folds(rows_of(snapshots)):
        assert fold.teach.max() < fold.judge.min()


@given(some_leads)
def test_a_lead_is_never_on_both_sides_of_a_fold(snapshots: list[int]) -> None:
    lead = rows_of(snapshots)
    for fold in [*forward_folds(lead), *random_folds(lead, seed=1)]:
        assert not set(lead[fold.teach]) & set(lead[fold.judge])


@given(some_leads)
def test_forward_folds_judge_each_later_row_once(snapshots: list[int]) -> None:
    lead = rows_of(snapshots)
    judged = np.concatenate([fold.judge for fold in forward_folds(lead)])
    leads_judged = lead[judged].nunique() / lead.nunique()
    assert len(judged) == len(set(judged))
    assert leads_judged == pytest.approx(1 - FIRST_SHARE, abs=0.06)


def test_random_folds_judge_every_row_once() -> None:
    lead = rows_of([2] * 50)
    folds = random_folds(lead, seed=3)
    assert len(folds) == FOLDS
    assert sorted(np.concatenate([fold.judge for fold in folds])) == list(range(100))


@dataclass
class Planned:
    """Trees whose loss falls by a shape's own plan."""

    losses: np.ndarray
    judged: int

    def margin(self, trees: int) -> np.ndarray:
        return np.full(self.judged, float(trees))


def plan(best: str, trees: int, seen: list[tuple[str, int]]) -> object:
    def grow(shape: Shape, fold: Fold) -> Planned:
        seen.append((shape.name, len(fold.teach)))
        floor = 0.3 if shape.name == best else 0.4
        curve = floor + 0.01 * np.abs(np.arange(1, 60) - trees)
        return Planned(curve, len(fold.judge))

    return grow


@pytest.mark.parametrize("best", [shape.name for shape in SHAPES])
def test_the_shape_that_errs_least_on_later_leads_wins(best: str) -> None:
    tuned = tune(plan(best, 17, []), forward_folds(rows_of([1] * 100)), outcome=HALF_AND_HALF)  # type: ignore[arg-type]
    assert (tuned.shape.name, tuned.trees) == (best, 17)
    assert min(tuned.losses, key=tuned.losses.__getitem__) == best


def test_leads_that_only_taught_have_no_margin() -> None:
    tuned = tune(plan("small", 5, []), forward_folds(rows_of([1] * 100)), outcome=HALF_AND_HALF)  # type: ignore[arg-type]
    assert np.isnan(tuned.margin[:40]).all()
    assert (tuned.margin[41:] == 5).all()


def test_plenty_of_rows_compare_the_shapes_on_the_last_fold_alone() -> None:
    seen: list[tuple[str, int]] = []
    rows = FEW_ROWS + 1000
    tune(
        plan("small", 5, seen),
        forward_folds(pd.Series(np.arange(rows).astype(str))),
        outcome=np.arange(rows) % 2.0,
    )  # type: ignore[arg-type]
    assert len(seen) == len(SHAPES) + FOLDS


def test_very_many_rows_let_the_last_fold_judge_alone() -> None:
    seen: list[tuple[str, int]] = []
    rows = MANY_ROWS + 1000
    tune(
        plan("small", 5, seen),
        forward_folds(pd.Series(np.arange(rows))),
        outcome=np.arange(rows) % 2.0,
    )  # type: ignore[arg-type]
    assert len(seen) == len(SHAPES) + 1
    assert max(taught for _, taught in seen[: len(SHAPES)]) <= 60_000


def test_what_is_known_without_features_is_the_rate_of_the_teachers() -> None:
    outcome = np.array([1.0, 0.0, 0.0, 0.0] * 25)
    folds = forward_folds(rows_of([1] * 100))
    tuned = tune(plan("small", 5, []), folds, outcome=outcome)  # type: ignore[arg-type]
    rate = outcome[folds[-1].teach].mean()
    assert tuned.level[folds[-1].judge] == pytest.approx(np.log(rate / (1 - rate)))
    assert np.isnan(tuned.level[folds[0].teach]).all()
