"""A registered version as data scientists use it: predict, explain, and the evidence it keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from leadscore.features.core import LeadScoreError
from leadscore.frames import to_pandas

if TYPE_CHECKING:
    from leadscore.frames import Frame
    from leadscore.training.model import FunnelModel
    from leadscore.training.registry import Registered


@dataclass(frozen=True)
class Model:
    """One version of a project's model.

    Parameters
    ----------
    registered
        The version as the registry holds it.
    """

    registered: Registered

    def __repr__(self) -> str:
        return f"Model({self.registered.name!r}, version {self.version})"

    @property
    def version(self) -> str:
        """Its number in the registry."""
        return self.registered.version

    @property
    def funnel(self) -> FunnelModel:
        """The fitted estimator, one model a stage."""
        return self.registered.model

    @property
    def evidence(self) -> pd.DataFrame:
        """Held-out propensities and outcomes, as tiers are cut by; leads are numbered, not named.

        Columns `lead` (int), `as_of`, `p_sql`, `y_sql`, `p_won`, `y_won`.
        """
        return self.registered.evidence

    @property
    def catalogue(self) -> pd.DataFrame:
        """What each feature is; a row a feature, indexed by its name."""
        features = pd.DataFrame([vars(each) for each in self.registered.catalogue])
        return features.set_index("name")

    def predict(self, frame: Frame) -> pd.DataFrame:
        """Score a feature frame.

        Parameters
        ----------
        frame
            As `feature_frame` or `Project.features` makes it.

        Returns
        -------
        DataFrame
            `p_sql`, `p_won` (float64) on the index of `frame`; missing for a stage that the model
            does not have.

        Raises
        ------
        ModelMismatch
            Where a feature is absent.
        """
        return self.funnel.predict(to_pandas(frame))

    def contributions(self, frame: Frame, *, stage: str | None = None) -> pd.DataFrame:
        """Split log-odds exactly into what every feature contributes (TreeSHAP).

        Parameters
        ----------
        frame
            As for `predict`.
        stage
            `sql` or `won`; by default the first that the model has.

        Returns
        -------
        DataFrame
            Log-odds (float64), a row a row of `frame`, a column a feature.

        Raises
        ------
        LeadScoreError
            Where the model has no such stage.
        """
        stages = self.funnel.stages_
        wanted = stage or self.funnel.first_stage
        if wanted not in stages:
            raise LeadScoreError(f"the model has no stage {wanted!r}, only {', '.join(stages)}")
        told, _base = stages[wanted].contributions(to_pandas(frame))
        return told
