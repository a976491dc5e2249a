from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadscore.features.core.errors import ModelMismatch
from leadscore.training.encoding.text_encoder import MAX_WORDS, TextEncoder

WORDS = ["web", "fair", "mail", "phone", "unseen", None]


def frame_of(words: list[str | None]) -> pd.DataFrame:
    numbers = np.arange(len(words), dtype="float64")
    return pd.DataFrame({"source": pd.Series(words, dtype="str"), "visits": numbers})


def fitted(words: list[str | None] | None = None, min_leads: int = 2) -> TextEncoder:
    return TextEncoder(min_leads=min_leads).fit(
        frame_of(words or ["web"] * 5 + ["fair"] * 3 + ["mail"] * 2 + ["phone"] + [None])
    )


@settings(deadline=None)
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=12), st.randoms())
def test_a_row_has_the_same_codes_whatever_stands_beside_it(
    words: list[str | None], random: st.randoms
) -> None:
    encoder, frame = fitted(), frame_of(words)
    rows = random.sample(range(len(words)), k=random.randint(1, len(words)))
    whole = encoder.transform(frame)
    np.testing.assert_array_equal(encoder.transform(frame.iloc[rows]), whole[rows])


def test_the_vocabulary_does_not_hang_on_the_order_of_the_rows() -> None:
    words = ["b", "a", "c"] * 4
    assert fitted(words).vocabulary_ == fitted(words[::-1]).vocabulary_


def test_unseen_words_are_counted_among_filled_in_cells() -> None:
    found = fitted().unseen_cells(frame_of(["web", "unseen", "unseen", "fair", None]))
    assert found.loc["source"].tolist() == [4, 2]


def test_more_words_than_a_byte_can_tell_keep_the_commonest() -> None:
    words = [f"w{number:03}" for number in range(MAX_WORDS + 30) for _ in range(2)]
    encoder = fitted([*words, "w279"])
    assert len(encoder.vocabulary_["source"]) == MAX_WORDS
    assert encoder.vocabulary_["source"][0] == "w279"


def test_a_column_that_is_gone_is_named_with_the_nearest() -> None:
    frame = frame_of(["web"]).rename(columns={"source": "sources"})
    with pytest.raises(ModelMismatch, match=r"'source'.*Did you mean 'sources'\?"):
        fitted().transform(frame)


def test_columns_in_another_order_make_no_difference() -> None:
    frame = frame_of(["web", "fair"])
    swapped = frame[["visits", "source"]]
    np.testing.assert_array_equal(fitted().transform(frame), fitted().transform(swapped))


def test_words_have_codes_by_how_common_they_were_and_the_others_are_missing() -> None:
    codes = fitted().transform(frame_of(["mail", "fair", "web", None, "phone", "unseen"]))
    np.testing.assert_array_equal(codes[:, 0], [2, 1, 0, np.nan, np.nan, np.nan])


def test_numbers_pass_through_with_their_gaps() -> None:
    frame = frame_of(["web"] * 3).assign(visits=[1.5, np.nan, -2])
    np.testing.assert_array_equal(fitted().transform(frame)[:, 1], [1.5, np.nan, -2])
