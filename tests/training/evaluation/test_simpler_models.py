from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from leadscore.training.evaluation.evaluate import Evaluation
from leadscore.training.evaluation.metrics import measure
from leadscore.training.evaluation.simpler_models import Simpler, simpler_ahead


def evaluation(*, model_noise: float, other_noise: float, leads: int = 3000) -> Evaluation:
    """A model and a regression that both see the truth through noise."""
    random = np.random.default_rng(3)
    margin = random.normal(-1, 1, leads)
    outcome = pd.Series((random.random(leads) < 1 / (1 + np.exp(-margin))).astype(float))
    seen = {
        name: pd.Series(1 / (1 + np.exp(-(margin + random.normal(0, noise, leads)))))
        for name, noise in (("propensity", model_noise), ("logistic_regression", other_noise))
    }
    cluster = pd.Series(np.arange(leads)).astype("str")
    rows = pd.DataFrame({"cluster": cluster, "outcome": outcome} | seen)
    metrics = {name: measure(outcome, p, cluster) for name, p in seen.items()}
    return Evaluation(
        metrics={"sql": metrics["propensity"]},
        baselines={"sql": {"logistic_regression": metrics["logistic_regression"]}},
        points={},
        points_metrics={},
        held_out={"sql": rows},
        evidence=pd.DataFrame(),
        later_auc=metrics["propensity"].loc["auc"],
    )


def test_nobody_is_ahead_of_a_better_model() -> None:
    assert simpler_ahead(evaluation(model_noise=0, other_noise=1), "sql") == ()


def test_a_regression_that_wins_beyond_chance_beats_the_model() -> None:
    found = simpler_ahead(evaluation(model_noise=1.5, other_noise=0), "sql")
    assert [(each.method, each.metric) for each in found] == [
        ("logistic_regression", "log_loss"),
        ("logistic_regression", "auc"),
    ]
    first = found[0]
    assert first.is_sure
    assert first.low < first.own - first.other < first.high
    assert first.sentence("sql").startswith(
        "Logistic regression, which is simpler, beats this model on held-out leads (SQL: log loss"
    )


@pytest.mark.parametrize("metric", ["auc", "log_loss"])
def test_an_advantage_that_chance_explains_is_described_as_such(metric: str) -> None:
    found = Simpler("recency", metric, own=0.7, other=0.71, low=-0.02, high=0.04)
    assert not found.is_sure
    assert "did at least as well" in found.sentence("won")
    assert "95 % interval −0.0200 to +0.0400: chance may explain it" in found.sentence("won")
