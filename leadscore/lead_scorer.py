"""Lead scoring as a scikit-learn estimator: fitted on frames, without a project folder."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import assert_all_finite
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
    validate_data,
)

from leadscore.features.contract import HorizonDays
from leadscore.features.core import DataError, moment_of, naive, seconds_of, validated
from leadscore.features.point_in_time import listed_snapshots, training_snapshots
from leadscore.features.tables import open_tables
from leadscore.frame_contract import contract_in, frame_contract
from leadscore.frames import ids_of, is_frame, to_arrow, to_pandas, write_frames
from leadscore.serving.lead_facts import learnt_features
from leadscore.training.dataset import prepare
from leadscore.training.model import PATIENCE_ASKED, Search
from leadscore.training.registry import Registered
from leadscore.training.workflow import fit_funnel, refit_funnel

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import ArrayLike, NDArray

    from leadscore.features.contract import Contract, Stage
    from leadscore.features.core import Moment, Span
    from leadscore.frame_contract import Given
    from leadscore.frames import Frame

TARGET, ROW, LISTED = "target", "leadscore_row", "listed"
EVEN = 0.5  # the propensity from which yes is likelier than no
FIRST_NIGHT = (0,)  # the age at which a flat frame's leads are looked at


class LeadScorer(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Calibrated propensities of leads, from frames.

    With outcomes it learns the funnel, and `predict(…, as_of=…)` gives `p_sql` and `p_won`. With
    `fit(X, y)`, or a column named as `target`, it is a classifier of two classes.

    Parameters
    ----------
    horizon_days
        Days that a lead is given to reach each stage, as `{"sql": 30, "won": 90}`.
    target, stage
        The outcome column of a flat frame, and the stage that it stands for.
    contract, budget
        As for `Project.from_frames` and `Project.train`.

    Attributes
    ----------
    model_ : FunnelModel
        The fitted estimator, one model a stage.
    catalogue_, contract_, cautions_
        What the features are, what the columns mean, what a reader must know.
    classes_ : ndarray of shape (2,)
        No and yes of a flat frame.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(1).normal(size=(400, 3))
    >>> y = X[:, 0] + np.random.default_rng(2).normal(size=400) > 0
    >>> LeadScorer(budget=0).fit(X, y).predict_proba(X).shape
    (400, 2)
    """

    def __init__(
        self,
        *,
        horizon_days: Mapping[str, int] | None = None,
        target: str | None = None,
        stage: Stage = "won",
        contract: Any = None,
        budget: Span | None = None,
    ) -> None:
        self.horizon_days = horizon_days
        self.target = target
        self.stage = stage
        self.contract = contract
        self.budget = budget

    def fit(
        self,
        X: Frame | ArrayLike,
        y: ArrayLike | None = None,
        *,
        events: Frame | None = None,
        outcomes: Frame | None = None,
    ) -> LeadScorer:
        """Learn from leads and what became of them.

        Parameters
        ----------
        X
            The leads: pandas, Polars, Arrow, Ibis, or an array of numbers.
        y
            For a flat frame, the outcome of each lead: two classes.
        events, outcomes
            The other tables of the contract.

        Raises
        ------
        LeadScoreError
            Where frames cannot be used, or hold too little to learn from.
        ValueError
            Where `y` is missing or has not two classes.
        """
        leads = X if outcomes is not None else self._flat(X, y)
        frames = {"leads": leads, "events": events, "outcomes": outcomes}
        tables = {
            name: to_arrow(each, name=name) for name, each in frames.items() if each is not None
        }
        with tempfile.TemporaryDirectory(prefix="leadscore-") as name:
            folder = Path(name)
            text = frame_contract(folder, tables, self._given(flat=outcomes is None))
            self.contract_ = self._with_horizons(contract_in(folder, text))
            with open_tables(self.contract_) as opened:
                prepared = prepare(opened)
                judged = fit_funnel(opened, prepared, self._search())
                self.model_ = refit_funnel(opened, prepared, judged)
        self.catalogue_, self.cautions_ = prepared.catalogue, prepared.cautions
        self.history_ = {} if self.contract_.is_flat else tables
        return self

    @overload
    def predict(self, X: Frame | ArrayLike) -> NDArray[Any]: ...

    @overload
    def predict(
        self,
        X: Frame,
        *,
        as_of: Moment,
        events: Frame | None = None,
        outcomes: Frame | None = None,
    ) -> pd.DataFrame: ...

    def predict(
        self,
        X: Frame | ArrayLike,
        *,
        as_of: Moment | None = None,
        events: Frame | None = None,
        outcomes: Frame | None = None,
    ) -> pd.DataFrame | NDArray[Any]:
        """Give propensities as of a moment, or the classes of a flat frame.

        Parameters
        ----------
        X
            The leads to score, with the columns that were learnt from; no target is needed.
        as_of
            Only what was known before this moment counts.
        events, outcomes
            Today's tables; by default those of `fit`.

        Returns
        -------
        DataFrame or ndarray
            With `as_of`: `lead_id` (str), `p_sql`, `p_won`, a row each of `X` in its order; missing
            for a lead without an id. Without: for each row the likelier class.
        """
        check_is_fitted(self, "model_")
        if as_of is None:
            likelier = (self.predict_proba(X)[:, 1] >= EVEN).astype(int)
            classes: NDArray[Any] = np.asarray(self.classes_)[likelier]
            return classes
        if self.contract_.is_flat:
            tables: dict[str, Any] = {"leads": self._flat_leads(X)}
        else:
            given = {"events": events, "outcomes": outcomes}
            newer = {name: each for name, each in given.items() if each is not None}
            tables = {**self.history_, **newer, LISTED: X}
        frame = self._features(tables, self.contract_, naive(moment_of(as_of)))
        by_lead = self.model_.predict(frame).set_axis(frame["lead_id"])
        return by_lead.reindex(ids_of(X, self.contract_.leads.lead_id)).reset_index()

    def predict_proba(self, X: Frame | ArrayLike) -> NDArray[np.float64]:
        """Give the propensities of a flat frame's classes, of shape (n, 2), in the order of rows.

        A dated lead is scored as of its first night, as it was learnt from.

        Raises
        ------
        DataError
            Where the funnel was learnt from dated outcomes, or a row cannot be read.
        """
        check_is_fitted(self, "model_")
        if not self.contract_.is_flat:
            raise DataError("the funnel looks at leads as of a moment: predict(leads, as_of=…)")
        leads = self._flat_leads(X)
        if not len(leads):
            return np.empty((0, 2))
        created_at = self.contract_.leads.created_at
        if created_at is not None and leads[created_at].null_count == len(leads):
            raise DataError(f"no row has a date in {created_at!r}, as of which it could be scored")
        rows = pa.array(map(str, range(len(leads))))
        source = self.contract_.leads.model_copy(update={"lead_id": ROW})
        reading = self.contract_.reading.model_copy(update={"max_quarantine_share": 1.0})
        contract = self.contract_.model_copy(update={"leads": source, "reading": reading})
        frame = self._features({"leads": leads.append_column(ROW, rows)}, contract, None)
        positive = self.model_.predict(frame)[f"p_{source.stage}"]
        positive.index = frame["lead_id"].astype("int64")
        positive = positive.reindex(range(len(leads)))
        missing = positive.index[positive.isna()]
        if len(missing):
            raise DataError(
                f"{len(missing)} rows have no date that can be read, as row {missing[0]}"
            )
        return np.column_stack([1 - positive, positive])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = tags.input_tags.string = tags.input_tags.categorical = True
        return tags

    def _features(
        self, tables: Mapping[str, Frame], contract: Contract, as_of: datetime | None
    ) -> pd.DataFrame:
        """Make the features of all leads, or of the listed, where others are but their past."""
        none, model = pd.DataFrame(), self.model_
        version = Registered(contract.name, "fitted", model, self.catalogue_, none, {}, none)
        with tempfile.TemporaryDirectory(prefix="leadscore-") as name:
            folder = Path(name)
            files = write_frames(folder, tables)
            listed = folder / files[LISTED] if LISTED in files else None
            with open_tables(contract.in_directory(folder), leads_file=listed) as opened:
                if as_of is None:
                    snapshots = training_snapshots(opened, ages_days=FIRST_NIGHT)
                else:
                    snapshots = listed_snapshots(opened, as_of=as_of)
                return learnt_features(opened, snapshots, version)

    def _given(self, *, flat: bool) -> Given:
        """Add the target to the settings that the contract is drafted with."""
        given: Given = self.contract
        if not flat or not (given is None or isinstance(given, Mapping)):
            return given
        settings = dict(given or {})
        leads = {"target": self.target or TARGET, "stage": self.stage}
        return {**settings, "leads": {**leads, **settings.get("leads", {})}}

    def _search(self) -> Search:
        seconds = seconds_of(self.budget)
        return Search() if seconds is None else Search(seconds, PATIENCE_ASKED)

    def _with_horizons(self, contract: Contract) -> Contract:
        if self.horizon_days is None:
            return contract
        horizons = validated(dict(self.horizon_days), HorizonDays, place="horizon_days")
        return contract.model_copy(update={"horizon_days": horizons})

    def _flat(self, X: Frame | ArrayLike, y: ArrayLike | None) -> Frame:
        """Return a flat frame with its target, and learn the classes."""
        leads, self.classes_ = self._checked(X, reset=True), np.array([0, 1])
        if y is None and self.target is not None:
            return to_pandas(X)
        if y is None:
            raise ValueError("requires y to be passed, but the target y is None; or give outcomes=")
        outcome = column_or_1d(y, warn=True)
        check_consistent_length(leads, outcome)
        assert_all_finite(outcome, input_name="y")
        check_classification_targets(outcome)
        self.classes_, codes = np.unique(outcome, return_inverse=True)
        if len(self.classes_) != 2:
            raise ValueError(
                f"Only binary classification is supported; y has {len(self.classes_)} class(es)"
            )
        return leads.assign(**{self.target or TARGET: codes})

    def _flat_leads(self, X: Frame | ArrayLike) -> pa.Table:
        """Return the leads of a flat frame to score, the target still empty."""
        leads = to_arrow(self._checked(X, reset=False), name="leads")
        return leads.append_column(self.contract_.leads.target, pa.nulls(len(leads), pa.string()))

    def _checked(self, X: Frame | ArrayLike, *, reset: bool) -> pd.DataFrame:
        """Return a flat frame without its target, its columns those of `fit`."""
        if is_frame(X):
            frame = to_pandas(X).drop(columns=self.target or TARGET, errors="ignore")
            validate_data(self, frame, reset=reset, skip_check_array=True)
            return frame
        array = validate_data(self, X, reset=reset, ensure_all_finite="allow-nan")
        return pd.DataFrame(array, columns=[f"x{number}" for number in range(array.shape[1])])
