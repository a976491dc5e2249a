from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from leadscore.training.encoding.logistic_design import MIN_ROWS_OF_WORD
from leadscore.training.model.logistic_model import LinearModel


def leads(n: int = 600, seed: int = 1) -> tuple[pd.DataFrame, np.ndarray]:
    random = np.random.default_rng(seed)
    visits = np.where(random.random(n) < 0.2, np.nan, random.poisson(3, n).astype(float))
    source = random.choice(["ad", "web", "fair", "rare"], n, p=[0.4, 0.3, 0.29, 0.01])
    frame = pd.DataFrame(
        {
            "visits": visits,
            "empty": np.full(n, np.nan),
            "source": pd.Series(source, dtype="str").mask(random.random(n) < 0.1),
            "size": random.normal(size=n),
            "source_web": pd.Series(random.choice(["x", "y"], n), dtype="str"),
        }
    )
    z = 0.5 * np.nan_to_num(visits) - 2 + 1.5 * (source == "web")
    return frame, (random.random(n) < 1 / (1 + np.exp(-z))).astype(float)


@pytest.fixture(scope="module")
def model() -> LinearModel:
    return LinearModel(strength=1.0).fit(*leads())


def test_a_fact_contributes_under_its_own_name(model: LinearModel) -> None:
    frame, _ = leads(seed=2)
    contributions, _base = model.contributions(frame)
    spread = contributions.abs().mean()
    assert spread["source"] > 5 * spread["source_web"]
    assert contributions.loc[frame["source"] == "web", "source"].mean() > 0.3
    changed = frame.assign(source_web=frame["source_web"].map({"x": "y", "y": "x"}))
    others = ["visits", "source", "size"]
    pd.testing.assert_frame_equal(
        model.contributions(changed)[0][others], contributions[others], check_exact=False
    )


def test_a_number_that_is_never_known_is_not_used(model: LinearModel) -> None:
    assert "empty" not in model.columns_
    assert set(model.columns_) == {"visits", "size", "source", "source_web"}


def test_it_ranks_later_leads(model: LinearModel) -> None:
    frame, outcome = leads(seed=3)
    assert roc_auc_score(outcome, model.margin(frame)) > 0.7


def test_a_word_nobody_had_changes_nothing_but_its_own_part(model: LinearModel) -> None:
    frame, _ = leads(n=MIN_ROWS_OF_WORD)
    new = frame.assign(source=pd.Series(["trade show"] * len(frame), dtype="str"))
    assert np.isfinite(model.margin(new)).all()


def test_weights_count() -> None:
    frame, outcome = leads()
    weight = np.where(outcome == 1, 1.5, 0.5)
    heavier = LinearModel(strength=1.0).fit(frame, outcome, weight).margin(frame)
    assert heavier.mean() > LinearModel(strength=1.0).fit(frame, outcome).margin(frame).mean() + 0.5


def test_an_infinite_number_counts_as_the_largest(model: LinearModel) -> None:
    frame, _ = leads(seed=2)
    largest = model.margin(frame.assign(visits=1e9))
    np.testing.assert_allclose(model.margin(frame.assign(visits=np.inf)), largest)
