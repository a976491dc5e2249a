from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadscore.training.model.time_folds import (
    COMPARED_ROWS,
    FIRST_SHARE,
    FOLDS,
    JUDGED_ROWS,
    Fold,
    forward_folds,
    random_folds,
    thinned,
    tuning_folds,
)

some_leads = st.lists(st.integers(1, 4), min_size=20, max_size=60)


def rows_of(snapshots: list[int]) -> pd.Series:
    return pd.Series(np.repeat([f"L{n}" for n in range(len(snapshots))], snapshots))


@settings(deadline=None)
@given(some_leads)
def test_only_earlier_leads_teach_a_forward_fold(snapshots: list[int]) -> None:
    for fold in forward_folds(rows_of(snapshots)):
        assert fold.train.max() < fold.validate.min()


@settings(deadline=None)
@given(some_leads)
def test_a_lead_is_never_on_both_sides_of_a_fold(snapshots: list[int]) -> None:
    lead = rows_of(snapshots)
    for fold in [*forward_folds(lead), *random_folds(lead, seed=1)]:
        assert not set(lead[fold.train]) & set(lead[fold.validate])


@settings(deadline=None)
@given(some_leads)
def test_forward_folds_judge_each_later_row_once(snapshots: list[int]) -> None:
    lead = rows_of(snapshots)
    judged = np.concatenate([fold.validate for fold in forward_folds(lead)])
    leads_judged = lead[judged].nunique() / lead.nunique()
    assert len(judged) == len(set(judged))
    assert leads_judged == pytest.approx(1 - FIRST_SHARE, abs=0.06)


def test_random_folds_judge_every_row_once() -> None:
    lead = rows_of([2] * 50)
    folds = random_folds(lead, seed=3)
    assert len(folds) == FOLDS
    assert sorted(np.concatenate([fold.validate for fold in folds])) == list(range(100))


def test_folds_come_latest_first_and_have_both_outcomes_on_both_sides() -> None:
    outcome = np.r_[np.zeros(80), np.tile([0.0, 1.0], 60)]
    folds = tuning_folds(rows_of([1] * 200), outcome, by_time=True, seed=1)
    assert [fold.validate.min() for fold in folds] == [170, 140, 110]


def test_folds_are_as_many_for_any_number_of_rows() -> None:
    outcome = np.arange(3 * COMPARED_ROWS) % 2.0
    lead = pd.Series(np.arange(len(outcome)).astype(str))
    assert len(tuning_folds(lead, outcome, by_time=True, seed=1)) == FOLDS
    assert len(tuning_folds(lead[:1000], outcome[:1000], by_time=True, seed=1)) == FOLDS


def test_where_no_fold_has_both_outcomes_leads_are_drawn() -> None:
    outcome = np.r_[np.ones(40), np.zeros(160)]
    folds = tuning_folds(rows_of([1] * 200), outcome, by_time=True, seed=1)
    assert all(0 < outcome[fold.validate].mean() < 1 for fold in folds)


def test_very_many_rows_are_thinned_on_both_sides() -> None:
    (thin,) = thinned([Fold(np.arange(3 * COMPARED_ROWS), np.arange(2 * JUDGED_ROWS))])
    assert len(thin.train) == COMPARED_ROWS
    assert len(thin.validate) == JUDGED_ROWS
    (whole,) = thinned([Fold(np.arange(50), np.arange(5))])
    assert (whole.train.tolist(), whole.validate.tolist()) == (list(range(50)), list(range(5)))
