from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadscore.training.encoding.ordered_target_encoder import (
    MIN_ROWS_OF_WORD,
    PRIOR_ROWS,
    WordRates,
)

rows = st.lists(
    st.tuples(st.sampled_from(["a", "b", None]), st.integers(0, 1), st.integers(0, 8)),
    min_size=12,
    max_size=60,
)


def table(drawn: list[tuple[str | None, int, int]]) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    words, outcome, order = zip(*drawn, strict=True)
    frame = pd.DataFrame({"source": pd.Series(words, dtype="str")})
    return frame, np.array(outcome, dtype=float), np.array(order, dtype="int64")


def test_a_word_has_the_rate_of_its_leads_drawn_to_that_of_all() -> None:
    frame = pd.DataFrame({"source": pd.Series(["ad"] * 30 + ["web"] * 70, dtype="str")})
    outcome = np.r_[np.ones(30), np.zeros(70)]
    rates = WordRates(["source"]).fit(frame, outcome).transform(frame)
    assert rates[0, 0] == pytest.approx((30 + 0.3 * PRIOR_ROWS) / (30 + PRIOR_ROWS))
    assert rates[-1, 0] == pytest.approx(0.3 * PRIOR_ROWS / (70 + PRIOR_ROWS))


@settings(deadline=None)
@given(drawn=rows, data=st.data())
def test_nothing_of_its_own_lead_or_of_later_ones_is_in_a_teaching_row(
    drawn: list[tuple[str | None, int, int]], data: st.DataObject
) -> None:
    frame, outcome, order = table(drawn)
    place = data.draw(st.integers(0, 8))
    changed = np.where(order >= place, 1 - outcome, outcome)
    before = WordRates(["source"]).fit_transform(frame, outcome, order)
    after = WordRates(["source"]).fit_transform(frame, changed, order)
    np.testing.assert_array_equal(before[order <= place], after[order <= place])


def test_a_new_word_has_the_overall_rate_when_it_is_scored() -> None:
    frame = pd.DataFrame({"source": pd.Series(["ad"] * 40 + ["web"] * 60, dtype="str")})
    fitted = WordRates(["source"]).fit(frame, np.r_[np.ones(40), np.zeros(60)])
    new = pd.DataFrame({"source": pd.Series(["fair", None], dtype="str")})
    np.testing.assert_allclose(fitted.transform(new)[:, 0], [0.4, 0.4])


def test_a_missing_value_is_a_word_of_its_own() -> None:
    frame = pd.DataFrame({"source": pd.Series([None] * 50 + ["web"] * 50, dtype="str")})
    fitted = WordRates(["source"]).fit(frame, np.r_[np.ones(50), np.zeros(50)])
    assert fitted.transform(frame)[0, 0] > 0.9


def test_words_that_could_name_a_person_are_not_kept() -> None:
    words = ["Ann Lee"] * (MIN_ROWS_OF_WORD - 1) + ["web"] * 50
    frame = pd.DataFrame({"note": pd.Series(words, dtype="str")})
    fitted = WordRates(["note"]).fit(frame, np.arange(len(frame)) % 2.0)
    assert fitted.words_ == {"note": ["web"]}


def test_a_word_seen_first_teaches_with_the_rate_of_those_before_it() -> None:
    frame = pd.DataFrame({"source": pd.Series(["web"] * 90 + ["fair"], dtype="str")})
    outcome = np.r_[np.ones(90), 0]
    taught = WordRates(["source"]).fit_transform(frame, outcome, np.arange(91))
    assert taught[-1, 0] == pytest.approx((90 + PRIOR_ROWS / 2) / (90 + PRIOR_ROWS))


def test_a_word_has_its_share_of_the_rows_and_a_rare_one_none() -> None:
    words = ["web"] * 60 + [None] * 36 + ["Ann Lee"] * (MIN_ROWS_OF_WORD - 1)
    frame = pd.DataFrame({"source": pd.Series(words, dtype="str")})
    taught = WordRates(["source"]).fit_transform(frame, np.arange(100) % 2.0, np.arange(100))
    assert taught[[0, 60, 99], 1].tolist() == [0.6, 0.36, 0.0]
