"""A decimal comma is told by the cells that cannot be meant otherwise."""

from __future__ import annotations

import pandas as pd
import pytest

from leadscore.features.onboarding.profiles.cell_forms import decimal_mark
from leadscore.features.onboarding.profiles.column_profile import profile_columns


def mark(**columns):
    return decimal_mark(profile_columns(pd.DataFrame(columns, dtype="str"), ()).values()).value


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["12,50 €", "1.234,00 €", "7,25 €"], ","),
        (["1,5", "0,25", "1,125"], ","),
        (["1.234.567,8", "12.345"], ","),
        (["12.50", "1,234.00"], "."),
        (["1,234", "12,345"], "."),  # either; the point is the default
        (["1.234", "2.345"], "."),
        (["12", "13"], "."),
    ],
)
def test_the_mark_is_told_by_the_forms_of_cells(cells, expected):
    assert mark(amount=cells * 4) == expected


def test_one_column_tells_it_for_another_that_could_be_read_either_way():
    assert mark(employees=["1.234", "950", "12.000"], amount=["9,50", "1.200,00", "3,25"]) == ","


def test_columns_that_disagree_leave_it_at_the_point():
    assert mark(latitude=["52.52", "48.1"], amount=["9,50", "3,25"]) == "."


def test_a_typing_error_among_thousands_does_not_turn_them_into_decimals():
    assert mark(employees=[f"{row},234" for row in range(1, 60)] + ["1,5"]) == "."
