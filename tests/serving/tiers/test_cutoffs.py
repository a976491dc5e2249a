from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from leadscore.features.core.errors import ModelMismatch
from leadscore.serving.policy.policy import Policy, TierPromise
from leadscore.serving.tiers.cutoffs import cut_offs
from leadscore.serving.tiers.describe_policy import sentences

if TYPE_CHECKING:
    from collections.abc import Callable

    Draw = Callable[..., pd.DataFrame]


def test_a_kept_promise_is_told_with_its_evidence(draw_evidence: Draw) -> None:
    evidence = draw_evidence()
    cut = cut_offs(Policy(), evidence).sql
    above = evidence[evidence["p_sql"] >= cut.cut_off]
    assert cut.kept is True
    assert cut.n == len(above)
    assert cut.achieved == pytest.approx(above["y_sql"].mean())
    assert cut.low is not None
    assert cut.high is not None
    assert 0.30 <= cut.low <= cut.achieved <= cut.high
    assert cut.share_of_leads == cut.n / 3000
    assert "the promise of 30 % is kept" in cut.sentence
    assert f"{cut.n:,}" in cut.sentence


def test_the_weaker_promise_reaches_further_down(draw_evidence: Draw) -> None:
    cuts = cut_offs(Policy(), draw_evidence())
    assert cuts.mql.cut_off < cuts.sql.cut_off


def test_over_many_companies_the_promise_fails_no_more_often_than_it_says(
    draw_evidence: Draw,
) -> None:
    companies = 200
    population = np.sort(draw_evidence(seed=999, leads=200_000)["p_sql"].to_numpy())[::-1]
    true_precision = np.cumsum(population) / np.arange(1, len(population) + 1)
    short = naive_short = 0
    for seed in range(companies):
        evidence = draw_evidence(seed=seed, leads=1500)
        cut_off = cut_offs(Policy(), evidence).sql.cut_off
        if cut_off is not None:
            short += true_precision[np.sum(population >= cut_off) - 1] < 0.30
        ranked = evidence.sort_values("p_sql", ascending=False)
        seen = ranked["y_sql"].cumsum().to_numpy() / np.arange(1, len(ranked) + 1)
        naive = ranked["p_sql"].iloc[np.flatnonzero(seen >= 0.30).max()]
        naive_short += true_precision[np.sum(population >= naive) - 1] < 0.30
    allowed = 0.05 + 2 * np.sqrt(0.05 * 0.95 / companies)
    assert short / companies <= allowed
    assert naive_short / companies > 0.3


def test_an_unkeepable_promise_is_said_to_be_one_and_nobody_gets_the_tier(
    draw_evidence: Draw,
) -> None:
    cut = cut_offs(Policy(sql=TierPromise(min_precision=0.95)), draw_evidence()).sql
    assert cut.kept is False
    assert cut.cut_off is None
    assert cut.share == 0.0
    assert cut.n == 0
    assert cut.sentence.startswith("No cut-off keeps the promise of 95 %: of the best 50 of 3,000")
    assert cut.sentence.endswith("So nobody gets this tier from the model.")


def test_the_stated_fallback_applies_without_the_promise(draw_evidence: Draw) -> None:
    promise = TierPromise(min_precision=0.95, fallback_share=0.02)
    cut = cut_offs(Policy(sql=promise), draw_evidence()).sql
    assert (cut.kept, cut.share, cut.n) == (False, 0.02, 60)
    assert "the best 2 % of the open leads get it, without the promise" in cut.sentence


def test_too_few_leads_promise_nothing(draw_evidence: Draw) -> None:
    cut = cut_offs(Policy(), draw_evidence(leads=30)).sql
    assert cut.kept is False
    assert "there are 30 earlier leads of known outcome, and 50 are the least" in cut.sentence


def test_snapshots_of_one_lead_count_once(draw_evidence: Draw) -> None:
    evidence = draw_evidence(leads=40)
    copies = pd.concat([evidence] * 100, ignore_index=True)
    cut = cut_offs(Policy(), copies).sql
    assert cut.n_evidence == 40
    assert cut.kept is False


def test_the_order_of_the_rows_does_not_matter(draw_evidence: Draw) -> None:
    evidence = draw_evidence().assign(lead=lambda rows: rows["lead"] // 3)
    shuffled = evidence.sample(frac=1, random_state=7)
    assert cut_offs(Policy(), shuffled) == cut_offs(Policy(), evidence)


def test_unknown_outcomes_are_no_evidence(draw_evidence: Draw) -> None:
    evidence = draw_evidence()
    evidence.loc[:999, "y_sql"] = np.nan
    assert cut_offs(Policy(), evidence).sql.n_evidence == 2000


def test_ties_fall_on_one_side_of_the_cut(draw_evidence: Draw) -> None:
    evidence = draw_evidence().assign(p_sql=lambda rows: rows["p_sql"].round(1))
    cut = cut_offs(Policy(), evidence).sql
    assert cut.n == (evidence["p_sql"] >= cut.cut_off).sum()


def test_share_and_propensity_tiers_show_what_such_leads_did(draw_evidence: Draw) -> None:
    policy = Policy(sql=TierPromise(share=0.1), mql=TierPromise(min_propensity=0.2))
    cuts = cut_offs(policy, draw_evidence())
    assert (cuts.sql.kept, cuts.sql.cut_off, cuts.sql.n) == (None, None, 300)
    assert (cuts.mql.kept, cuts.mql.cut_off) == (None, 0.2)
    assert cuts.sql.achieved is not None
    assert "kept" not in cuts.sql.sentence


def test_a_model_without_sql_is_judged_by_won(draw_evidence: Draw) -> None:
    evidence = draw_evidence().assign(p_sql=np.nan, y_sql=np.nan)
    cuts = cut_offs(Policy(), evidence)
    assert cuts.sql.outcome == "won"
    assert "were won" in cuts.mql.sentence
    assert "chance of being won" in sentences(Policy(), cuts)[0]


def test_a_policy_about_a_stage_the_model_does_not_predict_is_refused(draw_evidence: Draw) -> None:
    evidence = draw_evidence().assign(p_sql=np.nan, y_sql=np.nan)
    policy = Policy(sql=TierPromise(min_precision=0.3, outcome="sql"))
    with pytest.raises(ModelMismatch, match='outcome = "sql", which this model does not predict'):
        cut_offs(policy, evidence)
