from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("numba", reason="numba comes with the extra `fast`")

from leadscore.training.fast_scoring.lightgbm_parser import NotCompiled
from leadscore.training.fast_scoring.line import CompiledLine
from leadscore.training.model.logistic_model import LinearModel

WORDS = ["ad", "web", "fair", "rare", "rarer", "never", None]


def leads(
    seed: int, rows: int, *, numbers: int = 4, texts: int = 2, zeros: float = 0.0
) -> pd.DataFrame:
    """Draw numbers of every shape, with gaps, and words of which some are rare."""
    random = np.random.default_rng(seed)
    columns: dict[str, object] = {"constant": np.ones(rows)}
    for number in range(numbers):
        values = np.round(random.normal(size=rows) * 3, number % 3)
        values[random.random(rows) < zeros] = 0.0
        if number % 2:
            values[random.random(rows) < 0.2] = np.nan
        columns[f"n{number}"] = values
    for text in range(texts):
        drawn = random.choice(WORDS, rows, p=[0.4, 0.3, 0.2, 0.01, 0.01, 0.0, 0.08])
        columns[f"t{text}"] = pd.Series(drawn, dtype="str")
    return pd.DataFrame(columns)


def fitted(frame: pd.DataFrame) -> LinearModel:
    random = np.random.default_rng(9)
    z = np.nan_to_num(frame["n0"].to_numpy()) + random.normal(size=len(frame))
    return LinearModel(strength=0.3).fit(frame, (z > 0).astype(float))


def agree(model: LinearModel, frame: pd.DataFrame) -> None:
    line = CompiledLine(model)
    np.testing.assert_array_equal(line.margin(frame), model.margin(frame))
    said, _base = model.contributions(frame)
    np.testing.assert_array_equal(line.contributions(frame), said.to_numpy())


@pytest.mark.parametrize(
    ("numbers", "texts", "zeros", "is_sparse"),
    [
        (4, 2, 0.0, False),
        (3, 0, 0.0, False),
        (2, 40, 0.0, True),
        (150, 2, 0.0, False),
        (9, 1, 0.95, False),
    ],
)
def test_margins_are_those_of_scikit_learn_to_the_last_bit(
    numbers: int,
    texts: int,
    zeros: float,
    is_sparse: bool,  # noqa: FBT001
) -> None:
    shape = {"numbers": numbers, "texts": texts, "zeros": zeros}
    model = fitted(leads(1, 700, **shape))
    assert model.design_.layout_.sparse_output_ == is_sparse
    agree(model, leads(2, 500, **shape))


@pytest.fixture(scope="module")
def model() -> LinearModel:
    return fitted(leads(1, 700))


ODD = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e300, -1e300, 1e-320]


@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_odd_numbers_and_new_words_count_as_for_scikit_learn(
    model: LinearModel, data: st.DataObject
) -> None:
    frame = leads(data.draw(st.integers(0, 99)), 12)
    knots = model.design_.layout_.named_transformers_["numbers"][0].quantiles_
    for place, column in enumerate(model.design_.numbers_):
        on_knots = st.sampled_from(knots[:, place].tolist())
        beside = on_knots.map(lambda knot: float(np.nextafter(knot, np.inf)))
        number = st.one_of(st.sampled_from(ODD), st.floats(-9, 9), on_knots, beside)
        frame[column] = data.draw(st.lists(number, min_size=12, max_size=12))
    words = data.draw(
        st.lists(st.sampled_from([*WORDS, "new", "(missing)"]), min_size=12, max_size=12)
    )
    agree(model, frame.assign(t0=pd.Series(words, dtype="str")))


def test_categories_count_as_the_words_they_stand_for(model: LinearModel) -> None:
    frame = leads(3, 200)
    categories = frame.assign(t0=frame["t0"].astype("category"), t1=frame["t1"].astype("category"))
    line = CompiledLine(model)
    np.testing.assert_array_equal(line.margin(categories), line.margin(frame))


def test_threads_and_blocks_change_nothing(model: LinearModel) -> None:
    frame = pd.concat([leads(4, 500)] * 40, ignore_index=True)
    line = CompiledLine(model)
    one, two = (line.margin(frame, threads=threads) for threads in (1, 2))
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(one[:500], one[-500:])


def test_a_regression_of_another_design_is_not_compiled(model: LinearModel) -> None:
    other = fitted(leads(1, 700, numbers=2))
    other.coefficients_ = model.coefficients_
    with pytest.raises(NotCompiled, match="other columns than its design"):
        CompiledLine(other)
