from __future__ import annotations

import pandas as pd

from leadscore.features.cells import is_sequence, may_be_keys


def test_a_sequence_may_have_a_few_holes_in_any_order():
    assert is_sequence(pd.Series([1005.0, 1002.0, 1001.0, 1007.0]))
    assert not is_sequence(pd.Series([5.0, 500.0, 9_000.0]))


def test_keys_are_dense_or_of_about_one_length_and_quantities_are_neither():
    assert may_be_keys(pd.Series(range(1, 500), dtype="float64"))
    assert may_be_keys(pd.Series([51_000_000_000.0, 51_000_700_000.0, 99_000_000_014.0]))
    assert not may_be_keys(pd.Series([900.0, 12_000.0, 80_000_000.0]))
    assert not may_be_keys(pd.Series([1.5, 2.0, 3.0]))
