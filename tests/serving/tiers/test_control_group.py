from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadscore.serving.policy.policy import Exploration, Policy
from leadscore.serving.tiers.control_group import (
    ControlGroup,
    control_group,
    draw,
    draw_probability,
    handoff_probability,
)
from leadscore.serving.tiers.cutoffs import CutOffs, cut_offs
from leadscore.serving.tiers.model_tiers import ModelTiers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def drawn_from(
    chances: Sequence[float],
    cuts: CutOffs,
    *,
    begins: float | None = 0.5,
    was: str | None = None,
    cools: str | None = None,
    tier: str = "MQL",
    share: float = 0.5,
    **columns: Any,
) -> ControlGroup:
    size = len(chances)
    leads = pd.DataFrame(
        {
            "lead_id": [f"L{place}" for place in range(size)],
            "p_sql": np.array(chances, dtype=float),
            "is_sql": False,
            "hand_raiser": None,
            "disqualifier": None,
        }
    ).assign(**columns)
    before = pd.DataFrame({"rule": pd.Series([was] * size, dtype=object)})
    model = ModelTiers(np.array([tier] * size, dtype=object), np.zeros(size, dtype=np.int64))
    policy = Policy.model_validate({"exploration": {"share": share, "down_to": 0.5}})
    ruled = np.array([cools] * size, dtype=object)
    return control_group(leads, before, model, ruled, policy=policy, cuts=cuts, begins=begins)


def test_just_below_goes_down_to_a_part_of_the_cut_off(cuts: CutOffs) -> None:
    assert drawn_from([0.49, 0.25, 0.2499], cuts).eligible.tolist() == [True, True, False]


def test_who_was_drawn_before_leaves_only_when_clearly_below(cuts: CutOffs) -> None:
    # Down to half of a cut-off of 0.5, less the margin of three tenths.
    group = drawn_from([0.25, 0.18, 0.17], cuts, was="exploration")
    assert group.eligible.tolist() == [True, True, False]


@pytest.mark.parametrize(
    "ruled",
    [
        {"is_sql": True},
        {"hand_raiser": "asked"},
        {"disqualifier": "rival"},
        {"cools": "timing"},
        {"tier": "SQL"},
        {"begins": None},
        {"begins": -5.0},
        {"share": 0.0},
    ],
)
def test_nobody_is_drawn_of_whom_something_else_decides(
    cuts: CutOffs, ruled: dict[str, Any]
) -> None:
    group = drawn_from([0.4] * 20, cuts, **ruled)
    assert not group.eligible.any()
    assert not group.drawn.any()


def test_a_chance_that_is_not_known_is_not_near(cuts: CutOffs) -> None:
    assert drawn_from([np.nan, 0.4], cuts).eligible.tolist() == [False, True]


def test_only_who_is_near_is_drawn_and_about_the_share_of_them(cuts: CutOffs) -> None:
    group = drawn_from([0.4] * 2000 + [0.1] * 500, cuts, share=0.1)
    assert not group.drawn[2000:].any()
    assert 140 < group.drawn.sum() < 260


@given(st.text(max_size=12), st.text(min_size=1, max_size=90))
def test_a_lot_is_a_number_from_0_to_under_1_that_stays(lead_id: str, key: str) -> None:
    first = draw(lead_id, key)
    assert 0 <= first < 1
    assert draw(lead_id, key) == first


def test_lots_are_spread_evenly_and_differ_by_key() -> None:
    lots = np.array([draw(f"L{number}", "leadscore") for number in range(4000)])
    counts, _edges = np.histogram(lots, bins=10, range=(0, 1))
    assert counts.min() > 330
    others = np.array([draw(f"L{number}", "other") for number in range(4000)])
    assert abs(float(np.corrcoef(lots, others)[0, 1])) < 0.05


def chances_of(rules: Sequence[str | None], near: Sequence[bool], drawn: Sequence[bool]) -> Any:
    tier = ["SQL" if rule == "exploration" else "MQL" for rule in rules]
    rows = pd.DataFrame({"tier": tier, "rule": pd.Series(rules, dtype=object)})
    group = ControlGroup(np.array(near), np.array(drawn))
    lifted = sum(rule == "exploration" for rule in rules)
    chance = draw_probability(sum(near), sum(drawn), lifted, Exploration(share=0.1))
    return handoff_probability(rows, group.eligible, chance).tolist()


def test_the_probability_is_that_of_the_lot_for_all_who_could_be_drawn() -> None:
    told = chances_of(["exploration", None, None], [True, True, False], [True, False, False])
    assert told == [0.1, 0.1, 0.0]


def test_too_few_places_make_it_smaller_even_for_who_got_one() -> None:
    told = chances_of(["exploration", None, None, None], [True] * 4, [True, True, False, False])
    assert told == [0.25] * 4
    assert chances_of([None] * 2, [True] * 2, [True, False]) == [0.0, 0.0]


def test_weighing_by_the_probability_gives_the_whole_group_back(
    draw_evidence: Callable[..., pd.DataFrame],
) -> None:
    # Horvitz and Thompson: the drawn, each weighed by one over its probability, stand for all.
    cuts = cut_offs(Policy(), draw_evidence())
    random = np.random.default_rng(8)
    chances = random.uniform(0.25, 0.49, 20_000)
    group = drawn_from(chances.tolist(), cuts, share=0.1)
    became = random.random(20_000) < chances
    estimate = became[group.drawn].sum() / 0.1
    assert estimate == pytest.approx(became.sum(), rel=0.1)
