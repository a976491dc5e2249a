from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.wording import moment, number, percent


@pytest.mark.parametrize(
    ("value", "told"),
    [(0.0, "0"), (-0.0, "0"), (0.999, "1"), (9.96, "10"), (10.4, "10"), (1e6, "1,000,000")],
)
def test_numbers_carry_the_digits_that_matter(value: float, told: str) -> None:
    assert number(value) == told


@given(st.floats(-1e9, 1e9))
def test_a_number_told_is_within_a_tenth_of_itself(value: float) -> None:
    told = float(number(value).replace(",", ""))
    assert math.isclose(told, value, rel_tol=0.1, abs_tol=1e-6)


@given(st.floats(0, 1))
def test_a_share_told_is_within_a_tenth_of_itself(share: float) -> None:
    told = percent(share).removesuffix(" %").removeprefix("over ")
    assert math.isclose(float(told) / 100, share, rel_tol=0.1, abs_tol=1e-6)


def test_nearly_all_is_not_all() -> None:
    assert percent(0.9999) == "over 99 %"


def test_what_is_no_number_is_unknown() -> None:
    assert number(math.nan) == "unknown"


def test_a_date_is_told_where_its_reader_lives() -> None:
    noon = datetime(2026, 1, 1, 23, 30, tzinfo=UTC)
    assert moment(noon, "Asia/Tokyo") == "2 Jan 2026, 08:30"
