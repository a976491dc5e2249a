from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from leadscore.training.model import stage_model as estimator
from leadscore.training.model.boosting import Recipe
from leadscore.training.model.hyperparameter_search import Search
from leadscore.training.model.stage_model import StageModel

if TYPE_CHECKING:
    from pathlib import Path

    from tests.training.conftest import Funnel

FEATURES = ["fit", "visits", "source"]
ONE_RECIPE = Search(seconds=0)


def rows_of(funnel: Funnel) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    known = funnel.labels.frame["y_sql"].notna()
    labels = funnel.labels.frame[known]
    return funnel.frame.loc[known, FEATURES], labels["y_sql"], labels["lead_id"]


@pytest.fixture(scope="module")
def stage(funnel: Funnel) -> StageModel:
    return StageModel().fit(*rows_of(funnel), search=ONE_RECIPE)


def test_contributions_and_base_add_up_to_the_margin(stage: StageModel, funnel: Funnel) -> None:
    frame = funnel.frame[FEATURES]
    contributions, base = stage.contributions(frame)
    total = base + contributions.sum(axis=1)
    np.testing.assert_allclose(total, stage.margin(frame), atol=1e-6)
    assert list(contributions.columns) == FEATURES


def test_propensities_are_those_of_scikit_learn(stage: StageModel, funnel: Funnel) -> None:
    frame = funnel.frame[FEATURES]
    both = stage.predict_proba(frame)
    np.testing.assert_allclose(both.sum(axis=1), 1)
    np.testing.assert_array_equal(both[:, 1], stage.propensity(frame))
    np.testing.assert_array_equal(stage.predict(frame), both[:, 1] > 0.5)
    assert stage.classes_.tolist() == [0, 1]


def test_what_there_is_to_learn_is_learnt(stage: StageModel, funnel: Funnel) -> None:
    frame, outcome, _ = rows_of(funnel)
    assert roc_auc_score(outcome, stage.propensity(frame)) > 0.72
    judged = [trial["loss"] for trial in stage.trials_ if trial["state"] == "complete"]
    assert stage.choice_["loss"] == min(judged)
    assert len(stage.boosters_) == stage.choice_["members"] >= 1


def test_noise_gives_everybody_nearly_the_overall_rate() -> None:
    random = np.random.default_rng(2)
    frame = pd.DataFrame({"a": random.normal(size=2000), "b": random.normal(size=2000)})
    outcome = pd.Series((random.random(2000) < 0.3).astype(float))
    lead = pd.Series(np.arange(2000).astype(str))
    model = StageModel().fit(frame, outcome, lead, search=ONE_RECIPE)
    propensity = model.propensity(frame)
    assert propensity.mean() == pytest.approx(outcome.mean(), abs=0.03)
    assert propensity.std() < 0.05


def test_threads_change_no_propensity(funnel: Funnel, monkeypatch: pytest.MonkeyPatch) -> None:
    frame, outcome, lead = (each[:900] for each in rows_of(funnel))
    alone = StageModel().fit(frame, outcome, lead, search=ONE_RECIPE).propensity(frame)
    monkeypatch.setattr(estimator, "ROWS_FOR_THREADS", 0)
    monkeypatch.setattr(estimator, "cpu_count", lambda: 2)
    threaded = StageModel().fit(frame, outcome, lead, search=ONE_RECIPE)
    assert {booster.params["num_threads"] for booster in threaded.boosters_} == {2}
    np.testing.assert_array_equal(threaded.propensity(frame), alone)


def test_every_way_to_see_words_scores_as_it_was_taught(
    funnel: Funnel, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame, outcome, lead = rows_of(funnel)
    for words in ("native", "rates", "each"):
        recipe = Recipe(leaves=4, columns=0.9, ridge=1, least=20, words=words)  # type: ignore[arg-type]
        monkeypatch.setattr(estimator, "PORTFOLIO", (recipe,))
        model = StageModel().fit(frame[:900], outcome[:900], lead[:900], search=ONE_RECIPE)
        contributions, base = model.contributions(frame[900:])
        total = base + contributions.sum(axis=1)
        np.testing.assert_allclose(total, model.margin(frame[900:]), atol=1e-6)
        assert model.words_ == [words]
        assert contributions["source"].abs().mean() > 0.05
        assert roc_auc_score(outcome[900:], model.propensity(frame[900:])) > 0.7


def test_a_word_nobody_had_is_no_accident() -> None:
    random = np.random.default_rng(5)
    words = np.repeat([f"fair {n}" for n in range(60)], 40)
    rate = np.repeat(random.choice([0.1, 0.9], 60), 40)
    outcome = pd.Series((random.random(2400) < rate).astype(float))
    frame = pd.DataFrame({"fair": pd.Series(words, dtype="str"), "x": random.normal(size=2400)})
    mixed = random.permutation(2400)
    model = StageModel().fit(
        frame.iloc[mixed].reset_index(drop=True),
        outcome.iloc[mixed].reset_index(drop=True),
        pd.Series(np.arange(2400).astype(str)),
    )
    new = frame.assign(fair=pd.Series(["another fair"] * 2400, dtype="str"))
    assert model.propensity(new).mean() == pytest.approx(outcome.mean(), abs=0.2)
    assert model.propensity(frame)[rate > 0.5].mean() > 0.7


def test_trials_are_kept_and_taken_up_again(funnel: Funnel, tmp_path: Path) -> None:
    frame, outcome, lead = (each[:600] for each in rows_of(funnel))
    search = Search(file=tmp_path / "trials.log")
    first = StageModel().fit(frame, outcome, lead, search=search)
    again = StageModel().fit(frame, outcome, lead, search=search)
    assert [t["loss"] for t in again.trials_] == [t["loss"] for t in first.trials_]
    np.testing.assert_array_equal(again.margin(frame), first.margin(frame))


def test_an_empty_frame_has_no_propensities(stage: StageModel, funnel: Funnel) -> None:
    nobody = funnel.frame[FEATURES].iloc[:0]
    contributions, base = stage.contributions(nobody)
    assert (len(contributions), base) == (0, 0.0)


def test_rows_without_dates_are_judged_by_random_folds(funnel: Funnel) -> None:
    frame, outcome, lead = rows_of(funnel)
    model = StageModel(by_time=False)
    model.fit(frame[:900], outcome[:900], lead[:900], search=ONE_RECIPE)
    assert roc_auc_score(outcome[900:], model.propensity(frame[900:])) > 0.7


def test_the_same_recipe_learns_from_the_newest_leads_too(funnel: Funnel) -> None:
    frame, outcome, lead = rows_of(funnel)
    earlier = slice(0, len(frame) * 3 // 4)
    judged = StageModel().fit(frame[earlier], outcome[earlier], lead[earlier], search=ONE_RECIPE)
    model = judged.refitted(frame, outcome, lead, seen=frame)
    assert model.choice_ == judged.choice_
    later = frame.index[earlier.stop :]
    expected = judged.margin(frame.loc[later]) - judged.centre_
    np.testing.assert_allclose(model.out_of_time_[later], expected)
    trees = [[each.num_trees() for each in fitted.boosters_] for fitted in (model, judged)]
    assert trees[0] == trees[1]
    assert not np.allclose(model.margin(frame), judged.margin(frame))


def test_what_is_saved_holds_no_prediction_of_a_lead(stage: StageModel) -> None:
    assert "out_of_time_" in vars(stage)
    assert not {"out_of_time_", "members_", "linear_recipe_"} & stage.__getstate__().keys()
