"""One funnel stage as a scikit-learn estimator: encoder, gradient boosting, calibrator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from training.calibration import Calibrator
from training.encoder import TextEncoder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lightgbm import LGBMClassifier
    from numpy.typing import NDArray

MAX_TREES = 2000
PATIENCE = 60  # rounds without progress on the stopping leads
SMALL = 5_000  # training rows below which trees stay small
SEED = 20_260_701


class StageModel(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Propensity to reach one stage of the funnel.

    Text stays text up to here; LightGBM (Ke et al., NeurIPS 2017) sees codes of a stored
    vocabulary; its margin is calibrated on later leads. There are no class weights: they break
    calibration.

    Parameters
    ----------
    settings
        LightGBM settings that differ from the defaults chosen by the number of rows.
    seed
        The seed of column and row sampling.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
    encoder_ : TextEncoder
    booster_ : LGBMClassifier
    calibrator_ : Calibrator
    trees_ : int
        How many trees early stopping chose.
    """

    def __init__(self, *, settings: Mapping[str, Any] | None = None, seed: int = SEED) -> None:
        self.settings = settings
        self.seed = seed

    def fit(
        self,
        frame: pd.DataFrame,
        outcome: pd.Series[float],
        part: pd.Series[str],
    ) -> StageModel:
        """Fit on rows in the order of time.

        Parameters
        ----------
        frame
            Features, numbers as float64 and text as str.
        outcome
            0 or 1.
        part
            `train`, `stop` or `calibrate`. Trees are added while they help the `stop` rows,
            then grown again on `train` and `stop` together; `calibrate` rows only calibrate.

        Returns
        -------
        StageModel
        """
        self.classes_ = np.array([0, 1])
        learn = part.isin(["train", "stop"])
        self.encoder_ = TextEncoder().fit(frame[learn])
        codes = self.encoder_.transform(frame)
        y = outcome.to_numpy("float64")
        train, stop = (part == "train").to_numpy(), (part == "stop").to_numpy()
        self.trees_ = self._trees(codes, y, train, stop)
        self.booster_ = self._booster(self.trees_, int(learn.sum()))
        self._grow(self.booster_, codes[learn.to_numpy()], y[learn.to_numpy()])
        calibrate = (part == "calibrate").to_numpy()
        self.calibrator_ = Calibrator().fit(self._margin(codes[calibrate]), y[calibrate])
        return self

    def _trees(
        self,
        codes: NDArray[np.float64],
        outcome: NDArray[np.float64],
        train: NDArray[np.bool_],
        stop: NDArray[np.bool_],
    ) -> int:
        """Grow until the stopping leads no longer gain; return how many trees that took."""
        from lightgbm import early_stopping  # noqa: PLC0415 - 1.5 s that only training needs

        booster = self._booster(MAX_TREES, int(train.sum()))
        self._grow(
            booster,
            codes[train],
            outcome[train],
            eval_X=codes[stop],
            eval_y=outcome[stop],
            eval_metric="binary_logloss",
            callbacks=[early_stopping(PATIENCE, verbose=False)],
        )
        return max(int(booster.best_iteration_), 1)

    def _booster(self, trees: int, rows: int) -> LGBMClassifier:
        from lightgbm import LGBMClassifier  # noqa: PLC0415

        small = rows < SMALL
        settings: dict[str, Any] = {
            "learning_rate": 0.03 if small else 0.05,
            "num_leaves": 15 if small else 31,
            "min_child_samples": 20 if small else 40,
            "colsample_bytree": 0.6,
            "subsample": 0.8,
            "subsample_freq": 1,
            "reg_lambda": 5.0,
            "cat_smooth": 20.0,
            "max_cat_threshold": 64,
        }
        return LGBMClassifier(
            n_estimators=trees,
            random_state=self.seed,
            deterministic=True,
            force_row_wise=True,
            importance_type="gain",
            verbosity=-1,
            **(settings | dict(self.settings or {})),
        )

    def _grow(
        self,
        booster: LGBMClassifier,
        codes: NDArray[np.float64],
        outcome: NDArray[np.float64],
        **fit_settings: Any,  # noqa: ANN401 - handed on to LightGBM
    ) -> None:
        booster.fit(
            codes,
            outcome.astype("int64"),
            categorical_feature=self.encoder_.text_positions or "auto",
            **fit_settings,
        )

    def _margin(self, codes: NDArray[np.float64]) -> NDArray[np.float64]:
        margin = self.booster_.booster_.predict(codes, raw_score=True)
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
        parts = np.asarray(self.booster_.booster_.predict(codes, pred_contrib=True))
        columns = self.encoder_.columns_
        base = float(parts[0, -1]) if len(parts) else 0.0
        return pd.DataFrame(parts[:, :-1], index=frame.index, columns=columns), base
