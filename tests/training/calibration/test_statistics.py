from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from scipy.stats import beta
from sklearn.metrics import log_loss

from leadscore.training.calibration.statistics import (
    clustered_error,
    log_losses,
    log_losses_of_margin,
    share_interval,
)

OUTCOME, PROPENSITY = np.array([1.0, 0.0, 1.0, 0.0]), np.array([0.9, 0.2, 0.4, 0.5])


def test_log_loss_of_propensities_and_of_margins_is_that_of_scikit_learn() -> None:
    expected = log_loss(OUTCOME, PROPENSITY)
    assert log_losses(OUTCOME, PROPENSITY).mean() == pytest.approx(expected)
    assert log_losses_of_margin(OUTCOME, logit(PROPENSITY)).mean() == pytest.approx(expected)


def test_a_sure_propensity_that_was_wrong_has_a_finite_loss() -> None:
    assert np.isfinite(log_losses([1.0, 0.0], [0.0, 1.0])).all()
    assert log_losses([1.0], expit([0.0])) == pytest.approx(np.log(2))


def test_repeated_rows_of_a_cluster_leave_the_standard_error_as_it_was() -> None:
    values = np.random.default_rng(6).normal(size=300)
    once = clustered_error(values, np.arange(300))
    assert once == pytest.approx(values.std() / np.sqrt(300))
    repeated = clustered_error(np.repeat(values, 5), np.repeat(np.arange(300), 5))
    assert repeated == pytest.approx(once)


def test_the_interval_of_independent_rows_is_clopper_pearsons() -> None:
    outcome = pd.Series([1.0] * 20 + [0.0] * 80)
    low, high = share_interval(outcome, pd.Series(range(100)).astype("str"))
    # Single rows as clusters cost one degree of freedom.
    assert low == pytest.approx(beta.ppf(0.025, 20, 81), abs=0.002)
    assert high == pytest.approx(beta.ppf(0.975, 21, 80), abs=0.002)


def test_clustered_rows_widen_the_interval() -> None:
    outcome = pd.Series([1.0] * 20 + [0.0] * 80)
    alone = share_interval(outcome, pd.Series(range(100)).astype("str"))
    together = share_interval(outcome, pd.Series(np.arange(100) // 5).astype("str"))
    assert together[0] < alone[0] < alone[1] < together[1]


def test_where_nobody_converted_the_interval_is_that_of_the_clusters() -> None:
    low, high = share_interval(pd.Series(0.0, range(60)), pd.Series(np.arange(60) // 3).astype(str))
    assert low == 0.0
    assert high == pytest.approx(beta.ppf(0.975, 1, 20))
