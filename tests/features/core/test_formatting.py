from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadscore.features.core.formatting import (
    ago,
    day,
    looks_personal,
    moment,
    number,
    percent,
    shortened,
)


@pytest.mark.parametrize(
    ("value", "told"),
    [(0.0, "0"), (-0.0, "0"), (0.999, "1"), (9.96, "10"), (10.4, "10"), (1e6, "1,000,000")],
)
def test_numbers_carry_the_digits_that_matter(value, told):
    assert number(value) == told


@given(st.floats(-1e9, 1e9))
def test_a_number_told_is_within_a_tenth_of_itself(value):
    told = float(number(value).replace(",", ""))
    assert math.isclose(told, value, rel_tol=0.1, abs_tol=1e-6)


@given(st.floats(0, 1))
def test_a_share_told_is_within_a_tenth_of_itself(share):
    told = percent(share).removesuffix(" %").removeprefix("over ")
    assert math.isclose(float(told) / 100, share, rel_tol=0.1, abs_tol=1e-6)


def test_nearly_all_is_not_all():
    assert percent(0.9999) == "over 99 %"


def test_what_is_no_number_is_unknown():
    assert number(math.nan) == "unknown"


def test_a_date_is_told_where_its_reader_lives():
    noon = datetime(2026, 1, 1, 23, 30, tzinfo=UTC)
    assert moment(noon, "Asia/Tokyo") == "2 Jan 2026, 08:30"


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (0.0, "under an hour ago"),
        (1 / 24, "1 hour ago"),
        (1.9, "46 hours ago"),
        (1.999, "2 days ago"),
        (400.4, "400 days ago"),
    ],
)
def test_how_long_ago_is_told_in_hours_within_two_days(days, told):
    assert ago(days) == told


def test_the_year_is_told_where_it_is_another():
    june = datetime(2026, 6, 30)
    assert day(datetime(2026, 1, 2), june) == "2 Jan"
    assert day(datetime(2025, 12, 31), june) == "31 Dec 2025"


@given(st.text(max_size=200))
def test_no_text_told_is_longer_than_a_glance(text):
    assert len(shortened(text)) <= 60


@pytest.mark.parametrize(
    ("text", "personal"),
    [
        ("jo@firm.example", True),
        ("call (0)30 1234 5678", True),
        ("+49 151 7304219", True),
        ("spring-2026", False),
        ("call back on 2026-07-01", False),
        ("1,000-4,999", False),
        ("meet @ fair", False),
    ],
)
def test_addresses_and_phone_numbers_look_personal(text, personal):
    assert looks_personal(text) == personal
