"""The stages chained: p_won = p_sql · p(won | sql), so that p_won never exceeds p_sql."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from leadscore.features.core import TooLittleData
from leadscore.training.calibration import young_rows
from leadscore.training.dataset import SINCE_SQL, stage_part, too_little
from leadscore.training.encoding import FeatureColumns
from leadscore.training.model.hyperparameter_search import Search
from leadscore.training.model.reference_values import typical_value, usual_values
from leadscore.training.model.stage_model import StageModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leadscore.features.families import Feature
    from leadscore.training.dataset import Labels, Split
    from leadscore.training.encoding import Features


class FunnelModel(BaseEstimator):  # type: ignore[misc]
    """Propensities of all stages from one feature frame.

    Attributes
    ----------
    stages_ : dict of str to StageModel
        In the order of the funnel.
    features_ : list of str
        The columns that `predict` needs.
    text_ : list of str
        Those of them that are text.
    kinds_, attributes_ : list of str
        The event kinds with columns of their own; the user's columns of the leads table that the
        features were built from.
    typical_, usual_ : dict
        The values of `model.reference_values` among the training leads.
    """

    def fit(
        self,
        frame: pd.DataFrame,
        labels: Labels,
        split: Split,
        *,
        catalogue: Sequence[Feature],
        kinds: Sequence[str] = (),
        attributes: Sequence[str] = (),
        search: Search | None = None,
        judged: FunnelModel | None = None,
    ) -> FunnelModel:
        """Fit one model a stage on `frame`, which is aligned with the labels' frame.

        Parameters
        ----------
        search
            The time for all stages together.
        judged
            A model fitted to some of these rows, whose recipe to take instead of searching.

        Raises
        ------
        TooLittleData
            Where a stage has too few matured leads of either outcome.
        """
        self.kinds_, self.attributes_ = list(kinds), list(attributes)
        learn = frame[(split.side == "learn").to_numpy()]
        names = [each.name for each in catalogue if _varies(learn[each.name])]
        self.stages_: dict[str, StageModel] = {}
        for stage in labels.stages:
            rows = _stage_rows(frame[names], labels, split, stage)
            if judged is not None:
                seen = frame.loc[rows[0].index]
                young = young_rows(frame, labels, stage) if split.by_time else None
                own = judged.stages_[stage]
                self.stages_[stage] = own.refitted(*rows, seen=seen, young=young)
                continue
            shortage = too_little(labels, split, stage)
            if shortage:
                raise TooLittleData(shortage)
            shared = (search or Search()).shared(stage, among=len(labels.stages))
            model = StageModel(by_time=split.by_time)
            self.stages_[stage] = model.fit(*rows, search=shared)
        chained = [SINCE_SQL] if len(self.stages_) > 1 else []
        used = {name for model in self.stages_.values() for name in model.encoder_.columns_}
        self.features_ = [name for name in frame.columns if name in used or name in chained]
        self.text_ = [name for name in self.features_ if frame[name].dtype == "str"]
        self.typical_ = {name: typical_value(learn[name]) for name in self.features_}
        listed = [each for each in catalogue if each.name in self.features_]
        self.usual_ = usual_values(learn, listed)
        return self

    def predict(self, features: Features) -> pd.DataFrame:
        """Score feature rows; columns other than `features_` are ignored.

        Returns
        -------
        DataFrame
            `p_sql`, `p_won` (float64): missing for a stage the model does not have. A lead that
            is already an SQL has `p_sql` 1. A row has the same figures alone as among others.

        Raises
        ------
        ModelMismatch
            Where columns are absent.
        """
        check_is_fitted(self)
        columns = FeatureColumns.of(features)  # read once for all stages
        columns.require(self.features_)
        found = {stage: model.propensity(columns) for stage, model in self.stages_.items()}
        if len(found) > 1:
            is_sql = ~np.isnan(columns.numbers(SINCE_SQL))
            found["sql"] = np.where(is_sql, 1.0, found["sql"])
            found["won"] = found["sql"] * found["won"]
        missing = np.full(len(columns), np.nan)
        by_stage = {f"p_{stage}": found.get(stage, missing) for stage in ("sql", "won")}
        return pd.DataFrame(by_stage, index=columns.index)

    def won_given_sql(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the propensity `p` of being won once an SQL, with a 95 % interval `low`, `high`.

        Empty columns for a model that has not both stages.
        """
        check_is_fitted(self)
        if list(self.stages_) != ["sql", "won"]:
            return pd.DataFrame(np.nan, index=frame.index, columns=["p", "low", "high"])
        model = self.stages_["won"]
        margin = model.margin(frame)
        low, high = model.calibrator_.interval(margin)
        p = model.calibrator_.predict(margin)
        return pd.DataFrame({"p": p, "low": low, "high": high}, index=frame.index)

    @property
    def first_stage(self) -> str:
        """The first stage of the model's funnel, which reasons are about."""
        return next(iter(self.stages_))


def _stage_rows(
    frame: pd.DataFrame, labels: Labels, split: Split, stage: str
) -> tuple[pd.DataFrame, pd.Series[float], pd.Series[str], pd.Series[float]]:
    """Select what a stage learns from, in the order of time, which the calibrator goes by."""
    learn = labels.frame[stage_part(labels, split, stage) == "learn"]
    learn = learn.sort_values(["created_at", "as_of", "lead_id"], kind="stable")
    rows = frame.loc[learn.index]
    rows = rows[[name for name in frame.columns if _varies(rows[name])]]
    return rows, learn[f"y_{stage}"], learn["lead_id"], learn["weight"]


def _varies(values: pd.Series[float]) -> bool:
    return bool(values.nunique(dropna=False) > 1)  # noqa: PD101 - missing is a value, too
