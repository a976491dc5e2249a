from __future__ import annotations

from leadscore.features.cells import NO, YES, flag_cell


def test_yes_and_no_are_read_in_seven_languages(read):
    assert read(flag_cell, list(YES)) == [True] * len(YES)
    assert read(flag_cell, [word.upper() for word in NO]) == [False] * len(NO)


def test_flags_and_numbers_are_flags_and_everything_else_is_neither(read):
    assert read(flag_cell, [True, False, None]) == [True, False, None]
    assert read(flag_cell, [1, 0, 2]) == [True, False, None]
    assert read(flag_cell, [1.0, 0.0, None]) == [True, False, None]
    assert read(flag_cell, ["maybe", "", "?"], missing=["?"]) == [None, None, None]
