"""A project folder in Python: every command of the command line is a method."""

from __future__ import annotations

import getpass
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from leadscore.features.contract import CONTRACT_FILE
from leadscore.features.core import ContractError, DataError, LeadScoreError, moment_of, seconds_of
from leadscore.features.tables import open_tables
from leadscore.frame_contract import TABLES, frame_contract
from leadscore.model import Model
from leadscore.project_nights import ProjectNights
from leadscore.serving.jobs import start_project, write_project
from leadscore.training.workflow import check, compare_versions, train
from leadscore.training_run import TrainingRun

if TYPE_CHECKING:
    import pandas as pd

    from leadscore.features.contract import Stage
    from leadscore.features.core import Moment, Span
    from leadscore.frame_contract import Given
    from leadscore.frames import Frame
    from leadscore.training.registry import Promotion
    from leadscore.training.workflow import Checked, Comparison


class Project(ProjectNights):
    """A folder with `leadscore.toml`, `tiers.toml`, the registry of models and the ledger.

    Parameters
    ----------
    directory
        The folder; `from_frames` and `from_files` make one.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(3)
    >>> leads = pd.DataFrame({"country": rng.choice(["NL", "DE", "FR"], 300)})
    >>> leads["minutes"] = rng.gamma(2, 5, 300).round(2)
    >>> leads["Converted"] = (leads["minutes"] + rng.normal(0, 8, 300) > 10).astype(int)
    >>> project = Project.from_frames(leads, contract={"name": "acme"})
    >>> run = project.train(budget=0)
    >>> run.metrics.loc["won"].columns.tolist()
    ['value', 'low', 'high']
    >>> frame = project.features(as_of="2026-07-01")
    >>> project.model(run.version).predict(frame).columns.tolist()
    ['p_sql', 'p_won']
    """

    @classmethod
    def from_frames(
        cls,
        leads: Frame,
        events: Frame | None = None,
        outcomes: Frame | None = None,
        *,
        contract: Given = None,
        directory: str | Path | None = None,
    ) -> Project:
        """Make a project of frames in memory; they are written into it as Parquet.

        Parameters
        ----------
        leads, events, outcomes
            pandas, Polars, Arrow or Ibis; leads alone where a target column tells the outcome.
        contract
            None drafts one; a dict changes settings of the draft, such as
            `{"leads": {"target": "Converted"}}`; a path or the text of a `leadscore.toml`, or a
            `Contract`, is taken as it is.
        directory
            The new project folder; by default a temporary one, which goes with the project.

        Raises
        ------
        LeadScoreError
            Where contract or frames cannot be used, or the folder holds a project already.
        """
        scratch = None
        if directory is None:
            scratch = tempfile.mkdtemp(prefix="leadscore-")
            directory = Path(scratch) / "project"
        project = cls(directory)
        if scratch is not None:
            weakref.finalize(project, shutil.rmtree, scratch, ignore_errors=True)
        if (project.directory / CONTRACT_FILE).exists():
            raise ContractError(f"{project.directory} holds a project already; name another folder")
        frames = {"leads": leads, "events": events, "outcomes": outcomes}
        write_project(project.directory, frame_contract(project.directory, frames, contract))
        return project

    @classmethod
    def from_files(
        cls,
        directory: str | Path,
        leads: str | Path,
        *,
        events: str | Path | None = None,
        outcomes: str | Path | None = None,
        target: str | None = None,
        stage: Stage = "won",
        created_at: str | None = None,
        overwrite: bool = False,
    ) -> Project:
        """Draft a project from files, as `leadscore init` does.

        Parameters
        ----------
        directory
            The project folder; made where it does not exist.
        leads, events, outcomes
            Files or globs, CSV or Parquet.
        target, stage, created_at
            The outcome column of a flat file, the stage it stands for, the column with the date.
        overwrite
            Whether drafts may take the place of files that are there.
        """
        start_project(
            Path(directory),
            str(leads),
            events=None if events is None else str(events),
            outcomes=None if outcomes is None else str(outcomes),
            target=target,
            stage=stage,
            created_at=created_at,
            overwrite=overwrite,
        )
        return cls(directory)

    def table(
        self, name: Literal["leads", "events", "outcomes"], *, as_of: Moment | None = None
    ) -> pd.DataFrame:
        """Return a table as it is read: cleaned, typed, in the contract's words, times in UTC."""
        with open_tables(self.contract, known_by=moment_of(as_of)) as tables:
            table = getattr(tables, name) if name in TABLES else None
            if table is None:
                raise DataError(f"the contract describes no {name}")
            frame: pd.DataFrame = table.to_pandas()
        return frame

    def check(self, *, as_of: Moment | None = None) -> Checked:
        """Check contract, quarantine, leakage and whether there is enough, before training."""
        return check(self.directory, as_of=moment_of(as_of))

    def train(
        self, *, as_of: Moment | None = None, budget: Span | None = None, again: bool = False
    ) -> TrainingRun:
        """Train on what was known by a moment, judge on later leads, register, maybe promote.

        Parameters
        ----------
        as_of
            Use only what was known before this moment; by default everything.
        budget
            How long to look for better trees: seconds, or a text such as 5m; 0 takes the first
            recipe, None looks until nothing gains, two minutes at most.
        again
            Train even where a version has learnt from exactly these tables.
        """
        outcome = train(
            self.directory,
            as_of=moment_of(as_of),
            again=again,
            budget_seconds=seconds_of(budget),
        )
        return TrainingRun(self.directory, outcome)

    def model(self, version: str) -> Model:
        """Load any version."""
        return Model(self.registry.load(str(version)))

    def models(self) -> pd.DataFrame:
        """List the registered versions, newest first, with aliases, tags and latest promotions."""
        return self.registry.versions()

    def compare(self, first: str, second: str) -> Comparison:
        """Compare two versions on leads that neither learnt from: second minus first."""
        return compare_versions(self.directory, str(first), str(second))

    def promote(self, version: str, *, why: str | None = None) -> Promotion:
        """Make a version the champion.

        Raises
        ------
        LeadScoreError
            Where the gate refused the version and `why` is not given.
        """
        refused = self.registry.refusal_of(str(version))
        if refused and not why:
            raise LeadScoreError(f"the gate {refused} (version {version}); say why=")
        why = why or "promoted by hand"
        return self.registry.promote(str(version), who=getpass.getuser(), why=why)

    def rollback(self, *, why: str = "rolled back by hand") -> Promotion:
        """Make the champion's predecessor the champion again."""
        return self.registry.rollback(who=getpass.getuser(), why=why)

    def promotions(self) -> pd.DataFrame:
        """List every promotion and rollback: who, when and why."""
        return self.registry.promotions()
