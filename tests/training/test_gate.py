from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from training.gate import OVERRULE_AUC, Verdict, judge

LEADS = 1500
random = np.random.default_rng(6)
MARGIN = pd.Series(random.normal(-0.5, 1.3, LEADS))
OUTCOME = pd.Series((random.random(LEADS) < expit(MARGIN)).astype(float))
CLUSTER = pd.Series(np.arange(LEADS).astype(str))
TRUTH = expit(MARGIN)
RATE = pd.DataFrame({"overall_rate": np.full(LEADS, OUTCOME.mean())})


def verdict_on(
    propensity: pd.Series,
    *,
    baselines: pd.DataFrame = RATE,
    champion: pd.Series | None = None,
    outcome: pd.Series = OUTCOME,
    **overruled: str,
) -> Verdict:
    return judge(
        outcome, propensity, CLUSTER, baselines=baselines, champion=champion, overruled=overruled
    )


def blurred(spread: float, seed: int = 0) -> pd.Series:
    return expit(MARGIN + np.random.default_rng(seed).normal(0, spread, LEADS))


def refusal(verdict: Verdict) -> tuple[list[str], str]:
    return [rule.name for rule in verdict.refusals], " ".join(r.detail for r in verdict.refusals)


def test_a_good_model_passes_every_rule() -> None:
    verdict = verdict_on(TRUTH)
    assert verdict.passed
    assert len(verdict.rules) == 3


def test_noise_is_refused_for_want_of_signal() -> None:
    noise = pd.Series(np.random.default_rng(8).uniform(0.2, 0.5, LEADS))
    names, told = refusal(verdict_on(noise))
    assert "the leads can be told apart" in names
    assert "the interval covers 0.5. There is no signal" in told
    assert "Bring events" in told


def test_a_ranking_turned_round_is_said_to_be_worse_than_chance() -> None:
    names, told = refusal(verdict_on(1 - TRUTH))
    assert "the leads can be told apart" in names
    assert "worse than chance" in told
    assert "covers 0.5" not in told


def test_a_ranking_too_good_to_be_true_is_refused() -> None:
    knows = pd.Series(np.where(OUTCOME == 1, 0.9, 0.1) + 0.05 * TRUTH)
    names, told = refusal(verdict_on(knows))
    assert names == ["the ranking is plausible"]
    assert "filled in after the outcome" in told
    assert "[audit.overrule]" in told


def test_a_ranking_too_good_to_be_true_may_be_overruled_with_a_reason() -> None:
    knows = pd.Series(np.where(OUTCOME == 1, 0.9, 0.1))
    verdict = verdict_on(knows, **{OVERRULE_AUC: "sales types it in first"})
    assert verdict.passed
    assert any("sales types it in first" in rule.detail for rule in verdict.rules)


def test_worse_propensities_than_the_average_are_refused_though_the_ranking_is_good() -> None:
    names, told = refusal(verdict_on(TRUTH / 50))
    assert names == ["at least as good as overall rate"]
    assert "Use overall rate" in told


def test_a_model_behind_a_baseline_is_refused_with_its_name() -> None:
    names, told = refusal(verdict_on(blurred(0.8), baselines=RATE.assign(points_table=TRUTH)))
    assert names == ["at least as good as points table"]
    assert "Use points table, or bring more leads" in told


def test_a_tie_with_a_baseline_is_no_refusal() -> None:
    baselines = RATE.assign(logistic_regression=blurred(0.05))
    assert verdict_on(TRUTH, baselines=baselines).passed


def test_a_challenger_must_beat_the_champion() -> None:
    assert verdict_on(TRUTH, champion=blurred(1.5)).passed
    names, _ = refusal(verdict_on(blurred(0.02), champion=TRUTH))
    assert names == ["better than the champion"]


def test_only_leads_that_the_champion_had_not_learnt_from_compare() -> None:
    champion = blurred(1.5).where(CLUSTER.index >= 500)
    rule = verdict_on(TRUTH, champion=champion).rules[-1]
    assert rule.passed
    assert "on 1,000 leads that neither learnt from" in rule.detail


def test_without_leads_to_compare_on_the_champion_stays() -> None:
    names, told = refusal(verdict_on(TRUTH, champion=pd.Series(np.nan, index=CLUSTER.index)))
    assert names == ["better than the champion"]
    assert "leadscore models promote" in told


@pytest.mark.parametrize("rate", [0.02, 0.6])
def test_the_average_given_to_all_is_no_model(rate: float) -> None:
    assert not verdict_on(pd.Series(rate, index=CLUSTER.index)).passed
