from __future__ import annotations

import numpy as np
import pytest

from leadscore.training.encoding import SeenRows, TextColumns, owners
from leadscore.training.encoding.tree_rows import MOST_WORDS, recency_weight

TEXT = TextColumns([1, 3], [False, True])


@pytest.mark.parametrize("words", ["native", "rates", "each"])
def test_a_part_is_a_part_of_the_matrix(words: str) -> None:
    random = np.random.default_rng(1)
    word = random.integers(0, MOST_WORDS + 3, (2, 30)).astype(float)
    word[:, ::4] = np.nan
    number, rates = random.normal(size=(2, 30)), random.random((30, 4))
    codes = [number[0], word[0], number[1], word[1]]
    rows = SeenRows(codes, TEXT, rates, words)
    whole = rows.matrix()
    assert whole.shape == (len(rows), len(owners(4, TEXT, words)))
    np.testing.assert_array_equal(rows.matrix(slice(3, 9)), whole[3:9])
    np.testing.assert_array_equal(rows.part(0, slice(5, 20)), number[0, 5:20])
    np.testing.assert_array_equal(whole[:, 4:6], rates[:, 2:])
    np.testing.assert_array_equal(whole[:, 3], word[1] if words == "native" else rates[:, 1])


def test_each_common_word_has_a_column_and_missing_or_many_their_own() -> None:
    codes = [np.zeros(3), np.array([0.0, MOST_WORDS - 1, np.nan]), np.zeros(3), np.array([1.0] * 3)]
    rates = np.array([[0.1, 0.2, 0.5, 0.6]] * 3)
    seen = SeenRows(codes, TEXT, rates, "each").matrix()
    np.testing.assert_array_equal(seen[:, 1], [0, 0, 1])
    np.testing.assert_array_equal(seen[:, 3], [0.2] * 3)
    first, second = seen[:, 6 : 6 + MOST_WORDS], seen[:, 6 + MOST_WORDS :]
    np.testing.assert_array_equal(first.sum(axis=1), [1, 1, 0])
    assert first[0, 0] == first[1, -1] == 1
    np.testing.assert_array_equal(second[:, 1], [1] * 3)


def test_recent_rows_count_more_and_the_average_row_counts_one() -> None:
    weight = recency_weight(np.array([0.0, 0.5, 1.0]), 0.5)
    assert weight.mean() == pytest.approx(1)
    assert weight[2] / weight[1] == pytest.approx(2)
    assert weight[2] / weight[0] == pytest.approx(4)
    assert recency_weight(np.array([0.0, 1.0]), None).tolist() == [1, 1]
