from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit

from leadscore.training.calibration.level_tracking import STILL, YoungLeads, level_free, track_level


def test_the_shift_brings_the_mean_to_the_rate() -> None:
    margin = np.random.default_rng(1).normal(0, 2, 500)
    outcome = (np.arange(500) % 10 == 0).astype(float)
    assert expit(margin + level_free(margin, outcome, np.ones(500))).mean() == pytest.approx(
        0.1, abs=1e-4
    )


def test_few_conversions_show_no_movement() -> None:
    outcome = np.r_[np.zeros(500), np.tile([0.0, 1.0], 25)]
    assert track_level(np.zeros(550), outcome, np.ones(550), np.arange(550)) is STILL


def test_a_climbing_rate_is_followed() -> None:
    random = np.random.default_rng(2)
    rate = np.linspace(0.06, 0.3, 20_000)
    outcome = (random.random(20_000) < rate).astype(float)
    levels = track_level(np.full(20_000, logit(0.06)), outcome, np.ones(20_000), np.arange(20_000))
    assert levels.newest == pytest.approx(logit(0.3) - logit(0.06), abs=0.25)
    assert np.corrcoef(levels.of_rows, logit(rate))[0, 1] > 0.97


def test_snapshots_of_the_same_leads_are_no_further_evidence() -> None:
    random = np.random.default_rng(3)
    moved = []
    for _ in range(40):
        reached = np.repeat(random.random(700) < 0.2, 8).astype(float)
        lead = np.repeat(np.arange(700), 8)
        moved.append(
            track_level(np.full(5600, logit(0.2)), reached, np.ones(5600), lead) is not STILL
        )
    assert sum(moved) <= 6


def test_a_rate_that_goes_up_and_down_has_no_newest_level_of_its_own() -> None:
    random = np.random.default_rng(4)
    found = []
    for _ in range(20):
        by_period = np.repeat(random.normal(-1, 0.4, 24), 500)
        outcome = (random.random(12_000) < expit(by_period)).astype(float)
        levels = track_level(np.full(12_000, -1.0), outcome, np.ones(12_000), np.arange(12_000))
        found.append(levels.newest)
    assert np.mean(np.abs(found)) < 0.15


def test_a_row_of_weight_two_shifts_like_two_rows() -> None:
    margin, outcome = np.array([0.0, 1.0, -1.0]), np.array([1.0, 0.0, 0.0])
    twice = level_free(np.append(margin, 0.0), np.append(outcome, 1.0), np.ones(4))
    assert level_free(margin, outcome, np.array([2.0, 1, 1])) == pytest.approx(twice)


def test_young_leads_tell_of_the_newest_level_by_what_they_have_done_so_far() -> None:
    random = np.random.default_rng(5)
    old = (random.random(10_000) < 0.1).astype(float)
    share = random.random(4000)
    done = (random.random(4000) < 0.2 * share).astype(float)  # the rate has doubled
    rows = np.full(10_000, logit(0.1)), old, np.ones(10_000), np.arange(10_000)
    young = YoungLeads(np.full(4000, logit(0.1)), done, np.ones(4000), np.arange(4000), share)
    assert track_level(*rows) is STILL
    newest = track_level(*rows, young).newest
    assert newest == pytest.approx(logit(0.2) - logit(0.1), abs=0.2)
    as_before = (random.random(4000) < 0.1 * share).astype(float)
    same = YoungLeads(young.log_odds, as_before, young.weight, young.lead, share)
    assert abs(track_level(*rows, same).newest) < 0.15
