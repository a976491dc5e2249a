from __future__ import annotations

import ibis
import pandas as pd
import pyarrow as pa
import pytest

from leadscore.features.contract.contract import Reading
from leadscore.features.tables.cell_parsing import (
    number_cell,
    text_cell,
    time_cell,
    unreadable_numbers,
)


def read(cell, values, **reading):
    column = ibis.memtable(pa.table({"given": pa.array(values)}))["given"]
    found = cell(column, Reading.model_validate(reading)).name("read").to_pyarrow().to_pylist()
    assert len(found) == len(values)
    return found


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("12", 12),
        ("-3.5", -3.5),
        ("1e5", 1e5),
        (".5", 0.5),
        ("1,234", 1234),
        ("1,234,567.8", 1234567.8),
        ("-1,234", -1234),
        ("12,5", 12.5),
        ("0,125", 0.125),
        ("1.234,5", 1234.5),
        ("1.234.567", 1234567),
        ("1.234", 1.234),
        ("1'234", 1234),
        ("1 234", 1234),
        ("1\u202f234", 1234),
        ("€ 12.50", 12.5),
        ("$1,000", 1000),
        ("50 %", 50),
    ],
)
def test_a_number_is_read_as_people_write_it(written, number):
    assert read(number_cell, [written, "7"]) == [number, 7.0]


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("1.234", 1234),
        ("-1.234.567", -1234567),
        ("1,234", 1.234),
        ("1.234,50 €", 1234.5),
        ("12,5", 12.5),
        ("0.125", 0.125),
        ("3.75", 3.75),
        ("7", 7),
    ],
)
def test_with_a_decimal_comma_points_part_thousands(written, number):
    assert read(number_cell, [written, "7"], decimal=",") == [number, 7.0]


@pytest.mark.parametrize("written", ["abc", "1,23,456", "12 apples", "nan", "inf", "-", "(500)"])
def test_what_is_no_number_is_missing(written):
    assert read(number_cell, [written, "7"]) == [None, 7.0]


def test_numbers_stay_numbers_and_infinities_are_missing():
    assert read(number_cell, [1, 2]) == [1.0, 2.0]
    assert read(number_cell, [1.5, float("inf"), float("nan")]) == [1.5, None, None]


def test_missing_words_are_compared_without_case_and_space():
    words = ["", "  ", "N/A", " n/a ", "None", "Select", "nil"]
    found = read(text_cell, words, missing=["n/a", "SELECT "])
    assert found == [None, None, None, None, "None", None, "nil"]


def test_text_is_trimmed_and_otherwise_kept():
    assert read(text_cell, ["  Café & Bar ", "0123"]) == ["Café & Bar", "0123"]


def test_unreadable_numbers_are_named_one_and_all():
    table = ibis.memtable({"a": ["1", "x", "y", None], "b": ["2", "3", "z", "n/a"]})
    named = unreadable_numbers({"A": table.a, "B": table.b}, Reading(missing=("n/a",)))
    cells = named.name("cells").to_pyarrow().to_pylist()
    assert cells == [None, "A\x1fx\x1e", "A\x1fy\x1eB\x1fz\x1e", None]


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
def test_a_zone_that_a_cell_names_holds_whatever_the_contract_says(written, zone):
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
def test_a_cell_without_a_zone_is_in_the_contracts(written, utc):
    found = read(time_cell, [written], timezone="Europe/Amsterdam", day_first=True)
    assert found == [pd.Timestamp(utc)]


@pytest.mark.parametrize(
    "written", ["1714552215", "1714552215.0", "1714552215000", "1714552215000000", " 1714552215 "]
)
@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_seconds_since_1970_and_parts_of_them_are_moments_in_any_zone(written, zone):
    assert read(time_cell, [written], timezone=zone) == [UTC_HALF_PAST_EIGHT]


def test_seconds_since_1970_may_be_stored_as_numbers():
    assert read(time_cell, [1714552215, None]) == [UTC_HALF_PAST_EIGHT, None]
    assert read(time_cell, [1714552215.0, None]) == [UTC_HALF_PAST_EIGHT, None]


@pytest.mark.parametrize("written", ["2024-05-01T08:30Z", "2024-05-01 10:30+02:00"])
def test_seconds_may_be_left_out(written):
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
def test_the_contract_says_whether_the_day_comes_first(written, day_first, month_first):
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
    ],
)
def test_months_may_have_names(written):
    assert read(time_cell, [written]) == [pd.Timestamp("2024-12-31")]


@pytest.mark.parametrize(
    "written", ["2024-02-30", "soon", "171455760", "epoch", "infinity", "2024-05-01 10:30:15 XYZ"]
)
def test_what_is_no_date_is_missing(written):
    assert read(time_cell, [written, "2024-01-01"])[0] is None


def test_typed_timestamps_are_taken_with_or_without_a_zone():
    local = pd.Timestamp("2024-05-01 10:30:15")
    assert read(time_cell, [local.tz_localize("Europe/Amsterdam")]) == [UTC_HALF_PAST_EIGHT]
    assert read(time_cell, [local], timezone="Europe/Amsterdam") == [UTC_HALF_PAST_EIGHT]
    assert read(time_cell, [local.date()]) == [pd.Timestamp("2024-05-01")]
