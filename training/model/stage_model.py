"""One funnel stage as a scikit-learn estimator: encoder, gradient boosting, calibrator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from joblib import Parallel, cpu_count, delayed
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits

from leadscore.training.calibration import Calibrator
from leadscore.training.encoding import (
    FeatureColumns,
    SeenRows,
    TextColumns,
    TextEncoder,
    WordRates,
    owners,
    training_matrix,
)
from leadscore.training.fast_scoring import contributions, raw_score
from leadscore.training.model.blending import (
    LINEAR_ROWS,
    blended,
    centre_of,
    choice_of,
    cross_validated_members,
    linear_weight,
    tune_linear,
)
from leadscore.training.model.boosting import FoldRows, grow_whole
from leadscore.training.model.hyperparameter_search import (
    LARGE_PORTFOLIO,
    PORTFOLIO,
    SEED,
    Search,
    Searched,
    Trial,
    search_recipes,
)
from leadscore.training.model.logistic_model import LinearModel
from leadscore.training.model.time_folds import (
    FEW_ROWS,
    Fold,
    subsample,
    thinned,
    tuning_folds,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lightgbm import Booster
    from numpy.typing import NDArray

    from leadscore.training.calibration import YoungRows
    from leadscore.training.encoding import Features, TrainingMatrix

FOR_REFITTING = ("members_", "linear_recipe_", "out_of_time_")
ROWS_FOR_THREADS = 100_000  # below, threads that share a tree wait for each other more than work


class StageModel(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Propensity to reach one stage of the funnel.

    LightGBM (Ke et al., NeurIPS 2017) sees text as codes of a stored vocabulary, or as the rate of
    earlier leads with each word. Everything is chosen on later leads than those it was learnt from:
    the trees' recipe, how many are averaged, the weight of a regression beside them, and the
    calibrator. Then all grow again on all leads. No class weights: they break calibration.

    Parameters
    ----------
    by_time
        Whether rows come in the order of time, so that later leads validate.
    seed
        The seed of random folds and orders, and of the trees.

    Attributes
    ----------
    boosters_ : list of Booster
        The members, whose margins are averaged.
    words_ : list of str
        How each member sees text: `native`, `rates` or `each`.
    linear_weight_ : float
        The regression's share of the margin.
    centre_ : float
        The log-odds of the rate among the training rows, as recency weighs them.
    members_, linear_recipe_, out_of_time_
        What `refitted` needs, not saved: the trials that were chosen; the regression's strength
        and half-life; the margin of each training row by a model that had not learnt from it, less
        that model's centre, missing where there is none.
    trials_ : list of dict
        Every recipe that was tried, with its log loss on later leads.
    choice_ : dict
        What was chosen, in words and figures.
    """

    def __init__(self, *, by_time: bool = True, seed: int = SEED) -> None:
        self.by_time = by_time
        self.seed = seed

    def fit(
        self,
        frame: pd.DataFrame,
        outcome: pd.Series[float],
        lead: pd.Series[str],
        weight: pd.Series[float] | None = None,
        *,
        search: Search | None = None,
    ) -> StageModel:
        """Fit on rows in the order of time: features, outcomes of 0 or 1, lead, weight (or 1)."""
        matrix = self._matrix(frame, outcome, lead, weight)
        folds = tuning_folds(lead, matrix.outcome, by_time=self.by_time, seed=self.seed)
        few_rows = len(matrix.outcome) <= FEW_ROWS
        searched = self._search(matrix, folds if few_rows else thinned(folds), search or Search())
        members, margins = cross_validated_members(matrix, folds, searched)
        # Folds run in parallel already; threads within each would wait for each other.
        with threadpool_limits(1, user_api="blas"):
            linear = tune_linear(matrix, folds, by_time=self.by_time)
        share = linear_weight(margins, linear.margin, matrix, folds)
        self.linear_weight_ = share
        self._grow(matrix, members, linear.strength, linear.half_life)
        self.out_of_time_ = pd.Series(blended(margins, linear.margin, share), index=frame.index)
        self._calibrate(matrix)
        self.trials_ = [trial.record() for trial in searched.trials]
        self.choice_ = choice_of(members, linear, share)
        return self

    def refitted(
        self,
        frame: pd.DataFrame,
        outcome: pd.Series[float],
        lead: pd.Series[str],
        weight: pd.Series[float] | None = None,
        *,
        seen: pd.DataFrame,
        young: YoungRows | None = None,
    ) -> StageModel:
        """Fit a model by the recipe chosen here to other rows, in the order of time.

        Its calibrator learns from predictions of leads that were held out: those of the folds, and
        this model's of the rows that it has not learnt from. `seen` has these rows with the columns
        that this model needs. Its level follows `young` leads, too.
        """
        model = StageModel(by_time=self.by_time, seed=self.seed)
        model.linear_weight_ = self.linear_weight_
        matrix = model._matrix(frame, outcome, lead, weight)
        model._grow(matrix, self.members_, *self.linear_recipe_)
        held_out = ~frame.index.isin(self.out_of_time_.index)
        margin = self.out_of_time_.reindex(frame.index)
        margin[held_out] = self.margin(seen[held_out]) - self.centre_
        model.out_of_time_ = margin
        model._calibrate(matrix, young)
        model.trials_, model.choice_ = self.trials_, self.choice_
        return model

    def __getstate__(self) -> dict[str, Any]:
        """Leave out of what is saved what only `refitted` needs, predictions of single leads."""
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name not in FOR_REFITTING}

    def _calibrate(self, matrix: TrainingMatrix, young: YoungRows | None = None) -> None:
        """Fit the calibrator to predictions of leads that were later than those learnt from."""
        margin = np.asarray(self.out_of_time_ + self.centre_, dtype="float64")
        known = np.flatnonzero(~np.isnan(margin))
        rows = matrix.take(known)
        self.calibrator_ = Calibrator().fit(
            margin[known],
            rows.outcome,
            rows.weight,
            rows.order,
            by_time=self.by_time,
            young=young.predicted(self.margin(young.frame)) if young is not None else None,
        )

    def _matrix(
        self,
        frame: pd.DataFrame,
        outcome: pd.Series[float],
        lead: pd.Series[str],
        weight: pd.Series[float] | None,
    ) -> TrainingMatrix:
        self.classes_ = np.array([0, 1])
        self.encoder_ = TextEncoder().fit(frame)
        return training_matrix(
            frame, self.encoder_, outcome, lead, weight, by_time=self.by_time, seed=self.seed
        )

    @property
    def text_columns(self) -> TextColumns:
        """Which columns of the codes are text."""
        return TextColumns.of(self.encoder_)

    def _search(self, matrix: TrainingMatrix, folds: Sequence[Fold], search: Search) -> Searched:
        return search_recipes(
            [FoldRows(matrix, fold) for fold in folds],
            search,
            portfolio=PORTFOLIO if len(matrix.outcome) <= FEW_ROWS else LARGE_PORTFOLIO,
            by_time=self.by_time,
            has_text=bool(matrix.text.positions),
            seed=self.seed,
        )

    def _grow(
        self,
        matrix: TrainingMatrix,
        members: Sequence[Trial],
        strength: float,
        half_life: float | None,
    ) -> None:
        """Grow every member on all rows, and fit the regression unless its weight is 0."""
        rows = len(matrix.outcome)
        threads = max(_threads(rows) // len(members), 1)
        self.boosters_: list[Booster] = Parallel(n_jobs=-1, prefer="threads")(
            delayed(grow_whole)(
                matrix, each.recipe, trees=each.trees, seed=each.seed, threads=threads
            )
            for each in members
        )
        self.members_, self.linear_recipe_ = members, (strength, half_life)
        self.words_ = [each.recipe.words for each in members]
        self.rates_ = WordRates(matrix.text_columns).fit(matrix.frame, matrix.outcome)
        self.linear_: LinearModel | None = None
        if self.linear_weight_:
            some = matrix.take(subsample(np.arange(rows), LINEAR_ROWS))
            regression = LinearModel(strength=strength)
            self.linear_ = regression.fit(some.frame, some.outcome, some.weights(half_life))
        half_lives = [each.recipe.half_life for each in members]
        self.centre_ = centre_of(matrix, half_lives, half_life, self.linear_weight_)

    def margin(self, features: Features) -> NDArray[np.float64]:
        """Return the log-odds before calibration, float64 of shape (n,)."""
        check_is_fitted(self)
        columns = FeatureColumns.of(features)
        threads = _threads(len(columns))
        members = [
            raw_score(booster, rows, threads=threads)
            for booster, rows, _words in self._seen(columns)
        ]
        linear = None if self.linear_ is None else self.linear_.margin(columns)
        return blended(np.mean(members, axis=0), linear, self.linear_weight_)

    def _seen(self, columns: FeatureColumns) -> list[tuple[Booster, SeenRows, str]]:
        """Show each member the rows as it sees them."""
        codes, text = self.encoder_.columns_of(columns), self.text_columns
        rates = self.rates_.transform(columns)
        rows = {words: SeenRows(codes, text, rates, words) for words in set(self.words_)}
        return [
            (booster, rows[words], words)
            for booster, words in zip(self.boosters_, self.words_, strict=True)
        ]

    def propensity(self, features: Features) -> NDArray[np.float64]:
        """Return calibrated propensities, float64 of shape (n,)."""
        return self.calibrator_.predict(self.margin(features))

    def predict_proba(self, features: Features) -> NDArray[np.float64]:
        """Return the propensities of both classes, float64 of shape (n, 2)."""
        p = self.propensity(features)
        return np.column_stack([1 - p, p])

    def predict(self, features: Features) -> NDArray[np.int64]:
        """Return 1 where the stage is more likely reached than not, int64 of shape (n,)."""
        return (self.propensity(features) > 0.5).astype("int64")

    def contributions(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, float]:
        """Split each margin exactly into what every feature contributes.

        TreeSHAP (Lundberg et al., Nature Machine Intelligence 2020) for the trees, coefficient
        times distance from the average lead for the regression. Returns the contributions
        (log-odds, float64, columns of the encoder) and the average lead's margin; both add up to a
        row's margin.
        """
        check_is_fitted(self)
        names = self.encoder_.columns_
        if frame.empty:  # LightGBM divides by the number of rows
            return pd.DataFrame(index=frame.index, columns=names, dtype="float64"), 0.0
        # Explaining a row takes so long that threads are worth it for any number of rows.
        share, columns = (1 - self.linear_weight_) / len(self.boosters_), FeatureColumns.of(frame)
        found = np.zeros((len(frame), len(names) + 1), order="F")
        for booster, rows, words in self._seen(columns):
            owner = owners(len(names), self.text_columns, words)
            found += share * contributions(booster, rows, owner=owner, threads=cpu_count())
        base = float(found[0, -1])
        parts = pd.DataFrame(found[:, :-1], index=frame.index, columns=names)
        if self.linear_ is not None:
            linear, linear_base = self.linear_.contributions(columns)
            parts[linear.columns] += self.linear_weight_ * linear
            base += self.linear_weight_ * linear_base
        return parts, base


def _threads(rows: int) -> int:
    return 1 if rows < ROWS_FOR_THREADS else cpu_count()
