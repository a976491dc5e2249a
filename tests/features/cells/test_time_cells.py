from __future__ import annotations

import pandas as pd
import pytest

from leadscore.features.cells import time_cell

UTC_HALF_PAST_EIGHT = pd.Timestamp("2024-05-01 08:30:15")


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
@pytest.mark.parametrize(
    "written",
    [
        "2024-05-01T08:30:15Z",
        "2024-05-01 08:30:15.000Z",
        "2024-05-01 10:30:15+02:00",
        "2024-05-01 10:30:15+0200",
        "2024-05-01 10:30:15 +02",
        "2024-05-01 03:00:15-05:30",
        "2024-05-01 08:30:15 UTC",
        "2024-05-01 08:30:15 GMT",
        "2024-05-01 10:30:15 Europe/Amsterdam",
        "2024-05-01T10:30:15+02:00[Europe/Amsterdam]",
    ],
)
def test_a_zone_that_a_cell_names_holds_whatever_the_contract_says(read, written, zone):
    assert read(time_cell, [written], timezone=zone) == [UTC_HALF_PAST_EIGHT]


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2024-07-01 10:30:15", "2024-07-01 08:30:15"),
        ("2024-12-01 10:30", "2024-12-01 09:30"),
        ("2024-07-01", "2024-06-30 22:00"),
        ("01.07.2024 10:30", "2024-07-01 08:30"),
    ],
)
def test_a_cell_without_a_zone_is_in_the_contracts(read, written, utc):
    found = read(time_cell, [written], timezone="Europe/Amsterdam", day_first=True)
    assert found == [pd.Timestamp(utc)]


@pytest.mark.parametrize(
    "written", ["1714552215", "1714552215.0", "1714552215000", "1714552215000000", " 1714552215 "]
)
@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_seconds_since_1970_and_parts_of_them_are_moments_in_any_zone(read, written, zone):
    assert read(time_cell, [written], timezone=zone) == [UTC_HALF_PAST_EIGHT]


def test_seconds_since_1970_may_be_stored_as_numbers(read):
    assert read(time_cell, [1714552215, None]) == [UTC_HALF_PAST_EIGHT, None]
    assert read(time_cell, [1714552215.0, None]) == [UTC_HALF_PAST_EIGHT, None]


@pytest.mark.parametrize("written", ["2024-05-01T08:30Z", "2024-05-01 10:30+02:00"])
def test_seconds_may_be_left_out(read, written):
    assert read(time_cell, [written]) == [pd.Timestamp("2024-05-01 08:30")]


@pytest.mark.parametrize(
    ("written", "day_first", "month_first"),
    [
        ("05/06/2024", "2024-06-05", "2024-05-06"),
        ("5.6.24 9:05", "2024-06-05 09:05", "2024-05-06 09:05"),
        ("31/12/24", "2024-12-31", None),
        ("12/31/24", None, "2024-12-31"),
        ("31.12.2024 18:05", "2024-12-31 18:05", None),
        ("12-31-2024 6:05 PM", None, "2024-12-31 18:05"),
        ("2024/12/31", "2024-12-31", "2024-12-31"),
        ("20241231", "2024-12-31", "2024-12-31"),
    ],
)
def test_the_contract_says_whether_the_day_comes_first(read, written, day_first, month_first):
    for first, expected in ((True, day_first), (False, month_first)):
        wanted = None if expected is None else pd.Timestamp(expected)
        assert read(time_cell, [written, "2024-01-01"], day_first=first)[0] == wanted


@pytest.mark.parametrize(
    "written",
    [
        "31 December 2024",
        "31 Dec 2024",
        "Dec 31, 2024",
        "December 31, 2024",
        "31-Dec-2024",
        "31-DEC-24",
        "31. Dezember 2024",
        "31 déc. 2024",
        "31 dic 2024",
        "31 de diciembre de 2024",
    ],
)
def test_months_may_have_names(read, written):
    assert read(time_cell, [written]) == [pd.Timestamp("2024-12-31")]


@pytest.mark.parametrize(
    "written", ["2024-02-30", "soon", "171455760", "epoch", "infinity", "2024-05-01 10:30:15 XYZ"]
)
def test_what_is_no_date_is_missing(read, written):
    assert read(time_cell, [written, "2024-01-01"])[0] is None


def test_typed_timestamps_are_taken_with_or_without_a_zone(read):
    local = pd.Timestamp("2024-05-01 10:30:15")
    assert read(time_cell, [local.tz_localize("Europe/Amsterdam")]) == [UTC_HALF_PAST_EIGHT]
    assert read(time_cell, [local], timezone="Europe/Amsterdam") == [UTC_HALF_PAST_EIGHT]
    assert read(time_cell, [local.date()]) == [pd.Timestamp("2024-05-01")]


@pytest.mark.parametrize(
    "written",
    [
        "12/31/2024, 2:05 PM",
        "12/31/24 2:05\u202fPM",
        "12/31/2024 14:05",
        "2024-12-31T14:05:00.000+0000",
        "20241231T140500Z",
        "Tue, 31 Dec 2024 15:05:00 +0100",
        "Tue Dec 31 2024 15:05:00 GMT+0100 (CET)",
        "31. Dezember 2024, 14:05 Uhr",
        "45657.586805555554",
        "45657,5868055556",
        "1735653900000000000",
    ],
)
def test_clocks_and_counts_of_other_systems(read, written):
    assert read(time_cell, [written]) == [pd.Timestamp("2024-12-31 14:05")]


def test_parts_of_a_second_since_1970_are_kept(read):
    assert read(time_cell, ["1735653900.25"]) == [pd.Timestamp("2024-12-31 14:05:00.25")]
    assert read(time_cell, [1735653900123456789.0]) == [pd.Timestamp("2024-12-31 14:05:00.123456")]
