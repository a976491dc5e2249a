from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from leadscore.training.evaluation.rate_by_scores import MIN_LEADS_NOW, Scored, rate_by_scores

LEARNT = 0.3


def leads(rate: float, count: int, seed: int) -> tuple[Scored, pd.Series]:
    """Leads at some rate, scored by what is right at the rate learnt."""
    random = np.random.default_rng(seed)
    outcome = (random.random(count) < rate).astype(float)
    fact = random.normal(1.5 * outcome)
    log_odds = 1.5 * fact - 1.5**2 / 2 + np.log(LEARNT / (1 - LEARNT))
    cluster = pd.Series([f"L{each}" for each in range(count)])
    return Scored(pd.Series(expit(log_odds)), cluster), pd.Series(outcome)


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.6])
def test_a_planted_rate_is_found_without_labels(rate: float) -> None:
    now, outcome = leads(rate, 3000, seed=1)
    found, low, high = rate_by_scores(now, *leads(LEARNT, 2000, seed=2))
    assert found == pytest.approx(outcome.mean(), abs=0.03)
    assert low < outcome.mean() < high
    assert high - low < 0.12


def test_intervals_hold_the_rate_about_as_often_as_they_say() -> None:
    inside = 0
    for seed in range(40):
        now, outcome = leads(0.15, 600, seed=seed)
        _, low, high = rate_by_scores(now, *leads(LEARNT, 600, seed=1000 + seed))
        inside += low <= outcome.mean() <= high
    assert inside >= 35


def test_scores_that_promise_too_much_are_put_to_scale_first() -> None:
    now, outcome = leads(0.2, 3000, seed=1)
    reference, reached = leads(LEARNT, 2000, seed=2)

    def too_high(scored: Scored) -> Scored:
        odds = 2 * scored.propensity / (1 - scored.propensity)
        return replace(scored, propensity=odds / (1 + odds))

    found, _, _ = rate_by_scores(too_high(now), too_high(reference), reached)
    assert found == pytest.approx(outcome.mean(), abs=0.03)


def test_leads_that_share_their_luck_widen_the_interval() -> None:
    now, _ = leads(0.3, 1000, seed=1)
    reference, reached = leads(LEARNT, 1000, seed=2)
    order = now.propensity.argsort()
    rank = pd.Series(np.empty(1000)).astype(float)
    rank.iloc[order] = np.arange(1000)
    together = Scored(now.propensity, (rank // 20).astype(str))
    apart, wide = (rate_by_scores(each, reference, reached) for each in (now, together))
    assert wide[0] == pytest.approx(apart[0], abs=1e-5)
    assert wide[2] - wide[1] > 1.3 * (apart[2] - apart[1])


def test_too_few_leads_and_scores_too_much_alike_give_no_rate() -> None:
    reference, reached = leads(LEARNT, 1000, seed=2)
    few = leads(LEARNT, MIN_LEADS_NOW - 1, seed=1)[0]
    assert np.isnan(rate_by_scores(few, reference, reached)).all()
    alike = Scored(pd.Series(0.3, index=range(1000)), reference.cluster)
    assert np.isnan(rate_by_scores(alike, alike, reached)).all()
    assert np.isnan(rate_by_scores(reference, reference, reached * 0)).all()
