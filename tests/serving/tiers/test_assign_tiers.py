from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadscore.serving.policy.policy import Policy
from leadscore.serving.tiers.assign_tiers import (
    decide,
    offer,
    settle,
    share_places,
)
from leadscore.serving.tiers.control_group import draw
from leadscore.serving.tiers.cutoffs import CutOffs, TierCut
from leadscore.serving.tiers.model_tiers import find_bars
from leadscore.serving.tiers.previous_night import REMEMBERED, remembered
from leadscore.serving.tiers.waiting_queue import ProvisionalTiers

if TYPE_CHECKING:
    from collections.abc import Sequence

NIGHT = datetime(2026, 6, 1)
BEST_FIRST = ("SQL", "MQL", "Nurture", "Disqualified")


def cut(tier: str, *, cut_off: float | None = None, share: float | None = None) -> TierCut:
    return TierCut(
        tier=tier,  # type: ignore[arg-type]
        outcome="sql",
        mode="min_precision" if share is None else "share",
        promised=None,
        confidence=0.95,
        cut_off=cut_off,
        share=share,
        min_value=None,
        achieved=None,
        low=None,
        high=None,
        n=0,
        n_evidence=0,
        kept=None,
    )


BY_CHANCE = CutOffs(cut("SQL", cut_off=0.5), cut("MQL", cut_off=0.2))
BY_SHARE = CutOffs(cut("SQL", share=0.25), cut("MQL", share=0.5))
PLAIN: dict[str, Any] = {"exploration": {"share": 0}}


def agreed(**sections: Any) -> Policy:
    return Policy.model_validate({**PLAIN, **sections})


def leads(chances: Sequence[float], **columns: Sequence[object]) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "lead_id": [f"L{place:03d}" for place in range(len(chances))],
            "p_sql": np.array(chances, dtype=float),
            "p_won": np.array(chances, dtype=float) / 4,
            "expected_value": np.array(chances, dtype=float) * 1000,
            "is_sql": False,
            "hand_raiser": None,
            "disqualifier": None,
            "team": "sales",
            "setback_at": pd.NaT,
            "setback_reason": None,
            "facts_digest": "same",
        }
    ).astype({"hand_raiser": object, "disqualifier": object, "setback_reason": object})
    frame["setback_at"] = pd.to_datetime(frame["setback_at"])
    return frame.assign(**{name: list(values) for name, values in columns.items()})


def night(
    today: pd.DataFrame,
    policy: Policy | None = None,
    before: pd.DataFrame | None = None,
    *,
    cuts: CutOffs = BY_CHANCE,
    as_of: datetime = NIGHT,
) -> pd.DataFrame:
    decided = decide(today, before, policy or agreed(), cuts, as_of=as_of)
    return decided.rows.assign(lead_id=today["lead_id"])


def nights(
    chances: Sequence[Sequence[float]], policy: Policy, **columns: Sequence[object]
) -> list[pd.DataFrame]:
    """Decide night after night; a row of chances a night."""
    told: list[pd.DataFrame] = []
    for turn, row in enumerate(chances):
        before = told[-1][["lead_id", *REMEMBERED]] if told else None
        as_of = NIGHT + timedelta(days=turn)
        told.append(night(leads(row, **columns), policy, before, as_of=as_of))
    return told


def test_a_lead_gets_the_best_tier_whose_cut_off_it_reaches() -> None:
    told = night(leads([0.5, 0.4999, 0.2, 0.1]))
    assert list(told["tier"]) == ["SQL", "MQL", "MQL", "Nurture"]
    assert list(told["model_tier"]) == list(told["tier"])
    assert told["rule"].isna().all()
    assert list(told["handoff_probability"]) == [1, 0, 0, 0]


def test_what_sales_qualified_stays_sql_and_the_model_is_not_asked() -> None:
    told = night(leads([0.01, np.nan, 0.9], is_sql=[True, True, False]))
    assert list(told["tier"]) == ["SQL"] * 3
    assert list(told["rule"])[:2] == ["already_sql"] * 2
    assert list(told["model_tier"])[:2] == [None, None]


def test_a_share_is_never_exceeded_and_the_smaller_id_wins_a_tie() -> None:
    told = night(leads([0.3] * 7), cuts=BY_SHARE)
    assert list(told["tier"]) == ["SQL", "MQL", "MQL", *["Nurture"] * 4]


@pytest.mark.parametrize(("share", "taken"), [(0.29, 29), (0.0, 0), (1.0, 100), (0.005, 0)])
def test_a_share_of_a_hundred_is_that_many(share: float, taken: int) -> None:
    cuts = CutOffs(cut("SQL", share=share), BY_SHARE.mql)
    assert (night(leads([0.3] * 100), cuts=cuts)["tier"] == "SQL").sum() == taken


