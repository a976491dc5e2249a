from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.promises import CutOffs, TierCut
from serving.tiers import assign_tiers, moves

PROPENSITY = st.floats(0, 1)


def cut(tier: str, *, cut_off: float | None = None, share: float | None = None) -> TierCut:
    return TierCut(
        tier=tier,  # type: ignore[arg-type]
        outcome="sql",
        mode="share" if cut_off is None else "min_propensity",
        promised=None,
        confidence=0.95,
        cut_off=cut_off,
        share=share,
        achieved=None,
        low=None,
        high=None,
        n=0,
        n_evidence=0,
        kept=None,
        sentence="",
    )


def leads(p_sql: list[float], is_sql: list[bool] | None = None) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "lead_id": [f"L{number:03d}" for number in range(len(p_sql))],
            "p_sql": np.array(p_sql, dtype=float),
            "p_won": np.array(p_sql, dtype=float) / 4,
            "is_sql": is_sql or [False] * len(p_sql),
        }
    )


BY_CHANCE = CutOffs(cut("SQL", cut_off=0.5), cut("MQL", cut_off=0.2))
BY_SHARE = CutOffs(cut("SQL", share=0.25), cut("MQL", share=0.5))


def test_a_lead_gets_the_best_tier_whose_cut_it_reaches() -> None:
    tiers = assign_tiers(leads([0.5, 0.4999, 0.2, 0.1]), BY_CHANCE)
    assert list(tiers["tier"]) == ["SQL", "MQL", "MQL", "Nurture"]
    assert list(tiers["rule"]) == [None] * 4


def test_a_lead_already_sql_stays_so_by_rule_whatever_its_propensity() -> None:
    tiers = assign_tiers(leads([0.01, np.nan, 0.9], [True, True, False]), BY_CHANCE)
    assert list(tiers["tier"]) == ["SQL", "SQL", "SQL"]
    assert list(tiers["rule"]) == ["already_sql", "already_sql", None]


def test_a_share_counts_leads_not_yet_sql_and_holds_the_better_tier_too() -> None:
    scores = leads([0.9, 0.8, 0.7, 0.6, 0.5], [True, False, False, False, False])
    assert list(assign_tiers(scores, BY_SHARE)["tier"]) == [
        "SQL",
        "SQL",
        "MQL",
        "Nurture",
        "Nurture",
    ]


def test_between_equals_a_share_takes_the_smaller_lead_id() -> None:
    scores = leads([0.4] * 4).iloc[::-1]
    tiers = assign_tiers(scores, BY_SHARE).set_index(scores["lead_id"])["tier"]
    assert tiers.to_dict() == {"L000": "SQL", "L001": "MQL", "L002": "Nurture", "L003": "Nurture"}


@pytest.mark.parametrize(("share", "taken"), [(0.29, 29), (0.0, 0), (1.0, 100), (0.999, 99)])
def test_a_share_is_never_exceeded(share: float, taken: int) -> None:
    cuts = CutOffs(cut("SQL", share=share), BY_SHARE.mql)
    assert (assign_tiers(leads([0.3] * 100), cuts)["tier"] == "SQL").sum() == taken


@given(
    propensities=st.lists(PROPENSITY, min_size=1, max_size=30),
    position=st.integers(0, 29),
    raised=PROPENSITY,
    cuts=st.sampled_from([BY_CHANCE, BY_SHARE]),
)
def test_raising_a_propensity_never_lowers_a_tier(
    propensities: list[float], position: int, raised: float, cuts: CutOffs
) -> None:
    position %= len(propensities)
    order = ["Nurture", "MQL", "SQL"]
    before = assign_tiers(leads(propensities), cuts)["tier"].iloc[position]
    propensities[position] = max(raised, propensities[position])
    after = assign_tiers(leads(propensities), cuts)["tier"].iloc[position]
    assert order.index(after) >= order.index(before)


@given(propensities=st.lists(PROPENSITY, min_size=1, max_size=30), seed=st.integers(0, 99))
def test_the_order_of_the_rows_does_not_matter(propensities: list[float], seed: int) -> None:
    scores = leads(propensities)
    shuffled = scores.sample(frac=1, random_state=seed)
    tiers = assign_tiers(scores, BY_SHARE)
    assert assign_tiers(shuffled, BY_SHARE).sort_index().equals(tiers)


def test_the_outcome_of_the_cut_decides_which_propensity_counts() -> None:
    cuts = CutOffs(replace(BY_CHANCE.sql, outcome="won"), BY_CHANCE.mql)
    assert list(assign_tiers(leads([1.0]), cuts)["tier"]) == ["MQL"]


def test_moves_compare_with_the_night_before() -> None:
    current = pd.DataFrame({"lead_id": list("abcd"), "tier": ["SQL", "Nurture", "MQL", "MQL"]})
    previous = pd.DataFrame({"lead_id": list("bacx"), "tier": ["MQL", "MQL", "MQL", "SQL"]})
    moved = moves(current, previous)
    assert list(moved["moved"]) == ["up", "down", "same", "new"]
    assert list(moved["previous_tier"]) == ["MQL", "MQL", "MQL", None]


@pytest.mark.parametrize("previous", [None, pd.DataFrame({"lead_id": [], "tier": []})])
def test_on_the_first_night_every_lead_is_new(previous: pd.DataFrame | None) -> None:
    moved = moves(pd.DataFrame({"lead_id": ["a"], "tier": ["MQL"]}), previous)
    assert list(moved["moved"]) == ["new"]
    assert list(moved["previous_tier"]) == [None]


def test_a_lead_that_a_rule_disqualified_can_only_rise() -> None:
    current = pd.DataFrame({"lead_id": ["a"], "tier": ["Nurture"]})
    previous = pd.DataFrame({"lead_id": ["a"], "tier": ["Disqualified"]})
    assert list(moves(current, previous)["moved"]) == ["up"]
