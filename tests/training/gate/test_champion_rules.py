from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from leadscore.training.gate.champion_challenger import Contest
from leadscore.training.gate.champion_rules import FRESHER_DAYS, MARGIN, champion_rules, margins_of

if TYPE_CHECKING:
    from leadscore.training.gate.promotion_gate import Rule

LEADS = 3000
BETTER, CALIBRATED, SEGMENTS = (
    "better than the champion",
    "not worse calibrated than the champion",
    "not worse than the champion in any large segment",
)
random = np.random.default_rng(6)
MARGINS = pd.Series(random.normal(-0.5, 1.3, LEADS))
OUTCOME = pd.Series((random.random(LEADS) < expit(MARGINS)).astype(float))
TRUTH = expit(MARGINS)
NUMBER = pd.Series(np.arange(LEADS).astype(str))
CHANNEL = pd.Series(np.where(np.arange(LEADS) % 4 == 0, "fair", "web"))


def blurred(spread: float, seed: int = 0) -> pd.Series:
    return expit(MARGINS + np.random.default_rng(seed).normal(0, spread, LEADS))


def rows_of(newcomer: pd.Series, champion: pd.Series, *, first: int = LEADS) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "lead_id": NUMBER, "cluster": NUMBER, "outcome": OUTCOME,
            "propensity": newcomer, "champion": champion,
        }
    ).head(first)  # fmt: skip


def contest(days_newer: int | None = 0, **rows: pd.DataFrame) -> Contest:
    segments = {
        stage: pd.DataFrame({"channel": CHANNEL})[: len(own)] for stage, own in rows.items()
    }
    return Contest("1", tuple(rows), rows, segments, days_newer)


def rules_on(newcomer: pd.Series, champion: pd.Series, **facts: int | None) -> dict[str, Rule]:
    met = contest(sql=rows_of(newcomer, champion), **facts)  # type: ignore[arg-type]
    return {rule.name: rule for rule in champion_rules(met)}


def refused(rules: dict[str, Rule]) -> list[str]:
    return [name for name, rule in rules.items() if not rule.passed]


def test_a_better_newcomer_passes_every_rule_with_its_figures() -> None:
    rules = rules_on(TRUTH, blurred(1.0))
    assert list(rules) == [BETTER, CALIBRATED, SEGMENTS]
    assert refused(rules) == []
    assert "on 3,000 leads (3,000 snapshots, " in rules[BETTER].detail


def test_a_worse_newcomer_is_refused() -> None:
    rules = rules_on(blurred(1.0), TRUTH)
    assert BETTER in refused(rules)
    assert "worse" in rules[BETTER].detail


