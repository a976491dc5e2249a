from __future__ import annotations

import ibis
import pytest

from leadscore.features.cells import measure_cell, number_cell, unreadable_numbers
from leadscore.features.contract import Reading


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
        ("USD 1,234.50", 1234.5),
        ("EUR 1.234,50", 1234.5),
        ("CHF 1\u2019234.50", 1234.5),
        ("12 K", 12_000),
        ("1,5 Mio.", 1.5e6),
        ("2,3 Mrd. €", 2.3e9),
        ("$1.2M", 1.2e6),
        ("1.2bn", 1.2e9),
        ("(1,234.50)", -1234.5),
        ("1.234,50- €", -1234.5),
        ("\u22125", -5),
        ("5 kr.", 5),
    ],
)
def test_a_number_is_read_as_people_write_it(read, written, number):
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
def test_with_a_decimal_comma_points_part_thousands(read, written, number):
    assert read(number_cell, [written, "7"], decimal=",") == [number, 7.0]


@pytest.mark.parametrize(
    "written",
    ["abc", "1,23,456", "12 apples", "nan", "inf", "-", "(500", "--5", "5+", "1e999", "12 may"],
)
def test_what_is_no_number_is_missing(read, written):
    assert read(number_cell, [written, "7"]) == [None, 7.0]


def test_numbers_stay_numbers_and_infinities_are_missing(read):
    assert read(number_cell, [1, 2]) == [1.0, 2.0]
    assert read(number_cell, [1.5, float("inf"), float("nan")]) == [1.5, None, None]


def test_unreadable_numbers_are_named_one_and_all():
    table = ibis.memtable({"a": ["1", "x", "y", None], "b": ["2", "3", "z", "n/a"]})
    named = unreadable_numbers({"A": table.a, "B": table.b}, Reading(missing=("n/a",)))
    cells = named.name("cells").to_pyarrow().to_pylist()
    assert cells == [None, "A\x1fx\x1e", "A\x1fy\x1eB\x1fz\x1e", None]


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("51-200", 51),
        ("10 – 49", 10),
        ("10 to 49 employees", 10),
        ("1.001-5.000", 1001),
        ("1,000+", 1000),
        ("ab 500", 500),
        ("500 and more", 500),
        ("<10", 5),
        ("10 or fewer", 5),
        ("$1M-$10M", 1e6),
        ("1-5 million", 1e6),
        ("500-1M", 500),
        ("5 members", 5),
        ("12k", 12_000),
        ("self-employed", None),
        ("1e999", None),
    ],
)
def test_a_band_is_its_lower_end_and_one_without_is_half_of_its_upper(read, written, number):
    assert read(measure_cell, [written, "7"]) == [number, 7.0]
