"""The stages chained: p_won = p_sql · p(won | sql), so that p_won never exceeds p_sql."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from leadscore.features.core.errors import TooLittleData
from leadscore.training.dataset.splits import parts_of_stage
from leadscore.training.model.hyperparameter_search import Search
from leadscore.training.model.one_row import FEW_ROWS, row_funnel
from leadscore.training.model.stage_model import StageModel
from leadscore.training.model.text_dictionary import as_categories
from leadscore.training.model.usual_values import usual_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leadscore.features.families.catalogue import Feature
    from leadscore.training.dataset.labels import Labels
    from leadscore.training.dataset.splits import Split

FORMAT = 2  # raised when a saved model of an earlier version can no longer be read
SINCE_SQL = "hours_since_sql"  # filled in exactly for leads that are SQL by then
MIN_POSITIVES = 30  # with fewer of either outcome no tree finds anything but chance
MIN_JUDGED = 5  # with fewer no interval says anything


@dataclass(frozen=True)
class StageCounts:
    """How many matured leads a stage has to learn and to be judged by.

    Parameters
    ----------
    stage
        `sql` or `won`.
    learn_rows, learn_positives, test_rows, test_positives
        Snapshots with a known label.
    """

    stage: str
    learn_rows: int
    learn_positives: int
    test_rows: int
    test_positives: int


class FunnelModel(BaseEstimator):  # type: ignore[misc]
    """Propensities of all stages from one feature frame.

    Attributes
    ----------
    stages_ : dict of str to StageModel
        In the order of the funnel.
    features_ : list of str
        The columns that `predict` needs; those that only the chain needs come last.
    text_ : list of str
        Those of them that are text.
    kinds_ : list of str
        The event kinds with columns of their own.
    attributes_ : list of str
        The user's columns of the leads table that the features were built from.
    typical_ : dict
        The typical value of each feature among the learning leads: median or commonest word.
    usual_ : dict
        Up to three usual values of each firmographic and channel feature among them, as
        `model.usual_values` lists them. Models saved before there was such a list lack it.
    format_ : int
        The version of this class's saved form.
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
    ) -> FunnelModel:
        """Fit one model a stage.

        Parameters
        ----------
        frame
            Features aligned with the labels' frame.
        labels, split
            What became of each snapshot, and which side it stands on.
        catalogue
            The features to use.
        kinds
            The event kinds the feature table was built with.
        attributes
            The user's columns it was built from.
        search
            How long to look for good trees, all stages together, and where to keep what was tried.

        Returns
        -------
        FunnelModel

        Raises
        ------
        TooLittleData
            Where a stage has too few matured leads of either outcome.
        """
        self.format_ = FORMAT
        self.kinds_ = list(kinds)
        self.attributes_ = list(attributes)
        learn = (split.side == "learn").to_numpy()
        names = [each.name for each in catalogue if _varies(frame.loc[learn, each.name])]
        self.stages_: dict[str, StageModel] = {}
        for stage in labels.stages:
            part = stage_part(labels, split, stage)
            shortage = too_little(labels, split, stage)
            if shortage:
                raise TooLittleData(shortage)
            rows = _in_time(labels.frame, part == "learn")
            own = [name for name in names if _varies(frame.loc[rows, name])]
            model = StageModel(by_time=split.by_time)
            outcome = labels.frame.loc[rows, f"y_{stage}"]
            leads = labels.frame.loc[rows, "lead_id"]
            shared = (search or Search()).shared(stage, among=len(labels.stages))
            self.stages_[stage] = model.fit(frame.loc[rows, own], outcome, leads, search=shared)
        chained = [SINCE_SQL] if len(self.stages_) > 1 else []
        used = {name for model in self.stages_.values() for name in model.encoder_.columns_}
        self.features_ = [name for name in frame.columns if name in used or name in chained]
        self.text_ = [name for name in self.features_ if frame[name].dtype == "str"]
        self.typical_ = {name: _typical(frame.loc[learn, name]) for name in self.features_}
        told = [each for each in catalogue if each.name in self.features_]
        self.usual_ = usual_values(frame.loc[learn], told)
        return self

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Score feature rows.

        Parameters
        ----------
        frame
            The columns of `features_`; others are passed over.

        Returns
        -------
        DataFrame
            `p_sql`, `p_won` (float64): missing for a stage the model does not have. A lead that
            is already an SQL has `p_sql` 1. The same to the last bit for a row alone.
        """
        check_is_fitted(self)
        if len(frame) <= FEW_ROWS:
            alone = row_funnel(self)
            few = None if alone is None else alone.predict(frame)
            if few is not None:
                return few
        return self.predict_table(frame)

    def predict_table(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Score as `predict`, by columns however few the rows."""
        check_is_fitted(self)
        frame = as_categories(frame, self.text_)  # once for all stages
        found = {
            stage: pd.Series(model.propensity(frame), index=frame.index)
            for stage, model in self.stages_.items()
        }
        if len(found) > 1:
            is_sql = frame[SINCE_SQL].notna()
            found["sql"] = found["sql"].mask(is_sql, 1.0)
            found["won"] = found["sql"] * found["won"]
        missing = pd.Series(np.nan, index=frame.index)
        return pd.DataFrame({f"p_{stage}": found.get(stage, missing) for stage in ("sql", "won")})

    def won_given_sql(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Give how likely each lead is won once it is an SQL, and how sure that is.

        Parameters
        ----------
        frame
            The columns of `features_`.

        Returns
        -------
        DataFrame
            `p`, `low`, `high` (float64): the propensity and a 95 % interval, which is wide where
            wins are few. Empty columns for a model that has not both stages.
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
        """The first stage of the model's funnel, which reasons speak about."""
        return next(iter(self.stages_))


def stage_part(labels: Labels, split: Split, stage: str) -> pd.Series[str]:
    """Give each snapshot its part for a stage's own model: won is learnt from SQLs alone."""
    part = parts_of_stage(labels, split, stage)
    if stage == "won" and "sql" in labels.stages:
        reached = labels.frame["is_sql"] | (labels.frame["y_sql"] == 1)
        part = part.where(reached, "unused")
    return part


def count_stages(labels: Labels, split: Split) -> list[StageCounts]:
    """Count what each stage has to learn and to be judged by."""
    counts = []
    for stage in labels.stages:
        part, outcome = stage_part(labels, split, stage), labels.frame[f"y_{stage}"]
        learn, test = part == "learn", part == "test"
        positive = outcome == 1
        counts.append(
            StageCounts(
                stage,
                int(learn.sum()),
                int((learn & positive).sum()),
                int(test.sum()),
                int((test & positive).sum()),
            )
        )
    return counts


def too_little(labels: Labels, split: Split, stage: str) -> str:
    """Say why a stage cannot be learnt; empty where it can."""
    part, outcome = stage_part(labels, split, stage), labels.frame[f"y_{stage}"]
    learn, test = part == "learn", part == "test"
    for value, word in ((1, f"reached {stage}"), (0, f"did not reach {stage}")):
        has = outcome == value
        total, judged = int((learn & has).sum()), int((test & has).sum())
        if total < MIN_POSITIVES or judged < MIN_JUDGED:
            return (
                f"{stage}: {total:,} matured snapshots to learn from and {judged:,} held out "
                f"{word}; {MIN_POSITIVES} and {MIN_JUDGED} are the least. Wait for more leads to "
                f"mature, bring a longer history, or shorten `horizon_days.{stage}`."
            )
    return ""


def _in_time(frame: pd.DataFrame, rows: pd.Series[bool]) -> pd.Index[int]:
    """Put the chosen rows in the order of time, as the calibrator wants them."""
    return frame[rows].sort_values(["created_at", "as_of", "lead_id"], kind="stable").index


def _varies(values: pd.Series[float]) -> bool:
    return bool(values.nunique(dropna=False) > 1)  # noqa: PD101 - missing is a value, too


def _typical(values: pd.Series[float]) -> float | str | None:
    known = values.dropna()
    if known.empty:
        return None
    if pd.api.types.is_numeric_dtype(known):
        return float(known.median())
    return str(known.mode().iloc[0])