def test_leads_are_counted_as_leads_and_snapshots_as_snapshots() -> None:
    rows = rows_of(TRUTH, blurred(1.0)).assign(lead_id=lambda frame: frame.index // 3)
    rule = champion_rules(contest(sql=rows))[0]
    assert "on 1,000 leads (3,000 snapshots, " in rule.detail


def test_an_equal_that_learnt_from_nothing_newer_is_refused() -> None:
    rules = rules_on(blurred(0.1, seed=1), blurred(0.1, seed=2))
    assert refused(rules) == [BETTER]
    assert f"only after {FRESHER_DAYS} days of newer leads" in rules[BETTER].detail


@pytest.mark.parametrize("days", [FRESHER_DAYS - 1, None])
def test_the_same_model_again_is_refused(days: int | None) -> None:
    assert refused(rules_on(TRUTH, TRUTH, days_newer=days)) == [BETTER]


def test_an_equal_that_learnt_from_newer_leads_replaces_the_champion() -> None:
    rules = rules_on(TRUTH, blurred(0.05), days_newer=FRESHER_DAYS)
    assert refused(rules) == []
    assert f"an equal (surely not {margins_of(rows_of(TRUTH, blurred(0.05))).loss:.4f} worse" in (
        rules[BETTER].detail
    )
    assert f"learnt from {FRESHER_DAYS} days of newer leads" in rules[BETTER].detail


def test_a_fresher_newcomer_that_looks_worse_is_no_equal() -> None:
    rules = rules_on(blurred(0.12), TRUTH, days_newer=90)
    assert refused(rules) == [BETTER]
    assert "no equal: its log loss is higher" in rules[BETTER].detail


def test_too_few_leads_to_call_two_versions_equal_are_refused_with_what_is_allowed() -> None:
    rows = rows_of(blurred(0.7, seed=1), blurred(0.7, seed=3), first=60)
    squared = rows[["propensity", "champion"]].sub(rows["outcome"], axis=0).pow(2).mean()
    if squared["propensity"] > squared["champion"]:
        rows = rows.rename(columns={"propensity": "champion", "champion": "propensity"})
    rule = champion_rules(contest(90, sql=rows))[0]
    assert not rule.passed
    assert "is allowed" in rule.detail


def test_an_equal_may_lose_a_tenth_of_what_the_champion_tells() -> None:
    rate = OUTCOME.mean()
    champions = -(OUTCOME * np.log(TRUTH) + (1 - OUTCOME) * np.log(1 - TRUTH)).mean()
    of_rate = -(rate * np.log(rate) + (1 - rate) * np.log(1 - rate))
    margins = margins_of(rows_of(TRUTH, TRUTH))
    assert margins.loss == pytest.approx(MARGIN * (of_rate - champions))
    noise = pd.Series(np.random.default_rng(1).random(LEADS))
    assert margins_of(rows_of(TRUTH, noise)).loss == 0


def test_a_newcomer_whose_promises_are_off_is_refused() -> None:
    rules = rules_on(expit(MARGINS + 0.5), blurred(0.3))
    assert CALIBRATED in refused(rules)
    assert "surely more than" in rules[CALIBRATED].detail


def test_a_newcomer_that_fails_one_large_segment_is_refused_with_its_name() -> None:
    spoilt = TRUTH.where(CHANNEL != "fair", OUTCOME.mean())
    rules = rules_on(spoilt, blurred(0.3))
    assert SEGMENTS in refused(rules)
    assert "channel: fair (750 leads)" in rules[SEGMENTS].detail
    assert "allowing for 2 looks" in rules[SEGMENTS].detail


def test_a_small_segment_decides_nothing() -> None:
    few = pd.Series(np.where(np.arange(LEADS) % 20 == 0, "fair", "web"))
    rows = rows_of(TRUTH.where(few != "fair", 0.5), blurred(1.2))
    met = Contest("1", ("sql",), {"sql": rows}, {"sql": pd.DataFrame({"channel": few})}, 0)
    assert champion_rules(met)[2].passed


@pytest.mark.parametrize("first", [0, 8])
def test_without_leads_to_compare_on_the_champion_stays(first: int) -> None:
    rows = rows_of(TRUTH, TRUTH, first=first)
    [rule] = champion_rules(contest(sql=rows))
    assert not rule.passed
    assert "too few to compare the two. Wait until newer leads" in rule.detail
    assert "leadscore models promote" in rule.detail


def test_a_later_stage_may_not_become_worse() -> None:
    good, bad = rows_of(TRUTH, blurred(1.0)), rows_of(blurred(1.5), TRUTH)
    rules = champion_rules(contest(sql=good, won=bad))
    assert [rule.name for rule in rules if not rule.passed] == [
        "not worse than the champion at won"
    ]


def test_a_stage_that_the_champion_scores_may_not_be_lost() -> None:
    rows = rows_of(TRUTH, blurred(1.0))
    met = Contest("1", ("sql", "won"), {"sql": rows}, {"sql": pd.DataFrame(index=rows.index)}, 0)
    lost = [rule for rule in champion_rules(met) if not rule.passed]
    assert [rule.name for rule in lost] == ["scores won as the champion does"]