def test_the_order_of_the_rows_does_not_matter() -> None:
    policy = agreed(capacity={"reps": 2, "leads_a_day": 1}, exploration={"share": 0.5})
    today = leads(np.random.default_rng(3).random(60).round(1).tolist())
    shuffled = today.sample(frac=1, random_state=1)
    assert night(shuffled, policy).sort_index().equals(night(today, policy))


def test_a_tier_can_go_by_the_expected_value() -> None:
    value = agreed(sql={"min_value": 600})
    cuts = CutOffs(
        TierCut(**{**vars(cut("SQL")), "mode": "min_value", "min_value": 600.0}), BY_CHANCE.mql
    )
    assert list(night(leads([0.7, 0.59]), value, cuts=cuts)["tier"]) == ["SQL", "MQL"]


def test_a_lead_falls_only_when_clearly_below_for_the_stated_nights() -> None:
    policy = agreed(hysteresis={"margin": 0.2, "nights": 2})
    told = nights([[0.5], [0.41], [0.39], [0.41], [0.39], [0.39]], policy)
    assert [each["tier"].iloc[0] for each in told] == ["SQL"] * 5 + ["MQL"]
    assert [each["nights_below"].iloc[0] for each in told] == [0, 0, 1, 0, 1, 0]
    assert [each["moved"].iloc[0] for each in told] == ["new", *["same"] * 4, "down"]


def test_it_rises_at_the_cut_off_at_once() -> None:
    told = nights([[0.49], [0.5]], agreed())
    assert [each["moved"].iloc[0] for each in told] == ["new", "up"]


def test_a_deep_fall_goes_past_mql() -> None:
    told = nights([[0.5], [0.01], [0.01]], agreed(hysteresis={"margin": 0.2, "nights": 2}))
    assert [each["tier"].iloc[0] for each in told] == ["SQL", "SQL", "Nurture"]


def test_without_margin_and_nights_a_tier_is_where_the_chance_is() -> None:
    told = nights([[0.5], [0.49], [0.5]], agreed(hysteresis={"margin": 0, "nights": 1}))
    assert [each["tier"].iloc[0] for each in told] == ["SQL", "MQL", "SQL"]


def test_a_share_tier_keeps_who_is_in_it_against_a_little_better_ones_and_its_size() -> None:
    policy = agreed(hysteresis={"margin": 0.2, "nights": 3})
    first = night(leads([0.5, 0.4, 0.1, 0.1]), policy, cuts=BY_SHARE)
    second = night(leads([0.45, 0.5, 0.1, 0.1]), policy, first, cuts=BY_SHARE)
    third = night(leads([0.39, 0.5, 0.1, 0.1]), policy, second, cuts=BY_SHARE)
    assert list(second["tier"])[:2] == ["SQL", "MQL"]
    assert list(third["tier"])[:2] == ["MQL", "SQL"]
    assert (third["tier"] == "SQL").sum() == 1


def test_a_hand_raiser_goes_to_sales_and_the_models_verdict_stands_beside_it() -> None:
    told = night(leads([0.01], hand_raiser=["asked for a demo"]))
    assert told[["tier", "model_tier", "rule"]].iloc[0].tolist() == [
        "SQL",
        "Nurture",
        "hand_raiser: asked for a demo",
    ]


def test_a_disqualifier_wins_over_everything() -> None:
    today = leads(
        [0.9, 0.9, np.nan],
        disqualifier=["competitor"] * 3,
        hand_raiser=[None, "asked", None],
        is_sql=[False, False, True],
    )
    told = night(today)
    assert set(told["tier"]) == {"Disqualified"}
    assert set(told["rule"]) == {"disqualified: competitor"}
    assert list(told["model_tier"])[:2] == ["SQL", "SQL"]


def test_a_rejected_lead_cools_off_as_long_as_its_reason_says() -> None:
    policy = agreed(cool_off=[{"reasons": ["timing"], "days": 90}])
    setback = [NIGHT - timedelta(days=89), NIGHT - timedelta(days=90), NIGHT - timedelta(days=1)]
    today = leads([0.9] * 3, setback_at=setback, setback_reason=["timing", "timing", "price"])
    told = night(today, policy)
    assert list(told["tier"]) == ["MQL", "SQL", "SQL"]
    assert told["rule"].iloc[0] == "cool_off: timing"


