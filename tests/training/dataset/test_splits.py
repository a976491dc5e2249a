from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadscore.features.core.errors import TooLittleData
from leadscore.training.dataset.labels import Labels
from leadscore.training.dataset.splits import (
    TEST_SHARE,
    all_learn,
    held_out_in_turn,
    parts_of_stage,
    split_at_random,
    split_by_time,
)

HORIZON = pd.Timedelta(days=30)


def dated(leads: int = 400, accounts: list[str | None] | None = None) -> Labels:
    """A lead every six hours, with two snapshots a week apart."""
    number = np.repeat(np.arange(leads), 2)
    created = pd.Timestamp("2025-01-01") + pd.to_timedelta(number * 6, unit="h")
    as_of = created.normalize() + pd.to_timedelta(1 + 7 * (np.arange(2 * leads) % 2), unit="D")
    names = [None] * leads if accounts is None else accounts
    known = as_of + HORIZON
    end = created.max() - pd.Timedelta(days=5)
    frame = pd.DataFrame(
        {
            "lead_id": [f"L{each}" for each in number],
            "as_of": as_of,
            "created_at": created,
            "account": pd.Series(np.repeat(np.array(names, dtype=object), 2), dtype="str"),
            "is_sql": False,
            "y_sql": np.where(known <= end, (number % 5 == 0).astype(float), np.nan),
            "known_sql_at": known,
        }
    )
    return Labels(frame, ("sql",))


@settings(deadline=None)
@given(st.lists(st.sampled_from(["Acme", "Bolt", "Cogs", "Dyne", None]), min_size=80, max_size=80))
def test_an_account_stands_on_one_side(accounts: list[str | None]) -> None:
    labels = dated(80, accounts)
    if labels.frame["y_sql"].isna().all():
        return
    side = split_by_time(labels).side
    sides = side[side != "unused"].groupby(labels.frame["account"]).nunique()
    assert (sides <= 1).all()


def test_leads_without_a_creation_date_are_unused() -> None:
    labels = dated()
    labels.frame.loc[10:19, "created_at"] = pd.NaT
    assert (split_by_time(labels).side[10:20] == "unused").all()


def test_where_nothing_has_matured_the_horizon_is_named() -> None:
    labels = dated()
    labels.frame["y_sql"] = np.nan
    with pytest.raises(TooLittleData, match=r"horizon_days\.sql"):
        split_by_time(labels)


def flat(rows: int = 2000) -> Labels:
    frame = pd.DataFrame(
        {
            "lead_id": [f"L{each}" for each in range(rows)],
            "as_of": pd.Timestamp("1970-01-01"),
            "created_at": pd.NaT,
            "y_won": (np.arange(rows) % 4 == 0).astype(float),
            "known_won_at": pd.NaT,
        }
    )
    return Labels(frame, ("won",))


def test_leads_set_aside_for_their_colleagues_are_counted() -> None:
    frame = flat(40).frame.assign(
        created_at=pd.date_range("2026-01-01", periods=40),
        account=pd.Series(["shared"] * 2 + [None] * 37 + ["shared"], dtype="str"),
    )
    assert "of 40 leads are set aside" in split_by_time(Labels(frame, ("won",))).caution
    alone = frame.assign(account=pd.Series([None] * 40, dtype="str"))
    assert not split_by_time(Labels(alone, ("won",))).caution


def test_identical_rows_stay_together_in_a_random_split() -> None:
    labels = flat()
    groups = pd.Series((np.arange(2000) // 7).astype(str))
    sides = split_at_random(labels, groups).side.groupby(groups).nunique()
    assert (sides == 1).all()


def test_lumps_of_identical_rows_leave_the_quarters_alike() -> None:
    random = np.random.default_rng(2)
    sizes = np.r_[np.full(12, 60), np.ones(1280, dtype=int)]
    groups = pd.Series(np.repeat(np.arange(len(sizes)), sizes).astype(str))
    labels = flat(len(groups))
    lumps = np.repeat(np.arange(12) % 3 == 0, 60).astype(float)
    labels.frame["y_won"] = np.r_[lumps, (random.random(1280) < 0.4).astype(float)]
    split = split_at_random(labels, groups)
    rates = labels.frame["y_won"].groupby(split.quarter).mean()
    assert rates.max() - rates.min() < 0.03


def test_every_lead_is_held_out_once_in_turn() -> None:
    labels = flat()
    split = split_at_random(labels, labels.frame["lead_id"])
    held_out = [each.side == "test" for each in (split, *held_out_in_turn(split))]
    assert (np.sum(held_out, axis=0) == 1).all()
    assert held_out_in_turn(split_by_time(dated())) == []


def test_in_the_end_all_leads_learn_but_the_undated_among_dated() -> None:
    labels = dated()
    labels.frame.loc[10:19, "created_at"] = pd.NaT
    everything = all_learn(split_by_time(labels), labels)
    part = parts_of_stage(labels, everything, "sql")
    known = labels.frame["y_sql"].notna() & labels.frame["created_at"].notna()
    assert ((part == "learn") == known).all()


def test_a_random_split_does_not_hang_on_the_order_of_the_rows() -> None:
    labels, shuffled = flat(), flat()
    order = np.random.default_rng(0).permutation(2000)
    shuffled = Labels(labels.frame.iloc[order].reset_index(drop=True), ("won",))
    one = split_at_random(labels, labels.frame["lead_id"]).side
    other = split_at_random(shuffled, shuffled.frame["lead_id"]).side
    assert one.iloc[order].to_list() == other.to_list()


def test_later_matured_leads_test_what_was_known_before_the_first_of_them() -> None:
    labels = dated()
    split = split_by_time(labels)
    part, frame = parts_of_stage(labels, split, "sql"), labels.frame
    learn, test = frame[part == "learn"], frame[part == "test"]
    assert learn["created_at"].max() < test["created_at"].min()
    assert learn["known_sql_at"].max() <= test["as_of"].min()
    assert (part[frame["y_sql"].isna()] == "unused").all()
    assert (part[frame["y_sql"].notna()] == "unused").any()
    matured = frame.dropna(subset="y_sql")["lead_id"].nunique()
    assert test["lead_id"].nunique() / matured == pytest.approx(TEST_SHARE, abs=0.02)
    assert set(split.side) == {"learn", "test"}  # leads without an account are no account


def test_a_random_split_holds_each_outcome_in_equal_shares_and_says_what_it_is_worth() -> None:
    labels = flat()
    split = split_at_random(labels, labels.frame["lead_id"])
    part = parts_of_stage(labels, split, "won")
    shares = (part == "test").groupby(labels.frame["y_won"]).mean()
    assert shares.to_list() == pytest.approx([TEST_SHARE, TEST_SHARE], abs=0.002)
    assert not split.by_time
    assert "expect less" in split.caution
    assert "--created-at" in split.caution
