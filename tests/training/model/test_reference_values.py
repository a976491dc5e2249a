from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from leadscore.features.families.catalogue import Feature
from leadscore.training.model.reference_values import usual_values


def feature(name: str, kind: str = "number", *, fact: str = "", family: str = "firmographic"):
    return Feature(name, family, kind, "", name, fact or name)  # type: ignore[arg-type]


def test_a_number_stands_by_a_small_a_middling_and_a_large_value() -> None:
    frame = pd.DataFrame({"size": np.arange(1.0, 102.0)})
    assert usual_values(frame, [feature("size")]) == {"size": [11.0, 51.0, 91.0]}


def test_a_text_stands_by_its_commonest_words_ties_by_the_alphabet() -> None:
    words = pd.Series([*"bbbccaad", None], dtype="str")
    assert usual_values(pd.DataFrame({"x": words}), [feature("x", "text")]) == {
        "x": ["b", "a", "c"]
    }


def test_a_flag_stands_by_both_its_values() -> None:
    frame = pd.DataFrame({"odd": [0.0] * 99 + [1.0, np.nan]})
    assert usual_values(frame, [feature("odd", "flag")]) == {"odd": [0.0, 1.0]}


def test_values_of_one_fact_belong_together() -> None:
    size = np.arange(1.0, 102.0)
    band = pd.Series(np.where(size < 50, "small", "large"), dtype="str")
    found = usual_values(
        pd.DataFrame({"size": size, "band": band}),
        [feature("size"), feature("band", "text", fact="size")],
    )
    assert found["band"] == ["small", "large", "large"]


@pytest.mark.parametrize("family", ["engagement", "history"])
def test_what_did_not_happen_has_no_usual_values(family: str) -> None:
    assert usual_values(pd.DataFrame({"x": [1.0]}), [feature("x", family=family)]) == {}


def test_what_nobody_knows_has_none() -> None:
    assert usual_values(pd.DataFrame({"x": [np.nan]}), [feature("x")]) == {}
