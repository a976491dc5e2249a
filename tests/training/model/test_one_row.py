from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadscore.training.model.logistic_model import LinearModel
from leadscore.training.model.one_row import FEW_ROWS, RowFunnel, row_funnel
from leadscore.training.model.one_row_line import RowLine
from leadscore.training.model.typical_rows import typical_and_empty

if TYPE_CHECKING:
    from leadscore.training.model.funnel_model import FunnelModel
    from tests.training.conftest import Funnel

ODD_NUMBERS = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e300, -1e300, 1e-320, 3.5]
ODD_WORDS = [None, "", "(missing)", "a word that nobody had", "NaN", "é"]


def test_a_lead_alone_has_the_propensities_it_has_among_all(
    model: FunnelModel, funnel: Funnel
) -> None:
    rows = funnel.frame.head(200)
    alone = pd.concat([model.predict(rows.iloc[[place]]) for place in range(len(rows))])
    pd.testing.assert_frame_equal(alone, model.predict(rows), check_exact=True)
    assert alone["p_sql"].nunique() > 50


@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_no_value_makes_a_row_come_out_otherwise_than_in_a_table(
    model: FunnelModel, funnel: Funnel, data: st.DataObject
) -> None:
    row = funnel.frame[model.features_].iloc[[data.draw(st.integers(0, 300))]].copy()
    for name in data.draw(st.lists(st.sampled_from(model.features_), max_size=6)):
        odd = st.sampled_from(ODD_WORDS if name in model.text_ else ODD_NUMBERS)
        row[name] = pd.Series([data.draw(odd)], index=row.index, dtype=row[name].dtype)
    said = RowFunnel(model).predict(row)
    pd.testing.assert_frame_equal(said, model.predict_table(row), check_exact=True)


def leads(seed: int, rows: int, *, numbers: int, texts: int, zeros: float) -> pd.DataFrame:
    """Draw numbers with gaps and repeats, and words of which some are rare."""
    random = np.random.default_rng(seed)
    columns: dict[str, object] = {"constant": np.ones(rows)}
    for number in range(numbers):
        values = np.round(random.normal(size=rows) * 3, number % 3)
        values[random.random(rows) < zeros] = 0.0
        values[random.random(rows) < 0.1 * (number % 3)] = np.nan
        columns[f"n{number}"] = values
    for text in range(texts):
        drawn = random.choice(
            ["ad", "web", "rare", "rarer", None], rows, p=[0.6, 0.2, 0.1, 0.01, 0.09]
        )
        columns[f"t{text}"] = pd.Series(drawn, dtype="str")
    return pd.DataFrame(columns)


@pytest.mark.parametrize(
    ("numbers", "texts", "zeros", "is_sparse"),
    [(4, 2, 0.0, False), (3, 0, 0.0, False), (2, 40, 0.0, True), (150, 2, 0.3, False)],
)
def test_a_regression_says_of_one_row_what_it_says_of_many(
    numbers: int,
    texts: int,
    zeros: float,
    is_sparse: bool,  # noqa: FBT001
) -> None:
    shape = {"numbers": numbers, "texts": texts, "zeros": zeros}
    taught, asked = leads(1, 600, **shape), leads(2, 150, **shape)
    outcome = (np.nan_to_num(taught["n0"].to_numpy()) > 0).astype("float64")
    model = LinearModel().fit(taught, outcome)
    assert model.design_.layout_.sparse_output_ == is_sparse
    line, found = RowLine(model), []
    for _, row in asked.iterrows():
        words = [row[name] if isinstance(row[name], str) else None for name in line.words]
        found.append(line.margin(row[line.numbers].to_numpy("float64"), words)[0])
    np.testing.assert_array_equal(found, model.margin(asked))


def test_a_funnel_is_laid_out_once_and_again_when_it_is_fitted_anew(model: FunnelModel) -> None:
    own = copy.copy(model)
    first = row_funnel(own)
    assert first is not None
    assert row_funnel(own) is first
    own.stages_ = dict(own.stages_)
    assert row_funnel(own) is not first


def test_where_two_rows_come_out_differently_tables_score(
    model: FunnelModel, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    own = copy.copy(model)
    monkeypatch.setattr(RowFunnel, "propensities", lambda *_: {"p_sql": 0.5, "p_won": 0.5})
    rows = typical_and_empty(own)
    assert len(rows) <= FEW_ROWS
    pd.testing.assert_frame_equal(own.predict(rows), own.predict_table(rows), check_exact=True)
    assert "as they differ here" in caplog.text


def test_text_given_as_numbers_is_read_as_tables_read_it(
    model: FunnelModel, funnel: Funnel
) -> None:
    row = funnel.frame[model.features_].iloc[[0]].copy()
    row[model.text_[0]] = pd.Series([7], index=row.index, dtype="object")
    pd.testing.assert_frame_equal(model.predict(row), model.predict_table(row), check_exact=True)