def test_a_lead_with_invalid_data_cools_off_until_they_change() -> None:
    policy = agreed(cool_off=[{"reasons": "bad data", "until_changed": True}])
    told: list[pd.DataFrame] = []
    for turn, digest in enumerate(["1111-a", "1111-a", "1111-b", "1111-b"]):
        setback = {"setback_at": [NIGHT - timedelta(hours=9)], "setback_reason": ["bad data"]}
        today = leads([0.9], facts_digest=[digest], **setback)
        before = told[-1] if told else None
        told.append(night(today, policy, before, as_of=NIGHT + timedelta(days=turn)))
    assert [each["tier"].iloc[0] for each in told] == ["MQL", "MQL", "SQL", "SQL"]


def test_another_column_in_the_contract_is_no_change_of_the_leads_data() -> None:
    policy = agreed(cool_off=[{"reasons": "bad data", "until_changed": True}])
    setback = {"setback_at": [NIGHT - timedelta(hours=9)], "setback_reason": ["bad data"]}
    told: list[pd.DataFrame] = []
    for turn, digest in enumerate(["1111-a", "2222-b", "2222-b", "2222-c"]):
        today = leads([0.9], facts_digest=[digest], **setback)
        before = told[-1] if told else None
        told.append(night(today, policy, before, as_of=NIGHT + timedelta(days=turn)))
    assert [each["tier"].iloc[0] for each in told] == ["MQL", "MQL", "MQL", "SQL"]


def test_leads_without_own_data_never_change() -> None:
    first = night(leads([0.9], facts_digest=[None]))
    second = night(leads([0.9], facts_digest=[None]), before=first)
    assert second["facts_changed_at"].isna().all()


def test_who_asks_after_the_rejection_does_not_cool_off() -> None:
    policy = agreed(cool_off=[{"reasons": "timing", "days": 90}])
    asked = {"hand_raiser": ["asked"], "setback_at": [NIGHT], "setback_reason": ["timing"]}
    assert night(leads([0.9], **asked), policy)["rule"].iloc[0] == "hand_raiser: asked"


def test_the_best_get_the_places_and_the_others_wait_in_order() -> None:
    policy = agreed(capacity={"reps": 1, "leads_a_day": 2})
    told = night(leads([0.6, 0.9, 0.6, 0.7, 0.1]), policy)
    assert list(told["tier"]) == ["MQL", "SQL", "MQL", "SQL", "Nurture"]
    assert told["waiting"].tolist() == [1, pd.NA, 2, pd.NA, pd.NA]
    assert told["rule"].iloc[0] == "waiting"
    assert told["waiting_since"].iloc[0] == pd.Timestamp(NIGHT)
    assert list(told["model_tier"])[:4] == ["SQL"] * 4


def test_nobody_waits_for_ever() -> None:
    policy = agreed(capacity={"reps": 0, "leads_a_day": 1, "max_wait_days": 2})
    told = nights([[0.6], [0.6], [0.6], [0.6], [0.49], [0.6]], policy)
    assert [each["rule"].iloc[0] for each in told] == [
        *["waiting"] * 2,
        *["waited_too_long"] * 2,
        None,  # below the cut-off: nobody loses a tier that it never had
        "waiting",
    ]
    assert {each["tier"].iloc[0] for each in told} == {"MQL"}
    assert [each["model_tier"].iloc[0] for each in told[3:]] == ["SQL", "MQL", "SQL"]


def test_the_line_can_go_by_value() -> None:
    policy = agreed(capacity={"reps": 1, "leads_a_day": 1, "first": "value"})
    told = night(leads([0.9, 0.6], expected_value=[10.0, 99.0]), policy)
    assert list(told["tier"]) == ["MQL", "SQL"]


def test_a_share_of_the_leads_just_below_goes_to_sales_by_lot() -> None:
    policy = agreed(exploration={"share": 0.1})
    told = night(leads([0.3] * 2000 + [0.2] * 500 + [0.6] * 10), policy)
    drawn = told["rule"] == "exploration"
    assert 150 < drawn.sum() < 260
    assert not drawn[2000:].any()  # too far below, or above
    assert (told.loc[drawn, "tier"] == "SQL").all()
    assert (told.loc[:1999, "handoff_probability"] == 0.1).all()
    assert (told.loc[2500:, "handoff_probability"] == 1.0).all()
    assert list(drawn[:2000]) == [draw(lead, "leadscore") < 0.1 for lead in told["lead_id"][:2000]]


CHANCES = st.lists(st.floats(0, 1), min_size=2, max_size=12)
POLICIES = st.builds(
    lambda places, margin, nights_: agreed(
        capacity=None if places is None else {"reps": places, "leads_a_day": 1},
        hysteresis={"margin": margin, "nights": nights_},
    ),
    st.none() | st.integers(0, 4),
    st.floats(0, 0.9),
    st.integers(1, 3),
)
KINDS = st.sampled_from([BY_CHANCE, BY_SHARE])


