from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadscore.features.families.active_days import with_active_days

if TYPE_CHECKING:
    import pandas as pd

AGES = st.sets(st.integers(0, 400), max_size=30)


def told(lists: list[list[int] | None]) -> pd.DataFrame:
    rows = ibis.memtable(
        {"lead": range(len(lists)), "ages": lists}, schema={"lead": "int64", "ages": "array<int32>"}
    )
    return with_active_days(rows, "ages").order_by("lead").to_pandas().set_index("lead")


@settings(max_examples=25, deadline=None)
@given(ages=st.lists(AGES, min_size=1, max_size=20))
def test_days_are_counted_and_the_widest_gap_between_two_is_the_silence(ages):
    found = told([sorted(each) for each in ages])
    assert found["active_days_ever"].tolist() == [len(each) for each in ages]
    assert found["active_days_30d"].tolist() == [len([a for a in each if a < 30]) for each in ages]
    widest = [np.diff(sorted(each)).max() if len(each) > 1 else np.nan for each in ages]
    np.testing.assert_array_equal(found["longest_silence_days"].astype("float64"), widest)


@pytest.mark.parametrize("ages", [None, []])
def test_who_was_never_active_was_never_silent_between(ages):
    found = told([ages, [3]])
    assert found["longest_silence_days"].isna().all()
    assert found["active_days_ever"].fillna(0).tolist() == [0, 1]


def test_other_columns_stay_and_the_list_goes():
    assert list(told([[1]]).columns) == [
        "active_days_30d",
        "active_days_ever",
        "longest_silence_days",
    ]
