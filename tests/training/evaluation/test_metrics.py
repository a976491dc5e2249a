from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    log_loss,
    roc_auc_score,
)

from leadscore.training.evaluation import metrics
from leadscore.training.evaluation.metrics import (
    METRICS,
    compare,
    measure,
    measure_auc,
    rank,
    weighed,
)

Drawn = tuple[pd.Series, pd.Series, pd.Series]


def draw(leads: int = 600, *, levels: int = 10_000, seed: int = 0) -> Drawn:
    """Outcomes drawn from true propensities of so many levels; few levels tie."""
    random = np.random.default_rng(seed)
    p = pd.Series(np.round(random.uniform(0.02, 0.6, leads) * levels) / levels).clip(0.001, 0.999)
    y = pd.Series((random.random(leads) < p).astype(float))
    return y, p, pd.Series(np.arange(leads).astype(str))


def metrics_of(y: pd.Series, p: pd.Series) -> dict[str, float]:
    names = pd.Series(np.arange(len(y)).astype(str))
    return weighed(rank(y, p, names), np.ones(len(y)))


@settings(max_examples=40, deadline=None)
@given(
    leads=st.integers(2, 200), levels=st.sampled_from([2, 5, 50, 10_000]), seed=st.integers(0, 99)
)
def test_metrics_are_those_of_scikit_learn_with_ties_and_all(
    leads: int, levels: int, seed: int
) -> None:
    y, p, _ = draw(leads, levels=levels, seed=seed)
    if y.nunique() < 2:
        return
    found = metrics_of(y, p)
    assert found["auc"] == pytest.approx(roc_auc_score(y, p))
    assert found["average_precision"] == pytest.approx(average_precision_score(y, p))
    assert found["brier"] == pytest.approx(brier_score_loss(y, p))
    assert found["log_loss"] == pytest.approx(log_loss(y, p))


def test_weights_count_as_repetitions() -> None:
    y, p, cluster = draw(200, levels=20)
    times = np.random.default_rng(1).integers(0, 4, 200)
    ranked = rank(y, p, cluster)
    weight = pd.Series(times, index=y.index).to_numpy()[np.argsort(-p.to_numpy(), kind="stable")]
    repeated = metrics_of(
        y.repeat(times).reset_index(drop=True), p.repeat(times).reset_index(drop=True)
    )
    found = weighed(ranked, weight.astype(float))
    del found["calibration_error"]  # a lead that counts twice is not cut in two between bins
    assert found == pytest.approx({metric: repeated[metric] for metric in found})


def test_no_metric_hangs_on_the_order_of_leads_with_one_propensity() -> None:
    y, p, _ = draw(300, levels=5)
    order = y.sort_values().index  # as an export sorted by outcome would come
    sorted_rows = metrics_of(y[order].reset_index(drop=True), p[order].reset_index(drop=True))
    assert metrics_of(y, p) == pytest.approx(sorted_rows)


def test_one_rate_for_all_is_calibrated_however_the_rows_are_sorted() -> None:
    y = pd.Series(np.repeat([1.0, 0.0], [300, 700]))
    assert metrics_of(y, pd.Series(0.3, y.index))["calibration_error"] == pytest.approx(0)


def test_calibration_error_is_the_mean_gap_of_ten_equal_bins() -> None:
    p = pd.Series(np.linspace(0.05, 0.95, 1000))
    y = pd.Series((np.random.default_rng(3).random(1000) < 0.5).astype(float))
    bins = np.repeat(np.arange(10), 100)
    gaps = (p.groupby(bins).mean() - y.groupby(bins).mean()).abs()
    assert metrics_of(y, p)["calibration_error"] == pytest.approx(gaps.mean())


def test_lift_compares_the_best_leads_with_all() -> None:
    p = pd.Series(np.linspace(0.9, 0.1, 1000))
    y = pd.Series((np.arange(1000) < 100).astype(float))
    found = metrics_of(y, p)
    assert found["lift_10"] == pytest.approx(10)
    assert found["lift_20"] == pytest.approx(5)


