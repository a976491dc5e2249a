from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from leadscore.training.evaluation.baselines import (
    POINTS_COLUMNS,
    RECENCY,
    baseline_propensities,
    logistic_regression,
    recency,
    write_rules,
)


def draw(leads: int = 2000, seed: int = 0) -> tuple[pd.DataFrame, pd.Series]:
    random = np.random.default_rng(seed)
    fit = random.normal(size=leads)
    days = np.where(random.random(leads) < 0.2, np.nan, random.exponential(30, leads))
    source = np.where(fit + random.normal(size=leads) > 0, "fair", "web").astype(object)
    source[:50] = None
    margin = fit - 0.02 * np.nan_to_num(days, nan=120)
    frame = pd.DataFrame(
        {
            "fit": fit,
            RECENCY: days,
            "source": pd.Series(source, dtype="str"),
            "empty": np.nan,
            "nearly_empty": np.where(np.arange(leads) < 3, 1.0, np.nan),
        }
    )
    return frame, pd.Series((random.random(leads) < expit(margin)).astype(float))


def test_every_baseline_scores_the_same_leads() -> None:
    learn, outcome = draw()
    test, reached = draw(seed=1)
    test.index = test.index + 50
    found = baseline_propensities(learn, outcome, test)
    assert list(found) == ["overall_rate", "recency", "points_table", "logistic_regression"]
    assert found.index.equals(test.index)
    assert ((found >= 0) & (found <= 1)).all(axis=None)
    assert found["overall_rate"].unique() == pytest.approx([outcome.mean()], abs=1e-3)
    for name in ("recency", "points_table", "logistic_regression"):
        assert roc_auc_score(reached, found[name]) > 0.6


def test_recency_needs_events() -> None:
    frame, outcome = draw()
    frame = frame.drop(columns=RECENCY)
    assert "recency" not in baseline_propensities(frame, outcome, frame)


def test_longer_silence_is_a_lower_propensity() -> None:
    days = pd.DataFrame({RECENCY: [1.0, 20.0, 200.0]})
    assert (np.diff(recency(*draw(), days)) < 0).all()


def test_a_points_table_has_ten_rules_at_most_in_whole_points() -> None:
    frame, outcome = draw()
    many = pd.concat([frame.add_suffix(f"_{copy}") for copy in range(5)], axis=1)
    rules = write_rules(many, outcome)
    assert len(rules) == POINTS_COLUMNS
    assert all(isinstance(points, int) for rule in rules for points in rule.points.values())


def test_unseen_words_get_no_points() -> None:
    frame, outcome = draw()
    [rule] = write_rules(frame[["source"]], outcome)
    assert rule.score(pd.Series(["pigeon post"], dtype="str")).tolist() == [0]


def test_a_regression_takes_unseen_words_and_empty_columns() -> None:
    odd = draw()[0].head(3)
    odd = odd.assign(source=pd.Series(["pigeon post", None, "web"], dtype="str"), fit=np.nan)
    assert np.isfinite(logistic_regression(*draw(), odd)).all()


def test_a_regression_leaves_out_numbers_that_hardly_anybody_has() -> None:
    frame, outcome = draw(12_000)
    moved = pd.concat([frame.head(5), frame.head(5).assign(nearly_empty=1e9)])
    found = logistic_regression(frame, outcome, moved)  # warnings are errors
    np.testing.assert_array_equal(found[:5], found[5:])
