from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.preprocessing import QuantileTransformer

from leadscore.training.encoding.logistic_design import LARGEST, MISSING_WORD, LinearDesign

ODD = [np.inf, -np.inf, 0.0, -0.0, LARGEST, -LARGEST, 1e-320]


def leads(seed: int, rows: int = 700, *, texts: int = 1) -> pd.DataFrame:
    """Draw numbers of every shape, with gaps and repeats, and words of which some are rare."""
    random = np.random.default_rng(seed)
    columns: dict[str, object] = {"constant": np.ones(rows)}
    for number in range(4):
        values = np.round(random.normal(size=rows) * 3, number)
        values[random.random(rows) < 0.2 * (number % 2)] = np.nan
        columns[f"n{number}"] = values
    for text in range(texts):
        drawn = random.choice(["ad", "web", "rare", None], rows, p=[0.6, 0.3, 0.01, 0.09])
        columns[f"t{text}"] = pd.Series(drawn, dtype="str")
    return pd.DataFrame(columns)


@pytest.fixture(scope="module")
def design() -> LinearDesign:
    return LinearDesign().fit(leads(1))


@pytest.fixture(scope="module")
def reference() -> QuantileTransformer:
    numbers = leads(1).drop(columns="t0").to_numpy()
    return QuantileTransformer(n_quantiles=200, random_state=0).fit(numbers)


@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_a_number_becomes_the_quantile_that_scikit_learn_gives(
    design: LinearDesign, reference: QuantileTransformer, data: st.DataObject
) -> None:
    frame = leads(2, 8)
    for place, column in enumerate(["constant", "n0", "n1", "n2", "n3"]):
        known = st.sampled_from(reference.quantiles_[:, place].tolist())
        beside = known.map(lambda value: float(np.nextafter(value, np.inf)))
        number = st.one_of(st.sampled_from(ODD), st.floats(-12, 12), known, beside)
        frame[column] = data.draw(st.lists(number, min_size=8, max_size=8))
    numbers = np.clip(frame.drop(columns="t0").to_numpy(), -LARGEST, LARGEST)
    found = design.transform(frame)[:, np.flatnonzero(np.diff(design.owner_, prepend=-1))[:5]]
    np.testing.assert_allclose(found, reference.transform(numbers), atol=1e-12)


def test_a_missing_number_has_the_median_and_a_flag(design: LinearDesign) -> None:
    missing = design.transform(leads(1, 1).assign(n1=np.nan, n2=np.nan))[0]
    of_n1, of_n2 = (missing[design.owner_ == design.columns_.index(n)] for n in ("n1", "n2"))
    known = leads(1)["n1"].dropna()
    median = design.transform(leads(1, 1).assign(n1=known.median()))[0]
    assert of_n1[0] == pytest.approx(median[design.owner_ == 2][0], abs=0.01)
    assert of_n1[1] == 1.0
    assert len(of_n2) == 1  # training had none missing


def test_a_word_has_its_column_and_rare_and_unseen_words_share_one(design: LinearDesign) -> None:
    words = pd.Series(["ad", "web", None, "rare", "unseen"], dtype="str")
    found = design.transform(leads(1, 5).assign(t0=words))[:, design.owner_ == 5]
    assert design.words_["t0"] == [MISSING_WORD, "ad", "web"]
    np.testing.assert_array_equal(found.argmax(axis=1), [1, 2, 0, 3, 3])
    np.testing.assert_array_equal(found.sum(axis=1), 1)


def test_an_unseen_word_has_no_column_where_none_was_rare() -> None:
    frame = pd.DataFrame({"t": pd.Series(["ad", "web"] * 30, dtype="str")})
    unseen = pd.DataFrame({"t": pd.Series(["fair"], dtype="str")})
    assert LinearDesign().fit(frame).transform(unseen).sum() == 0


@pytest.mark.parametrize("texts", [1, 40])
def test_parts_are_the_matrix_times_the_coefficients(texts: int) -> None:
    design = LinearDesign().fit(leads(1, texts=texts))
    frame = leads(2, 90, texts=texts)
    matrix = design.transform(frame)
    assert sparse.issparse(matrix) == (texts == 40)
    coefficients = np.random.default_rng(3).normal(size=len(design.owner_))
    parts = list(design.parts(frame, coefficients))
    assert len(parts) == len(design.columns_)
    np.testing.assert_allclose(np.sum(parts, axis=0), matrix @ coefficients, atol=1e-12)
