from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, log_expit

from leadscore.training.calibration.calibrator import MIN_POSITIVES_ISOTONIC, Calibrator


def draw(
    leads: int, *, slope: float = 1.0, level: float = 0.0, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Margins whose true log-odds are `slope * margin + level`."""
    random = np.random.default_rng(seed)
    margin = random.normal(-1, 1.5, leads)
    return margin, (random.random(leads) < expit(slope * margin + level)).astype(float)


@settings(max_examples=25, deadline=None)
@given(
    leads=st.sampled_from([60, 400, 4000]),
    slope=st.floats(-1, 3),
    level=st.floats(-2, 2),
    seed=st.integers(0, 1000),
)
def test_a_higher_margin_always_has_a_higher_propensity(
    leads: int, slope: float, level: float, seed: int
) -> None:
    margin, outcome = draw(leads, slope=slope, level=level, seed=seed)
    fitted = Calibrator().fit(margin, outcome)
    grid = np.linspace(-6, 6, 500)
    propensity = fitted.predict(grid)
    assert (np.diff(propensity) > 0).all()
    assert ((propensity >= 0) & (propensity <= 1)).all()


@pytest.mark.parametrize(
    "fitted",
    [{"line": [0.9, 0.1]}, {"beta": [0.9, 1.1, 0.2]}, {"margin": [-2.0, 1.0], "rate": [0.1, 0.7]}],
)
def test_a_margin_alone_has_the_propensity_it_has_among_many(
    fitted: dict[str, list[float]],
) -> None:
    calibrator = Calibrator()
    calibrator.map_, calibrator.level_ = fitted, 0.3
    margin, _outcome = draw(500)
    alone = [calibrator.predict(margin[place : place + 1])[0] for place in range(500)]
    np.testing.assert_array_equal(alone, calibrator.predict(margin))


def test_margins_that_are_right_stay_as_they_are() -> None:
    margin, outcome = draw(3000)
    fitted = Calibrator().fit(margin, outcome)
    assert fitted.method_ == "identity"
    np.testing.assert_allclose(fitted.predict(margin), expit(margin))


def test_margins_that_boast_are_brought_down() -> None:
    margin, outcome = draw(3000, slope=0.4, level=-0.5)
    fitted = Calibrator().fit(margin, outcome)
    assert fitted.method_ != "identity"
    assert fitted.predict(margin).mean() == pytest.approx(outcome.mean(), abs=0.02)


def test_margins_that_rank_backwards_are_flattened_not_turned_round() -> None:
    margin, outcome = draw(3000, slope=-1)
    propensity = Calibrator().fit(margin, outcome).predict(np.array([-4.0, 0.0, 4.0]))
    assert propensity[0] < propensity[1] < propensity[2]
    assert propensity[2] - propensity[0] < 0.05


def test_few_conversions_never_get_steps() -> None:
    margin, outcome = draw(MIN_POSITIVES_ISOTONIC, slope=0.3)
    assert Calibrator().fit(margin, outcome).method_ != "isotonic"


def test_a_bent_truth_on_plenty_of_leads_gets_steps() -> None:
    random = np.random.default_rng(1)
    margin = random.normal(0, 2, 20_000)
    truth = np.where(margin > 0, 0.4, 0.1)
    fitted = Calibrator().fit(margin, (random.random(20_000) < truth).astype(float))
    assert fitted.method_ == "isotonic"
    np.testing.assert_allclose(fitted.predict(np.array([-2.0, 2.0])), [0.1, 0.4], atol=0.03)


def test_a_lopsided_truth_gets_a_map_of_two_slopes() -> None:
    random = np.random.default_rng(4)
    margin = random.normal(0, 2, 6000)
    truth = expit(1.5 * log_expit(margin) - 0.4 * log_expit(-margin))
    fitted = Calibrator().fit(margin, (random.random(6000) < truth).astype(float))
    assert fitted.method_ in {"beta", "isotonic"}
    np.testing.assert_allclose(fitted.predict(margin), truth, atol=0.05)


@pytest.mark.parametrize(("leads", "least", "most"), [(150, 0.04, 0.4), (15_000, 0.004, 0.05)])
def test_few_leads_leave_a_propensity_more_open(leads: int, least: float, most: float) -> None:
    margin, outcome = draw(leads)
    fitted = Calibrator().fit(margin, outcome)
    low, high = fitted.interval(np.array([-1.0, 0.0, 1.0]))
    assert (low < fitted.predict(np.array([-1.0, 0.0, 1.0]))).all()
    assert ((least < high - low) & (high - low < most)).all()


def test_an_interval_covers_the_rate_nineteen_times_in_twenty() -> None:
    covered = []
    for seed in range(100):
        margin, outcome = draw(800, slope=0.8, level=-0.3, seed=seed)
        low, high = Calibrator().fit(margin, outcome).interval(np.array([-1.0]))
        covered.append(low[0] <= expit(-0.8 - 0.3) <= high[0])
    assert np.mean(covered) > 0.85


@pytest.mark.parametrize("slope", [0.5, 1.0])
def test_a_rate_that_moved_takes_the_level_with_it_and_leaves_the_slope(slope: float) -> None:
    random = np.random.default_rng(5)
    margin, level = random.normal(-1, 1.5, 6000), np.where(np.arange(6000) < 4500, -1.5, 0.5)
    outcome = (random.random(6000) < expit(slope * margin + level)).astype(float)
    fitted = Calibrator().fit(margin, outcome)
    grid = np.linspace(-3, 2, 20)
    np.testing.assert_allclose(fitted.predict(grid), expit(slope * grid + 0.5), atol=0.06)
    undated = Calibrator().fit(margin, outcome, by_time=False)
    assert undated.level_ == 0


def test_a_rate_that_stays_moves_no_level() -> None:
    moved = sum(Calibrator().fit(*draw(2000, seed=seed)).level_ != 0 for seed in range(60))
    assert moved <= 6


def test_rows_count_by_their_weight() -> None:
    random = np.random.default_rng(6)
    margin, heavy = random.normal(-1, 1.5, 6000), np.arange(6000) % 2 == 0
    outcome = (random.random(6000) < expit(margin - np.where(heavy, 1.0, 0.0))).astype(float)
    weight = np.where(heavy, 9.0, 1.0)
    fitted = Calibrator().fit(margin, outcome, weight, by_time=False)
    known = np.average(outcome, weights=weight)
    assert np.average(fitted.predict(margin), weights=weight) == pytest.approx(known, abs=0.01)
