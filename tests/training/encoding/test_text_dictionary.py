from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadscore.training.encoding.text_dictionary import as_categories, distinct_words

words = st.lists(st.sampled_from(["web", "fair", "", "Ä", None]), max_size=20)
FORMS = {
    "text": lambda drawn: pd.Series(drawn, dtype="str"),
    "objects": lambda drawn: pd.Series(drawn, dtype=object),
    "categories": lambda drawn: pd.Series(drawn, dtype="str").astype("category"),
    "a list": list,
    "pieces": lambda drawn: pd.concat([pd.Series(drawn, dtype="str")] * 2),
    "an Arrow dictionary": lambda drawn: pd.Series(
        pd.array(
            pa.array(drawn, pa.string()).dictionary_encode(),
            dtype=pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string())),
        )
    ),
}


@pytest.mark.parametrize("form", FORMS)
@settings(deadline=None)
@given(drawn=words)
def test_a_dictionary_says_what_the_column_says(form: str, drawn: list[str | None]) -> None:
    values = FORMS[form](drawn)
    found = distinct_words(values)
    said = [None if place < 0 else found.words[place] for place in found.place]
    assert said == drawn * (len(values) // max(len(drawn), 1))
    assert len(set(found.words)) == len(found.words)


@settings(deadline=None)
@given(drawn=words)
def test_what_is_known_of_a_word_is_told_to_each_of_its_rows(drawn: list[str | None]) -> None:
    found = distinct_words(pd.Series(drawn, dtype="str"))
    number = found.codes(["fair", "web"], unknown=7)
    said = found.to_rows(number, missing=9)
    known = {"fair": 0, "web": 1, None: 9}
    np.testing.assert_array_equal(said, [known.get(word, 7) for word in drawn])


def test_categories_hold_the_same_words_and_leave_the_frame_alone() -> None:
    frame = pd.DataFrame({"source": pd.Series(["web", None], dtype="str"), "visits": [1.0, 2.0]})
    found = as_categories(frame, ["source", "gone"])
    assert frame["source"].dtype == "str"
    assert isinstance(found["source"].dtype, pd.CategoricalDtype)
    assert found["source"].astype(object).where(found["source"].notna(), None).tolist() == [
        "web",
        None,
    ]
    assert as_categories(found, ["source"]) is found
