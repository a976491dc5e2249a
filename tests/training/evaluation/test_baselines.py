from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from leadscore.training.evaluation.baselines import (
    POINTS_COLUMNS,
    RECENCY,
    OverallRate,
    PointsByHand,
    Recency,
    Regression,
    baseline_propensities,
    baselines_for,
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


def test_every_baseline_judges_the_same_leads() -> None:
    learn, outcome = draw()
    test, reached = draw(seed=1)
    test.index = test.index + 50
    found = baseline_propensities(learn, outcome, test)
    assert list(found) == ["overall_rate", "recency", "points_table", "logistic_regression"]
    assert found.index.equals(test.index)
    assert ((found >= 0) & (found <= 1)).all(axis=None)
    for name in ("recency", "points_table", "logistic_regression"):
        assert roc_auc_score(reached, found[name]) > 0.6


def test_recency_needs_events() -> None:
    assert "recency" not in baselines_for(draw()[0].drop(columns=RECENCY))


def test_the_overall_rate_is_the_same_for_all() -> None:
    frame, outcome = draw()
    found = OverallRate().fit(frame, outcome).propensity(frame)
    assert np.unique(found) == pytest.approx([outcome.mean()], abs=1e-3)


def test_longer_silence_is_a_lower_propensity() -> None:
    frame, outcome = draw()
    fitted = Recency().fit(frame, outcome)
    days = pd.DataFrame({RECENCY: [1.0, 20.0, 200.0]})
    assert (np.diff(fitted.propensity(days)) < 0).all()


def test_a_points_table_has_a_dozen_rules_at_most_in_whole_points() -> None:
    frame, outcome = draw()
    many = pd.concat([frame.add_suffix(f"_{copy}") for copy in range(5)], axis=1)
    rules = PointsByHand().fit(many, outcome).rules_
    assert len(rules) == POINTS_COLUMNS
    assert all(isinstance(points, int) for rule in rules for points in rule.points.values())


def test_words_and_bands_that_a_points_table_never_saw_give_no_points() -> None:
    frame, outcome = draw()
    fitted = PointsByHand().fit(frame[["source"]], outcome)
    unseen = pd.DataFrame({"source": pd.Series(["pigeon post"], dtype="str")})
    assert fitted.rules_[0].score(unseen["source"]).tolist() == [0]


def test_a_regression_reads_words_it_never_saw_and_columns_that_are_empty() -> None:
    frame, outcome = draw()
    odd = frame.head(3).assign(
        source=pd.Series(["pigeon post", None, "web"], dtype="str"), fit=np.nan
    )
    assert np.isfinite(Regression().fit(frame, outcome).propensity(odd)).all()


def test_a_regression_leaves_out_numbers_that_hardly_anybody_has() -> None:
    frame, outcome = draw(12_000)
    fitted = Regression().fit(frame, outcome)  # warnings are errors
    moved = frame.head(5).assign(nearly_empty=1e9)
    np.testing.assert_array_equal(fitted.propensity(moved), fitted.propensity(frame.head(5)))
