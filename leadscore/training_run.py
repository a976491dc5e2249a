"""What a training run did: figures, evidence by lead, the gate's verdict, the report."""

from __future__ import annotations

import webbrowser
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from leadscore.features.core import LeadScoreError
from leadscore.training.workflow import REPORTS, AlreadyTrained, TrainingResult

if TYPE_CHECKING:
    from pathlib import Path

EVIDENCE = ("lead_id", "as_of", "stage", "outcome", "propensity")


@dataclass(frozen=True)
class TrainingRun:
    """A training run of a project.

    Parameters
    ----------
    directory
        The project folder.
    outcome
        What `training.workflow.train` said.
    """

    directory: Path
    outcome: TrainingResult | AlreadyTrained = field(repr=False)

    @property
    def version(self) -> str:
        """The registered version."""
        return self.outcome.version

    @property
    def is_new(self) -> bool:
        """Whether something was trained; not where nothing has changed since that version."""
        return isinstance(self.outcome, TrainingResult)

    @property
    def promoted(self) -> bool:
        """Whether the version is the champion after this run."""
        if isinstance(self.outcome, AlreadyTrained):
            return self.outcome.is_champion
        return self.outcome.promoted

    @property
    def result(self) -> TrainingResult:
        """Everything that the run found.

        Raises
        ------
        LeadScoreError
            Where nothing was trained.
        """
        if isinstance(self.outcome, AlreadyTrained):
            raise LeadScoreError(
                f"version {self.version} learnt from exactly these tables before, so nothing was "
                "trained; train(again=True) does it all the same"
            )
        return self.outcome

    @property
    def headline(self) -> str:
        """Two sentences that anyone understands."""
        return self.result.headline

    @property
    def cautions(self) -> list[str]:
        """What a reader of the figures must know."""
        return list(self.result.prepared.cautions)

    @property
    def metrics(self) -> pd.DataFrame:
        """Figures on held-out leads, indexed by stage and metric: `value`, `low`, `high` (95 %)."""
        return pd.concat(self.result.evaluation.metrics, names=["stage", "metric"])

    @property
    def baselines(self) -> pd.DataFrame:
        """The same figures of simpler ways of scoring, indexed by stage, method and metric."""
        found = {
            (stage, method): table
            for stage, tables in self.result.evaluation.baselines.items()
            for method, table in tables.items()
        }
        return pd.concat(found, names=["stage", "method", "metric"])

    @property
    def evidence(self) -> pd.DataFrame:
        """Held-out snapshots with what was predicted and what became of them.

        A row a snapshot and stage: `lead_id` (str, the id of one's own leads table), `as_of`
        (UTC, without a zone), `stage`, `outcome` (0 or 1), `propensity`, and the propensity by
        each baseline. It lives in this run alone: what is registered numbers the leads.
        """
        parts = [
            rows.assign(stage=stage) for stage, rows in self.result.evaluation.held_out.items()
        ]
        whole = pd.concat(parts).drop(columns="cluster")
        others = [name for name in whole.columns if name not in EVIDENCE]
        return whole[[*EVIDENCE, *others]].reset_index(drop=True)

    @property
    def features(self) -> pd.DataFrame:
        """The feature frame of all snapshots, those that taught and those held out."""
        return self.result.prepared.frame

    @property
    def gate(self) -> pd.DataFrame:
        """Each rule of the promotion gate: `name`, `passed`, `detail`."""
        return pd.DataFrame([vars(rule) for rule in self.result.verdict.rules])

    def report(self, *, show: bool = False) -> Path:
        """Return the version's report, one HTML page; `show` opens it in the browser."""
        page = self.directory / REPORTS / f"model-{self.version}.html"
        if show:
            webbrowser.open(page.resolve().as_uri())
        return page
