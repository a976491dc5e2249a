"""One funnel stage as a scikit-learn estimator: encoder, gradient boosting, calibrator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from joblib import cpu_count
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from training.calibration import Calibrator
from training.encoder import TextEncoder
from training.tuning import Fold, Shape, forward_folds, random_folds, tune

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lightgbm import Booster, LGBMClassifier
    from numpy.typing import NDArray

MAX_TREES = 1500
PATIENCE = 40  # rounds without progress before a fold stops
SEED = 20_260_701
ROWS_FOR_THREADS = 100_000  # below, threads that share a tree wait for each other more than work
# Below, a fold of cross-validation would judge by a handful of conversions.
MIN_OUTCOMES_A_FOLD = 5


class StageModel(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Propensity to reach one stage of the funnel.

    Text stays text up to here; LightGBM (Ke et al., NeurIPS 2017) sees codes of a stored
    vocabulary. Shape and number of trees are chosen on later leads, and the calibrator is fitted
    on what trees said of leads later than those they had grown on; then the trees grow again on
    all leads. There are no class weights: they break calibration.

    Parameters
    ----------
    by_time
        Whether rows come in the order of time, so that later leads judge.
    seed
        The seed of column and row sampling.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
    encoder_ : TextEncoder
    booster_ : LGBMClassifier
    calibrator_ : Calibrator
    shape_ : str
        The shape of the trees that cross-validation chose.
    trees_ : int
        How many trees.
    losses_ : dict of str to float
        Log loss on later leads of each shape that was tried.
    """

    def __init__(self, *, by_time: bool = True, seed: int = SEED) -> None:
        self.by_time = by_time
        self.seed = seed

    def fit(
        self, frame: pd.DataFrame, outcome: pd.Series[float], lead: pd.Series[str]
    ) -> StageModel:
        """Fit on rows in the order of time.

        Parameters
        ----------
        frame
            Features, numbers as float64 and text as str.
        outcome
            0 or 1.
        lead
            Whose row it is.

        Returns
        -------
        StageModel
        """
        self.classes_ = np.array([0, 1])
        self.encoder_ = TextEncoder().fit(frame)
        codes = self.encoder_.transform(frame)
        y = np.asarray(outcome, dtype="float64")
        field = _Field(codes, y, self.encoder_.text_positions, self.seed)
        tuned = tune(field.grow, self._folds(lead, y), outcome=y)
        self.shape_, self.trees_, self.losses_ = tuned.shape.name, tuned.trees, tuned.losses
        self.booster_ = self._booster(tuned.shape, tuned.trees, rows=len(y))
        self.booster_.fit(
            codes,
            y.astype("int64"),
            categorical_feature=self.encoder_.text_positions or "auto",
        )
        judged = ~np.isnan(tuned.margin)
        self.calibrator_ = Calibrator().fit(tuned.margin[judged], y[judged], tuned.level[judged])
        return self

    def _folds(self, lead: pd.Series[str], outcome: NDArray[np.float64]) -> list[Fold]:
        """Keep the folds in which both sides have both outcomes."""
        folds = forward_folds(lead) if self.by_time else random_folds(lead, seed=self.seed)
        usable = [
            fold
            for fold in folds
            if all(
                MIN_OUTCOMES_A_FOLD <= outcome[rows].sum() <= len(rows) - MIN_OUTCOMES_A_FOLD
                for rows in (fold.teach, fold.judge)
            )
        ]
        return usable or random_folds(lead, seed=self.seed)

    def _booster(self, shape: Shape, trees: int, *, rows: int) -> LGBMClassifier:
        from lightgbm import LGBMClassifier  # noqa: PLC0415 - 1.5 s that only training needs

        threads = 1 if rows < ROWS_FOR_THREADS else cpu_count()
        return LGBMClassifier(n_estimators=trees, **shape.settings(seed=self.seed, threads=threads))

    def _margin(self, codes: NDArray[np.float64]) -> NDArray[np.float64]:
        threads = 1 if len(codes) < ROWS_FOR_THREADS else cpu_count()
        margin = self.booster_.booster_.predict(codes, raw_score=True, num_threads=threads)
        return np.asarray(margin, dtype="float64")

    def margin(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """Return the log-odds before calibration, float64 of shape (n,)."""
        check_is_fitted(self)
        return self._margin(self.encoder_.transform(frame))

    def propensity(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """Return calibrated propensities, float64 of shape (n,)."""
        return self.calibrator_.predict(self.margin(frame))

    def predict_proba(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """Return the propensities of both classes, float64 of shape (n, 2)."""
        p = self.propensity(frame)
        return np.column_stack([1 - p, p])

    def predict(self, frame: pd.DataFrame) -> NDArray[np.int64]:
        """Return 1 where the stage is more likely reached than not, int64 of shape (n,)."""
        return (self.propensity(frame) > 0.5).astype("int64")

    def contributions(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, float]:
        """Split each margin exactly into what every feature contributes.

        Returns
        -------
        contributions : DataFrame
            Log-odds, float64, same rows and columns as the encoder's; TreeSHAP (Lundberg et
            al., Nature Machine Intelligence 2020).
        base : float
            The margin of nobody in particular; base plus a row's contributions is its margin.
        """
        check_is_fitted(self)
        codes = self.encoder_.transform(frame)
        columns = self.encoder_.columns_
        if not len(codes):  # LightGBM divides by the number of rows
            return pd.DataFrame(index=frame.index, columns=columns, dtype="float64"), 0.0
        parts = np.asarray(self.booster_.booster_.predict(codes, pred_contrib=True))
        base = float(parts[0, -1])
        return pd.DataFrame(parts[:, :-1], index=frame.index, columns=columns), base


class _Field:
    """The rows that trees grow on, binned once for all folds and shapes."""

    def __init__(
        self,
        codes: NDArray[np.float64],
        outcome: NDArray[np.float64],
        text_positions: Sequence[int],
        seed: int,
    ) -> None:
        from lightgbm import Dataset  # noqa: PLC0415

        self.codes, self.outcome, self.seed = codes, outcome, seed
        # Rows are binned before a shape is known, and the bins drop what no shape could split.
        settings = {"verbosity": -1, "feature_pre_filter": False, "deterministic": True}
        self.data = Dataset(
            codes,
            outcome,
            categorical_feature=list(text_positions),
            params=settings | {"max_cat_threshold": 64, "cat_smooth": 20.0, "max_bin": 63},
            free_raw_data=False,
        ).construct()

    def grow(self, shape: Shape, fold: Fold) -> _GrownTrees:
        """Grow trees on a fold's teaching rows until its judging rows no longer gain."""
        from lightgbm import early_stopping, record_evaluation, train  # noqa: PLC0415

        losses: dict[str, dict[str, list[float]]] = {}
        booster = train(
            # Folds and shapes grow side by side, each on one thread: threads that share a small
            # tree wait for each other longer than they work, most of all on a busy machine.
            shape.settings(seed=self.seed, threads=1) | {"feature_pre_filter": False},
            self.data.subset(np.sort(fold.teach).tolist()),
            num_boost_round=MAX_TREES,
            valid_sets=[self.data.subset(np.sort(fold.judge).tolist())],
            valid_names=["judge"],
            callbacks=[early_stopping(PATIENCE, verbose=False), record_evaluation(losses)],
        )
        curve = np.asarray(losses["judge"]["binary_logloss"], dtype="float64")
        return _GrownTrees(booster, self.codes[fold.judge], curve)


class _GrownTrees:
    """Trees of one fold, with the rows that judge them."""

    def __init__(
        self, booster: Booster, judge: NDArray[np.float64], losses: NDArray[np.float64]
    ) -> None:
        self.booster, self.judge, self.losses = booster, judge, losses

    def margin(self, trees: int) -> NDArray[np.float64]:
        """Return the judging rows' log-odds by the first so many trees."""
        found = self.booster.predict(self.judge, raw_score=True, num_iteration=trees)
        return np.asarray(found, dtype="float64")
