from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from leadscore.training.evaluation.evaluate import Evaluation
from leadscore.training.evaluation.metrics import measure
from leadscore.training.gate.promotion_gate import OVERRULE_AUC, Rule, Verdict, judge
from leadscore.training.leakage.audit import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LEADS = 1500
random = np.random.default_rng(6)
MARGIN = pd.Series(random.normal(-0.5, 1.3, LEADS))
OUTCOME = pd.Series((random.random(LEADS) < expit(MARGIN)).astype(float))
TRUTH = expit(MARGIN)


def verdict_on(
    propensity: pd.Series,
    *,
    findings: Sequence[Finding] = (),
    excluded: Sequence[str] = (),
    against_champion: Sequence[Rule] = (),
    overruled: Mapping[str, str] | None = None,
    later: tuple[float, float, float] | None = None,
    **baselines: pd.Series,
) -> Verdict:
    number = pd.Series(np.arange(LEADS).astype(str))
    rows = pd.DataFrame(
        {"lead_id": number, "cluster": number, "outcome": OUTCOME, "propensity": propensity}
    )
    rivals = {"overall_rate": pd.Series(OUTCOME.mean(), index=OUTCOME.index), **baselines}
    own = measure(OUTCOME, propensity, number)
    evaluation = Evaluation(
        metrics={"sql": own},
        baselines={"sql": dict.fromkeys(rivals, own)},
        points={},
        points_metrics={},
        held_out={"sql": rows.assign(points_rules=TRUTH, **rivals)},
        evidence=pd.DataFrame(),
        later_auc=own.loc["auc"] if later is None else auc(*later),
    )
    return judge(
        evaluation,
        findings,
        excluded=excluded,
        overruled=overruled or {},
        against_champion=against_champion,
    )


def auc(value: float, low: float, high: float) -> pd.Series:
    return pd.Series({"value": value, "low": low, "high": high})


def finding(column: str, **facts: object) -> Finding:
    given = {"kind": "near-perfect", "severity": "certain", "evidence": "", "remedy": ""} | facts
    return Finding(column=column, auc_alone=0.99, **given)  # type: ignore[arg-type]


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
    names, text = refusal(verdict_on(noise))
    assert "the leads can be told apart" in names
    assert "There is no signal, as by chance" in text
    assert "Bring events" in text


def test_an_inverted_ranking_is_called_worse_than_chance() -> None:
    names, text = refusal(verdict_on(1 - TRUTH))
    assert "the leads can be told apart" in names
    assert "worse than by chance" in text


@pytest.mark.parametrize(
    ("later", "words"),
    [
        ((0.60, 0.44, 0.76), "too little to tell"),
        ((0.51, 0.46, 0.56), "There is no signal, as by chance"),
        ((0.44, 0.40, 0.48), "worse than by chance"),
    ],
)
def test_little_is_not_called_none(later: tuple[float, float, float], words: str) -> None:
    names, text = refusal(verdict_on(TRUTH, later=later))
    assert names == ["the leads can be told apart"]
    assert words in text


def test_folds_show_what_a_quarter_of_few_conversions_cannot() -> None:
    blurry = blurred(80.0, seed=2)  # alone it shows nothing
    alone, before = verdict_on(blurry), verdict_on(blurry, later=(0.6, 0.55, 0.65))
    assert not alone.passed
    assert before.passed
    names, text = refusal(verdict_on(1 - TRUTH, later=(0.6, 0.55, 0.65)))
    assert names == ["the leads can be told apart"]
    assert "something has changed" in text


def test_a_ranking_too_good_to_be_true_is_refused_unless_overruled_with_a_reason() -> None:
    leaked = pd.Series(np.where(OUTCOME == 1, 0.9, 0.1) + 0.05 * TRUTH)
    names, text = refusal(verdict_on(leaked))
    assert names == ["the ranking is plausible"]
    assert "filled in after the outcome" in text
    assert "[audit.overrule]" in text
    verdict = verdict_on(leaked, overruled={OVERRULE_AUC: "sales types it in first"})
    assert verdict.passed
    assert any("sales types it in first" in rule.detail for rule in verdict.rules)


def test_a_simpler_way_that_is_ahead_leaves_nobody_without_a_score() -> None:
    assert verdict_on(blurred(0.8), points_table=TRUTH).passed


def test_a_certain_finding_that_was_learnt_from_is_refused() -> None:
    names, text = refusal(verdict_on(TRUTH, findings=[finding("grade")]))
    assert names == ["no open leakage finding"]
    assert "grade" in text
    assert "[audit.overrule]" in text


def test_a_certain_finding_left_out_or_overruled_is_closed() -> None:
    found = [finding("grade"), finding("tag", overruled="typed in first")]
    assert verdict_on(TRUTH, findings=found, excluded=["grade"]).passed


def test_a_suspect_that_the_contract_keeps_is_named_and_passes() -> None:
    verdict = verdict_on(TRUTH, findings=[finding("activity", severity="suspect")])
    assert verdict.passed
    assert any('audit.suspects = "keep": activity' in rule.detail for rule in verdict.rules)


def test_the_rules_against_the_champion_count() -> None:
    rule = Rule("better than the champion", passed=False, detail="it is worse")
    assert refusal(verdict_on(TRUTH, against_champion=[rule])) == ([rule.name], rule.detail)


@pytest.mark.parametrize("rate", [0.02, 0.6])
def test_the_average_given_to_all_is_no_model(rate: float) -> None:
    assert not verdict_on(pd.Series(rate, index=OUTCOME.index)).passed
