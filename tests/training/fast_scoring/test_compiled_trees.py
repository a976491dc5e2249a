from __future__ import annotations

import lightgbm
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadscore.training.fast_scoring.compiled_trees import CompiledTrees, MatrixRows
from leadscore.training.fast_scoring.lightgbm_parser import NotCompiled
from tests.training.fast_scoring.conftest import (
    Corner,
    from_lines,
    grown,
    odd_rows,
    with_random_decisions,
)

NEAR = 1e-9  # log-odds: what SHAP values may differ by
few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def corners(draw: st.DrawFn) -> Corner:
    """Draw a small model: its data, its trees, and what it takes for missing."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    teach = np.round(random.normal(size=(150, 5)), draw(st.integers(0, 3)))
    teach[random.random(teach.shape) < draw(st.sampled_from([0.0, 0.3]))] = np.nan
    teach[:, 3] = random.integers(-1, draw(st.sampled_from([3, 40, 130])), 150)
    categories = draw(st.sampled_from([(), (3,)]))
    booster = grown(
        teach,
        trees=draw(st.sampled_from([1, 2, 12])),
        categories=categories,
        num_leaves=draw(st.sampled_from([2, 3, 8, 31, 33, 64, 65, 90])),
        zero_as_missing=draw(st.booleans()),
        use_missing=draw(st.booleans()),
        extra_trees=draw(st.booleans()),
        boost_from_average=draw(st.booleans()),
    )
    if draw(st.booleans()):
        booster = with_random_decisions(booster, random)
    return Corner(booster, odd_rows(booster, random, categories=categories, rows=70))


@few
@given(corners())
def test_raw_scores_are_those_of_lightgbm_to_the_last_bit(corner: Corner) -> None:
    compiled = CompiledTrees.from_booster(corner.booster)
    np.testing.assert_array_equal(compiled.raw_score(MatrixRows(corner.rows)), corner.margin)


@few
@given(corners())
def test_contributions_are_those_of_lightgbm(corner: Corner) -> None:
    found = CompiledTrees.from_booster(corner.booster).contributions(MatrixRows(corner.rows))
    said = corner.booster.predict(corner.rows, pred_contrib=True)
    np.testing.assert_allclose(found, said, atol=NEAR, rtol=0)
    np.testing.assert_allclose(found.sum(axis=1), corner.margin, atol=NEAR, rtol=0)


@few
@given(corners(), st.integers(0, 69), st.integers(1, 70))
def test_a_row_has_the_same_figures_alone_as_among_all(
    corner: Corner, start: int, count: int
) -> None:
    compiled = CompiledTrees.from_booster(corner.booster)
    many, some = MatrixRows(np.tile(corner.rows, (40, 1))), corner.rows[start : start + count]
    rows = slice(start, start + len(some))
    np.testing.assert_array_equal(
        compiled.raw_score(MatrixRows(some)), compiled.raw_score(many)[rows]
    )
    np.testing.assert_array_equal(
        compiled.contributions(MatrixRows(some)), compiled.contributions(many)[rows]
    )


def random_matrix(rows: int, columns: int) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(rows, columns))


def agree(booster: lightgbm.Booster, rows: np.ndarray) -> None:
    compiled = CompiledTrees.from_booster(booster)
    said = booster.predict(rows, raw_score=True)
    np.testing.assert_array_equal(compiled.raw_score(MatrixRows(rows)), said)
    explained = booster.predict(rows[:50], pred_contrib=True)
    found = compiled.contributions(MatrixRows(rows[:50]))
    np.testing.assert_allclose(found, explained, atol=NEAR, rtol=0)


def test_threads_change_nothing() -> None:
    rows = random_matrix(20_000, 4)
    compiled = CompiledTrees.from_booster(grown(rows[:300]))
    one, two = (compiled.raw_score(MatrixRows(rows), threads=threads) for threads in (1, 2))
    np.testing.assert_array_equal(one, two)
    one, two = (compiled.contributions(MatrixRows(rows), threads=threads) for threads in (1, 2))
    np.testing.assert_array_equal(one, two)


def test_trees_of_one_leaf() -> None:
    booster = grown(random_matrix(60, 2), trees=3, min_data_in_leaf=50)
    assert {tree["num_leaves"] for tree in booster.dump_model()["tree_info"]} == {1}
    agree(booster, random_matrix(10, 2))


def test_more_cut_points_in_a_column_than_a_byte_tells() -> None:
    teach = random_matrix(1_500, 2)
    booster = grown(teach, trees=40, num_leaves=40, max_bin=1_400)
    assert len(CompiledTrees.from_booster(booster).planes) > 2
    agree(booster, np.vstack([teach, [[np.nan, np.inf], [-np.inf, 0]]]))


def test_more_kinds_of_categories_than_a_byte_tells() -> None:
    random = np.random.default_rng(2)
    teach = np.column_stack([random.integers(0, 900, 6_000), random.integers(0, 900, 6_000)])
    booster = grown(
        teach.astype(float),
        trees=30,
        categories=(0, 1),
        num_leaves=20,
        max_bin=1_000,
        max_cat_threshold=400,
    )
    compiled = CompiledTrees.from_booster(booster)
    assert len(compiled.planes) > 2
    agree(booster, np.vstack([teach, [[950, -3], [np.nan, 1e9]]]).astype(float))


def test_paths_through_many_columns() -> None:
    teach = random_matrix(400, 30)
    booster = grown(teach, trees=4, num_leaves=64, max_depth=-1, feature_fraction=0.2)
    agree(booster, np.tile(teach, (3, 1)))


def test_the_best_iteration_counts_as_it_does_for_lightgbm() -> None:
    rows = random_matrix(200, 3)
    booster = grown(rows, trees=9)
    booster.best_iteration = 4
    agree(booster, rows)


def test_contributions_count_for_the_owner_of_their_column() -> None:
    rows = random_matrix(200, 3)
    booster = grown(rows)
    compiled = CompiledTrees.from_booster(booster)
    each = compiled.contributions(MatrixRows(rows))
    owned = compiled.contributions(MatrixRows(rows), owner=np.array([1, 0, 1]))
    together = np.column_stack([each[:, 1], each[:, 0] + each[:, 2], each[:, 3]])
    np.testing.assert_allclose(owned, together, atol=NEAR, rtol=0)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"linear_tree": True}, "linear trees"),
        ({"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}, "random forests"),
    ],
)
def test_what_is_not_known_is_named(settings: dict[str, object], reason: str) -> None:
    booster = grown(random_matrix(200, 3), **settings)
    with pytest.raises(NotCompiled, match=reason):
        CompiledTrees.from_booster(booster)


def test_several_classes_are_refused() -> None:
    rows = random_matrix(90, 2)
    data = lightgbm.Dataset(rows, np.arange(90) % 3)
    booster = lightgbm.train(
        {"objective": "multiclass", "num_class": 3, "verbosity": -1}, data, num_boost_round=2
    )
    with pytest.raises(NotCompiled, match="several classes"):
        CompiledTrees.from_booster(booster)


def test_nodes_that_do_not_say_how_many_training_rows_they_had_are_not_explained() -> None:
    rows = random_matrix(100, 2)
    text = grown(rows, trees=1).model_to_string()
    counts = next(line for line in text.splitlines() if line.startswith("leaf_count="))
    without = "leaf_count=" + " ".join("0" for _ in counts.split())
    compiled = CompiledTrees.from_booster(from_lines(text.replace(counts, without).splitlines()))
    with pytest.raises(NotCompiled, match="how many training rows they had"):
        compiled.contributions(MatrixRows(rows))
