from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from leadscore.features.catalogue.feature import Feature
from leadscore.training.model.reference_values import usual_values


def feature(name: str, kind: str = "number", *, fact: str = "", family: str = "firmographic"):
    return Feature(name, family, kind, "", name, fact or name)  # type: ignore[arg-type]


def test_values_of_one_fact_belong_together() -> None:
    size = np.arange(1.0, 102.0)
    band = pd.Series(np.where(size < 50, "small", "large"), dtype="str")
    found = usual_values(
        pd.DataFrame({"size": size, "band": band}),
        [feature("size"), feature("band", "text", fact="size")],
    )
    assert found["band"] == ["small", "large", "large"]


@pytest.mark.parametrize(
    ("values", "kind", "usual"),
    [
        (np.arange(1.0, 102.0), "number", [11.0, 51.0, 91.0]),
        (pd.Series([*"bbbccaad", None], dtype="str"), "text", ["b", "a", "c"]),
        ([0.0] * 99 + [1.0, np.nan], "flag", [0.0, 1.0]),
    ],
)
def test_usual_values_are_quantiles_commonest_words_or_both_flags(
    values: object, kind: str, usual: list[object]
) -> None:
    assert usual_values(pd.DataFrame({"x": values}), [feature("x", kind)]) == {"x": usual}


@pytest.mark.parametrize(
    ("value", "family"), [(1.0, "engagement"), (1.0, "history"), (np.nan, "firmographic")]
)
def test_what_did_not_happen_or_is_never_known_has_no_usual_values(
    value: float, family: str
) -> None:
    assert usual_values(pd.DataFrame({"x": [value]}), [feature("x", family=family)]) == {}
