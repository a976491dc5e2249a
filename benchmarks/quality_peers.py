"""What a data scientist would use instead of us, on the same rows and columns, on defaults.

Nobody is tuned by hand and nobody sees the test leads. Text goes to each library the way its own
manual asks for: categories for LightGBM and FLAML, words for CatBoost, one-hot for the regression.
"""

from __future__ import annotations

import logging
import time
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from joblib import cpu_count

from benchmarks.quality_sets import task_of
from leadscore.training.evaluation import logistic_regression
from leadscore.training.model import StageModel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from benchmarks.quality_sets import QualitySet, Task

    Said = tuple[NDArray[np.float64], str]  # propensities of the test rows, and what was chosen
    Peer = Callable[[Task, int, float], Said]  # of a task, a seed and a budget in seconds

SINCE_SQL = "hours_since_sql"  # filled in exactly for leads that are SQL by then
LEAST_BUDGET = 5.0  # seconds; with fewer FLAML may end before its first model


@dataclass(frozen=True)
class Answer:
    """What one model says of the held-out snapshots of one stage.

    Parameters
    ----------
    propensity
        Aligned with the held-out snapshots.
    seconds
        By the clock, to learn and to predict them.
    detail
        What it chose, where it chooses.
    """

    propensity: pd.Series[float]
    seconds: float
    detail: str = ""


def our_answers(data: QualitySet, *, seed: int) -> Mapping[str, Answer]:
    """Fit our chain of stages: won = SQL times won among SQLs.

    Parameters
    ----------
    data
        The company.
    seed
        Of the model.

    Returns
    -------
    dict of str to Answer
        By stage; the seconds of a stage count those before it, which it needs.
    """
    answers: dict[str, Answer] = {}
    before: StageModel | None = None
    for stage in data.labels.stages:
        task = task_of(data, stage, among_reached=True)
        start = time.perf_counter()
        model = StageModel(by_time=data.split.by_time, seed=seed)
        model.fit(task.learn, task.outcome, task.lead)
        propensity = pd.Series(model.propensity(task.test), task.test.index)
        if before is not None:
            rows = data.frame.loc[task.test.index]
            to_sql = pd.Series(before.propensity(rows), rows.index)
            propensity *= to_sql.mask(rows[SINCE_SQL].notna(), 1.0)
        spent = time.perf_counter() - start + sum(each.seconds for each in answers.values())
        answers[stage] = Answer(propensity, spent)
        before = model
    return answers


def peer_answer(peer: Peer, task: Task, *, seed: int, seconds: float) -> Answer:
    """Fit one peer on a stage's rows.

    Parameters
    ----------
    peer
        One of `PEERS`, or `flaml`.
    task
        The rows; the stage is learnt directly, from all of them.
    seed
        Of the model.
    seconds
        The budget of those that search for as long as they are let.

    Returns
    -------
    Answer

    Raises
    ------
    ImportError
        Where the peer's library is not installed.
    """
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of other people's libraries about each other's versions
        propensity, detail = peer(task, seed, seconds)
    said = pd.Series(np.asarray(propensity, dtype="float64"), task.test.index)
    return Answer(said, time.perf_counter() - start, detail)


def regression(task: Task, _seed: int, _seconds: float) -> Said:
    """Fit the logistic regression that `leadscore train` shows beside every model."""
    return logistic_regression(task.learn, task.outcome, task.test), ""


def lightgbm(task: Task, seed: int, _seconds: float) -> Said:
    """Fit LightGBM as it comes, with native categories."""
    from lightgbm import LGBMClassifier

    learn, test = _as_categories(task)
    model = LGBMClassifier(random_state=seed, n_jobs=cpu_count(), verbosity=-1)
    return model.fit(learn, task.outcome.astype("int64")).predict_proba(test)[:, 1], ""


def catboost(task: Task, seed: int, _seconds: float) -> Said:
    """Fit CatBoost as it comes, with native categories."""
    from catboost import CatBoostClassifier

    words = _words(task.learn)
    model = CatBoostClassifier(random_seed=seed, verbose=0, allow_writing_files=False)
    model.fit(_with_missing(task.learn), task.outcome.astype("int64"), cat_features=words)
    return model.predict_proba(_with_missing(task.test))[:, 1], ""


def flaml(task: Task, seed: int, seconds: float) -> Said:
    """Let FLAML search for so many seconds, by log loss, with its own choice of validation."""
    from flaml.automl.automl import AutoML

    learn, test = _as_categories(task)
    search = AutoML()
    search.fit(
        learn,
        task.outcome.astype("int64"),
        task="classification",
        metric="log_loss",
        time_budget=max(seconds, LEAST_BUDGET),
        n_jobs=cpu_count(),
        seed=seed,
        verbose=0,
    )
    logging.getLogger("flaml").handlers.clear()  # each search adds one more
    return search.predict_proba(test)[:, 1], str(search.best_estimator)


PEERS: dict[str, Peer] = {
    "logistic regression": regression,
    "LightGBM": lightgbm,
    "CatBoost": catboost,
}


def _words(frame: pd.DataFrame) -> list[str]:
    return [name for name in frame.columns if not pd.api.types.is_numeric_dtype(frame[name])]


def _as_categories(task: Task) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Text as categories of the teaching leads; a word they did not have is missing."""
    learn, test = task.learn.copy(), task.test.copy()
    for name in _words(task.learn):
        words = sorted(task.learn[name].dropna().unique())
        for frame in (learn, test):
            known = frame[name].where(frame[name].isin(words))
            frame[name] = pd.Categorical(known, categories=words)
    return learn, test


def _with_missing(frame: pd.DataFrame) -> pd.DataFrame:
    words = _words(frame)
    filled = frame[words].astype("object").where(frame[words].notna(), "missing")
    return frame.assign(**filled)
