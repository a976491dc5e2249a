"""What suspected columns are worth to a model: its AUC with and without them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from leadscore.training.leakage.column_power import SEED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MODEL_LEADS = 10_000  # a quick model's AUC is then sure to a point, in a second
MODEL_FOLDS = 3
TREES = 40
LEARNING_RATE = 0.15  # few trees that go far: within 0.005 of a patient model's AUC
LEAVES = 15
MOST_LEVELS = 50  # rarer levels count as missing; the fit's time grows with the levels


@dataclass(frozen=True)
class AucEffect:
    """A quick model's cross-validated AUC with all columns, and with `columns` left out."""

    columns: tuple[str, ...]
    auc_with: float
    auc_without: float


def auc_with_and_without(
    frame: pd.DataFrame, outcome: pd.Series, suspects: Sequence[str]
) -> list[AucEffect]:
    """Measure what a quick gradient boosting loses without suspected columns.

    Up to 10,000 leads with a known outcome are used, drawn by a fixed seed.

    Parameters
    ----------
    frame
        Attribute columns to learn from, certain findings already left out.
    outcome
        1, 0, or NaN where not yet known.
    suspects
        Columns of `frame`.

    Returns
    -------
    list of AucEffect
        All suspects together first, then each by itself where there are several; empty without
        suspects or with fewer leads of an outcome than folds.
    """
    if not suspects or min((outcome == side).sum() for side in (0, 1)) < MODEL_FOLDS:
        return []
    rows = np.flatnonzero(outcome.notna())
    if len(rows) > MODEL_LEADS:
        rows = np.sort(np.random.default_rng(SEED).choice(rows, MODEL_LEADS, replace=False))
    coded = _coded(frame.iloc[rows])
    target = outcome.to_numpy(dtype=np.float64)[rows]
    groups = dict.fromkeys([tuple(suspects), *((each,) for each in suspects)])
    auc_with = _auc(coded, target)
    return [
        AucEffect(columns, auc_with, _auc(coded.drop(columns=list(columns)), target))
        for columns in groups
    ]


def _coded(frame: pd.DataFrame) -> pd.DataFrame:
    """Texts as categories of their commonest levels; numbers as they are."""
    columns: dict[str, pd.Series[Any]] = {}
    for name in frame.columns:
        column = frame[name]
        if pd.api.types.is_numeric_dtype(column):
            columns[name] = column.astype("float64")
            continue
        common = column.value_counts().index[:MOST_LEVELS]
        columns[name] = column.where(column.isin(common)).astype(pd.CategoricalDtype(common))
    return pd.DataFrame(columns)


def _auc(coded: pd.DataFrame, target: NDArray[np.float64]) -> float:
    # LightGBM, as scikit-learn's own boosting fails on a column that one fold's rows leave empty.
    from lightgbm import LGBMClassifier  # noqa: PLC0415 - 1.5 s to import
    from sklearn.metrics import roc_auc_score  # noqa: PLC0415
    from sklearn.model_selection import StratifiedKFold, cross_val_predict  # noqa: PLC0415

    if coded.shape[1] == 0:
        return 0.5
    model = LGBMClassifier(
        n_estimators=TREES,
        learning_rate=LEARNING_RATE,
        num_leaves=LEAVES,
        n_jobs=1,  # on so few rows threads wait for each other longer than they work
        random_state=SEED,
        verbosity=-1,
    )
    folds = StratifiedKFold(MODEL_FOLDS, shuffle=True, random_state=SEED)
    ranked = cross_val_predict(model, coded, target, cv=folds, method="predict_proba")
    return float(roc_auc_score(target, ranked[:, 1]))