def test_lift_of_equal_propensities_is_one() -> None:
    y = pd.Series(np.repeat([1.0, 0.0], [10, 90]))
    assert metrics_of(y, pd.Series(0.1, y.index))["lift_5"] == pytest.approx(1)


def test_one_outcome_only_has_no_metrics() -> None:
    y = pd.Series(np.zeros(5))
    assert all(np.isnan(value) for value in metrics_of(y, pd.Series(np.full(5, 0.1))).values())


def test_intervals_hold_the_value_and_are_within_what_is_possible() -> None:
    table = measure(*draw())
    assert list(table.index) == list(METRICS)
    assert (table["low"] <= table["value"]).drop("calibration_error").all()
    assert (table["value"] <= table["high"]).all()
    assert (table["low"] >= 0).all()
    assert (table.loc[["auc", "average_precision", "brier"], "high"] <= 1).all()


def test_the_interval_of_the_auc_covers_the_truth_as_often_as_it_says() -> None:
    held = 0
    for seed in range(40):
        random = np.random.default_rng(seed)
        y = pd.Series((random.random(300) < 0.4).astype(float))
        noise = pd.Series(random.random(300))
        auc = measure_auc(y, noise, pd.Series(np.arange(300).astype(str)))
        held += auc["low"] <= 0.5 <= auc["high"]
    assert held >= 35  # 95 % of 40 are 38


def test_rows_of_one_account_widen_the_interval() -> None:
    y, p, _ = draw(100)
    often = [series.repeat(6).reset_index(drop=True) for series in (y, p)]
    alone = measure(*often, pd.Series(np.arange(600).astype(str))).loc["auc"]
    together = measure(*often, pd.Series(np.repeat(np.arange(100), 6).astype(str))).loc["auc"]
    assert together["high"] - together["low"] > 1.8 * (alone["high"] - alone["low"])


def test_a_model_differs_from_itself_by_nothing() -> None:
    y, p, cluster = draw()
    table = compare(y, p, p, cluster)
    assert (table.abs() < 1e-12).all(axis=None)


def test_a_paired_difference_is_surer_than_two_intervals() -> None:
    y, p, cluster = draw()
    worse = (p + np.random.default_rng(4).normal(0, 0.05, len(p))).clip(0.001, 0.999)
    difference = compare(y, p, worse, cluster).loc["auc"]
    own = measure(y, p, cluster).loc["auc"]
    assert difference["high"] - difference["low"] < own["high"] - own["low"]
    assert difference["value"] == pytest.approx(roc_auc_score(y, p) - roc_auc_score(y, worse))


def test_threads_change_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = draw()
    alone = measure(*drawn)
    monkeypatch.setattr(metrics, "ROWS_FOR_THREADS", 0)
    pd.testing.assert_frame_equal(measure(*drawn), alone, check_exact=True)


@pytest.mark.parametrize("levels", [2, 10_000])
@pytest.mark.parametrize("leads", [2, 30, 600])
def test_the_ranking_measured_alone_is_that_measured_with_the_rest(leads: int, levels: int) -> None:
    drawn = draw(leads, levels=levels)
    found = measure_auc(*drawn)
    pd.testing.assert_series_equal(
        found, measure(*drawn).loc["auc"], check_exact=True, check_names=False
    )


def test_draws_without_a_pair_out_of_order_do_not_blow_up_an_interval() -> None:
    outcome = pd.Series([1.0] * 6 + [0.0] * 60)
    propensity = pd.Series([0.9, 0.8, 0.8, 0.7, 0.7, 0.3, *np.linspace(0.01, 0.6, 60)])
    auc = measure_auc(outcome, propensity, pd.Series(np.arange(66).astype(str)))
    assert 0.2 < auc["low"] < auc["value"] < auc["high"] < 1
