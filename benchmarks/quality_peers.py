"""What a data scientist would use instead of us, on the same rows and columns, on defaults.

Nobody is tuned by hand and nobody sees the test leads. Text goes to each library the way its own
manual asks for: categories for LightGBM and FLAML, words for CatBoost, one-hot for the regression.
"""

from __future__ import annotations

import logging
import os
import subprocess
import tempfile
import time
import warnings
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from joblib import cpu_count

from leadscore.training.evaluation import logistic_regression

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from benchmarks.quality_walk import Task

    Said = NDArray[np.float64]  # propensities of the test rows
    Peer = Callable[[Task], Said]

SEED = 0
AUTOGLUON = Path(__file__).with_name("quality_autogluon.py")
FLAML_SECONDS, AUTOGLUON_SECONDS = 120.0, 240.0


@dataclass(frozen=True)
class Answer:
    """What one model says of the rows that judge, and the seconds it took to learn and predict."""

    propensity: pd.Series[float]
    seconds: float


def peers(
    *,
    flaml_seconds: float = FLAML_SECONDS,
    autogluon_python: Path | None = None,
    autogluon_seconds: float = AUTOGLUON_SECONDS,
) -> dict[str, Peer]:
    """List the peers by name; AutoGluon only where its interpreter is named."""
    found: dict[str, Peer] = {
        "logistic regression": regression,
        "LightGBM": lightgbm,
        "CatBoost": catboost,
        f"FLAML, {flaml_seconds:.0f} s": partial(flaml, seconds=flaml_seconds),
    }
    if autogluon_python is not None:
        ask = partial(autogluon, seconds=autogluon_seconds, python=autogluon_python)
        found[f"AutoGluon, {autogluon_seconds:.0f} s"] = ask
    return found


def peer_answer(peer: Peer, task: Task) -> Answer | str:
    """Let one peer learn and predict; where it fails, say why."""
    start = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of other people's libraries about each other
            said = peer(task)
    except Exception as error:  # noqa: BLE001 - a peer that fails is a row of the table, not the end
        return f"{type(error).__name__}: {error}"
    return Answer(pd.Series(said, task.test.index), time.perf_counter() - start)


def regression(task: Task) -> Said:
    """Fit the logistic regression that `leadscore train` shows beside every model."""
    return logistic_regression(task.learn, task.outcome, task.test)


def lightgbm(task: Task) -> Said:
    """Fit LightGBM as it comes, with native categories."""
    from lightgbm import LGBMClassifier

    learn, test = _as_categories(task)
    model = LGBMClassifier(random_state=SEED, n_jobs=cpu_count(), verbosity=-1)
    model.fit(learn, task.outcome.astype("int64"))
    return np.asarray(model.predict_proba(test), dtype="float64")[:, 1]


def catboost(task: Task) -> Said:
    """Fit CatBoost as it comes, with native categories."""
    from catboost import CatBoostClassifier

    words = _words(task.learn)
    model = CatBoostClassifier(random_seed=SEED, verbose=0, allow_writing_files=False)
    model.fit(_with_missing(task.learn), task.outcome.astype("int64"), cat_features=words)
    return np.asarray(model.predict_proba(_with_missing(task.test)), dtype="float64")[:, 1]


def flaml(task: Task, *, seconds: float) -> Said:
    """Let FLAML search for so many seconds, by log loss, with its own choice of validation."""
    from flaml.automl.automl import AutoML

    learn, test = _as_categories(task)
    search = AutoML()
    search.fit(
        learn,
        task.outcome.astype("int64"),
        task="classification",
        metric="log_loss",
        time_budget=seconds,
        n_jobs=cpu_count(),
        seed=SEED,
        verbose=0,
    )
    logging.getLogger("flaml").handlers.clear()  # each search adds one more
    return np.asarray(search.predict_proba(test), dtype="float64")[:, 1]


def autogluon(task: Task, *, seconds: float, python: Path) -> Said:
    """Let AutoGluon's `best_quality` search for so many seconds, in an environment of its own."""
    with tempfile.TemporaryDirectory() as scratch:
        for name, rows in (("learn", task.learn.assign(**{"": task.outcome})), ("test", task.test)):
            columns = [f"c{number}" for number in range(len(rows.columns))]
            rows.set_axis(columns, axis=1).to_parquet(Path(scratch) / f"{name}.parquet")
        command = [str(python), str(AUTOGLUON), scratch, f"{seconds:g}"]
        bare = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        done = subprocess.run(command, capture_output=True, text=True, env=bare, check=False)
        if done.returncode:
            raise RuntimeError((done.stderr.strip().splitlines() or ["ended silently"])[-1])
        return pd.read_parquet(Path(scratch) / "said.parquet")["p"].to_numpy("float64")


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