@settings(max_examples=50, deadline=None)
@given(yesterday=CHANCES, policy=POLICIES, cuts=KINDS, data=st.data())
def test_raising_a_propensity_never_lowers_a_tier(
    yesterday: list[float], policy: Policy, cuts: CutOffs, data: st.DataObject
) -> None:
    before = night(leads(yesterday), policy, cuts=cuts)
    size = len(yesterday)
    today = data.draw(st.lists(st.floats(0, 1), min_size=size, max_size=size))
    place = data.draw(st.integers(0, size - 1))
    raised = [*today]
    raised[place] = data.draw(st.floats(today[place], 1))
    rank = [
        BEST_FIRST.index(night(leads(row), policy, before, cuts=cuts)["tier"].iloc[place])
        for row in (today, raised)
    ]
    assert rank[1] <= rank[0]


@settings(max_examples=50, deadline=None)
@given(rows=CHANCES, policy=POLICIES, cuts=KINDS, data=st.data())
def test_a_hand_raise_never_lowers_and_a_disqualifier_always_wins(
    rows: list[float], policy: Policy, cuts: CutOffs, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(rows) - 1))
    asked = [None if turn != place else "asked" for turn in range(len(rows))]
    before = night(leads(rows), policy, cuts=cuts)
    after = night(leads(rows, hand_raiser=asked), policy, cuts=cuts)
    rank = [BEST_FIRST.index(each["tier"].iloc[place]) for each in (before, after)]
    assert rank[1] <= rank[0]
    barred = night(leads(rows, hand_raiser=asked, disqualifier=asked), policy, cuts=cuts)
    assert barred["tier"].iloc[place] == "Disqualified"


@settings(max_examples=30, deadline=None)
@given(
    rows=st.lists(CHANCES.filter(lambda row: len(row) > 3), min_size=2, max_size=5),
    places=st.integers(0, 3),
    share=st.floats(0, 0.5),
    data=st.data(),
)
def test_capacity_is_never_exceeded(
    rows: list[list[float]], places: int, share: float, data: st.DataObject
) -> None:
    size = min(map(len, rows))
    asked = data.draw(st.lists(st.sampled_from([None, "asked"]), min_size=size, max_size=size))
    policy = agreed(
        capacity={"reps": places, "leads_a_day": 1}, exploration={"share": share, "down_to": 0.0}
    )
    told = nights([row[:size] for row in rows], policy, hand_raiser=asked)
    for each in told:
        newly = (each["tier"] == "SQL") & (each["previous_tier"].fillna("") != "SQL")
        assert newly.sum() <= places
        in_line = sorted(each["waiting"].dropna())
        assert in_line == list(range(1, len(in_line) + 1))


@settings(deadline=None, max_examples=50)
@given(
    chances=st.lists(st.sampled_from([0.05, 0.2, 0.2, 0.5, 0.9]), min_size=2, max_size=30),
    yesterday=st.lists(st.sampled_from([0.05, 0.2, 0.5, 0.9]), max_size=20),
    cuts=st.sampled_from([BY_CHANCE, BY_SHARE]),
    share=st.sampled_from([0.0, 0.1, 0.5]),
    places=st.integers(0, 6),
)
def test_in_parts_a_night_gets_the_tiers_that_it_gets_as_a_whole(
    chances: list[float], yesterday: list[float], cuts: CutOffs, share: float, places: int
) -> None:
    policy = agreed(
        capacity={"reps": places, "leads_a_day": 1},
        exploration={"share": share, "down_to": 0.0},
        hysteresis={"margin": 0.3, "nights": 3},
    )
    today = leads(chances)
    earlier = NIGHT - timedelta(days=1)
    previous = night(leads(yesterday), policy, cuts=cuts, as_of=earlier) if yesterday else None
    whole = decide(today, previous, policy, cuts, as_of=NIGHT)
    parts = [today.iloc[place::3] for place in range(3)]
    before = [remembered(part, previous) for part in parts]
    bars = find_bars(lambda: zip(parts, before, strict=True), cuts, policy.hysteresis)
    offered, queues = zip(
        *(
            offer(part, was, policy, cuts, bars, as_of=NIGHT)
            for part, was in zip(parts, before, strict=True)
        ),
        strict=True,
    )
    shared, chance = share_places(queues, policy)
    settled = [
        settle(ProvisionalTiers.from_frame(each.to_frame()), got, probability=chance, as_of=NIGHT)
        for each, got in zip(offered, shared, strict=True)
    ]
    told = pd.concat([part for part in settled if len(part)]).sort_index()
    pd.testing.assert_frame_equal(told, whole.rows, check_dtype=False)
    assert {tier: bar.begins_at for tier, bar in bars.items()} == whole.begins_at
