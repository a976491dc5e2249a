"""Decimal marks and the order of dates are told by cells that cannot be meant otherwise."""

from __future__ import annotations

import pandas as pd
import pytest

from leadscore.features.onboarding.profiles.cell_forms import choose_day_order, decimal_mark
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


def test_a_mark_that_nothing_tells_is_said_and_semicolons_speak_for_the_comma():
    columns = profile_columns(
        pd.DataFrame({"Umsatz": ["1.234", "2.345"]}, dtype="str"), ()
    ).values()
    point, comma = decimal_mark(columns), decimal_mark(columns, delimiter=";")
    assert (point.value, point.told, comma.value, comma.told) == (".", False, ",", False)
    assert "'Umsatz'" in point.reason


def order(cells, *, name="created", created_at=None, **columns):
    frame = pd.DataFrame({name: cells, **columns}, dtype="str")
    return choose_day_order(list(profile_columns(frame, ()).values()), created_at)


def test_one_day_above_12_decides_among_thousands_of_cells():
    days = pd.date_range("2000-01-01", "2024-12-31")
    either = [f"{day:%d/%m/%Y}" for day in days if day.day <= 12]
    assert order([*either, "13/05/2024", *either]).value is True
    assert order([*either, "05/13/2024", *either]).value is False
    assert order([*either, "05/13/2024", *either]).told


def test_another_column_of_the_table_may_decide():
    assert order(["03/04/2024"], other=["25/12/2024"]).value is True


def test_an_order_that_nothing_tells_is_said_with_the_remedy():
    found = order(["03/04/2024", "05/06/2024"])
    assert (found.value, found.told) == (False, False)
    assert found.reason.endswith("3/4 is read month first; if wrong, write true")


def test_dots_and_headers_of_other_languages_speak_for_the_day():
    assert order(["03.04.2024"]).value is True
    assert order(["03/04/2024"], name="Angelegt am").value is True
    assert order(["2024-04-03"]).reason == ""
