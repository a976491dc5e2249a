from __future__ import annotations

import logging
import pickle
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from leadscore.training.fast_scoring import dispatch as scorer
from leadscore.training.fast_scoring.compiled_trees import CompiledTrees, MatrixRows
from tests.training.fast_scoring.conftest import grown

if TYPE_CHECKING:
    from leadscore.training.model.funnel_model import FunnelModel
    from tests.training.conftest import Funnel

ROWS = np.random.default_rng(1).normal(size=(300, 3))


class Whole(MatrixRows):
    """Rows that LightGBM can take, too."""

    def matrix(self, rows: slice = slice(None)) -> np.ndarray:
        return ROWS[rows]


@pytest.fixture(autouse=True)
def _compile_whatever_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scorer, "SCORED_FROM", 1)
    monkeypatch.setattr(scorer, "EXPLAINED_FROM", 1)


def test_a_model_is_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    booster, calls = grown(ROWS), []
    compile_ = CompiledTrees.from_booster
    monkeypatch.setattr(
        CompiledTrees, "from_booster", lambda found: calls.append(found) or compile_(found)
    )
    for _ in range(3):
        said = scorer.raw_score(booster, Whole(ROWS), threads=1)
        np.testing.assert_array_equal(said, booster.predict(ROWS, raw_score=True))
    assert calls == [booster]


def test_few_rows_are_left_to_lightgbm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scorer, "SCORED_FROM", len(ROWS) + 1)
    monkeypatch.setattr(CompiledTrees, "from_booster", None)
    booster = grown(ROWS)
    said = scorer.raw_score(booster, Whole(ROWS), threads=1)
    np.testing.assert_array_equal(said, booster.predict(ROWS, raw_score=True))


def test_what_was_compiled_for_many_rows_scores_few(monkeypatch: pytest.MonkeyPatch) -> None:
    booster = grown(ROWS)
    said = booster.predict(ROWS, raw_score=True)
    scorer.raw_score(booster, Whole(ROWS), threads=1)
    monkeypatch.setattr(scorer, "SCORED_FROM", len(ROWS) + 1)
    monkeypatch.setattr(type(booster), "predict", None)
    np.testing.assert_array_equal(scorer.raw_score(booster, Whole(ROWS), threads=1), said)


def test_few_rows_are_explained_by_lightgbm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scorer, "EXPLAINED_FROM", len(ROWS) + 1)
    monkeypatch.setattr(CompiledTrees, "from_booster", None)
    booster = grown(ROWS)
    found = scorer.contributions(booster, Whole(ROWS), owner=np.array([0, 1, 1]), threads=1)
    each = booster.predict(ROWS, pred_contrib=True)
    np.testing.assert_allclose(found[:, 1], each[:, 1] + each[:, 2])
    np.testing.assert_array_equal(found[:, -1], each[:, -1])


def test_what_is_not_known_is_scored_by_lightgbm_and_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    booster = grown(ROWS, linear_tree=True)
    for _ in range(2):
        said = scorer.raw_score(booster, Whole(ROWS), threads=1)
    np.testing.assert_array_equal(said, booster.predict(ROWS, raw_score=True))
    assert caplog.text.count("linear trees") == 1


def test_trees_that_differ_from_lightgbm_are_never_used(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    booster, other = grown(ROWS), CompiledTrees.from_booster(grown(ROWS, learning_rate=0.2))
    monkeypatch.setattr(CompiledTrees, "from_booster", lambda _booster: other)
    said = scorer.raw_score(booster, Whole(ROWS), threads=1)
    np.testing.assert_array_equal(said, booster.predict(ROWS, raw_score=True))
    assert "compiled, it differs" in caplog.text


def test_a_funnel_says_the_same_compiled_and_keeps_nothing_of_it(
    model: FunnelModel, funnel: Funnel, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = model.predict(funnel.frame)
    explained = {name: stage.contributions(funnel.frame) for name, stage in model.stages_.items()}
    saved = pickle.dumps(model)
    monkeypatch.setattr(scorer, "SCORED_FROM", len(funnel.frame) + 1)
    monkeypatch.setattr(scorer, "EXPLAINED_FROM", len(funnel.frame) + 1)
    fresh = pickle.loads(saved)  # noqa: S301 - our own
    pd.testing.assert_frame_equal(fresh.predict(funnel.frame), compiled, check_exact=True)
    for name, (parts, base) in explained.items():
        again, base_again = fresh.stages_[name].contributions(funnel.frame)
        pd.testing.assert_frame_equal(again, parts, check_exact=False, atol=1e-9)
        assert base == pytest.approx(base_again, abs=1e-9)
        assert vars(fresh.stages_[name]).keys() == vars(model.stages_[name]).keys()
