"""The nights of a project: scored into the ledger, read again, explained, handed on."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from leadscore.feature_frames import features_as_of
from leadscore.features.contract import load_contract
from leadscore.features.core import LeadScoreError, moment_of
from leadscore.features.tables import open_tables
from leadscore.frames import write_frames
from leadscore.model import Model
from leadscore.serving.export import export
from leadscore.serving.jobs import explain, what_if
from leadscore.serving.ledger import SCHEMA, read_night, read_notes
from leadscore.serving.nightly import HERE, last_night, score_file, score_night
from leadscore.serving.policy import load_policy
from leadscore.serving.tiers import cut_offs, places_used, sentences
from leadscore.training.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from leadscore.features.contract import Contract
    from leadscore.features.core import Moment
    from leadscore.frames import Frame
    from leadscore.serving.export.postgres import Published
    from leadscore.serving.jobs import Explained, WhatIf
    from leadscore.serving.nightly import Engine
    from leadscore.serving.policy import Policy


class ProjectNights:
    """A project folder, and what is done with its open leads."""

    def __init__(self, directory: str | Path = ".") -> None:
        self.directory = Path(directory)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.directory)!r})"

    @property
    def contract(self) -> Contract:
        """The settings of `leadscore.toml`."""
        return load_contract(self.directory)

    @property
    def policy(self) -> Policy:
        """The settings of `tiers.toml`."""
        return load_policy(self.directory, self.contract)

    @property
    def registry(self) -> Registry:
        """The registered versions."""
        return Registry(self.directory, self.contract.name)

    def features(self, *, as_of: Moment | None = None) -> pd.DataFrame:
        """Make the feature frame of the open leads, as the champion takes it.

        Parameters
        ----------
        as_of
            The moment; by default the next night.

        Returns
        -------
        DataFrame
            As `feature_frame`; all features where no version is champion yet.
        """
        registry = self.registry
        version = registry.champion() if registry.version_of("champion") else None
        with open_tables(self.contract, known_by=moment_of(as_of)) as tables:
            return features_as_of(tables, moment_of(as_of), version)

    def score(
        self,
        *,
        as_of: Moment | None = None,
        leads: Frame | None = None,
        replace: bool = False,
        accept: bool = False,
        workers: int | None = None,
        engine: Engine | None = None,
    ) -> pd.DataFrame:
        """Score a night into the ledger, or a list of leads that the ledger never sees.

        Parameters
        ----------
        as_of
            The night; by default the first midnight after the end of the data that has passed.
        leads
            Score this list instead of a night.
        replace
            Say a night anew that the ledger holds with other verdicts.
        accept
            Write a night though it looks unlike the one before.
        workers
            Processes that share a large night out.
        engine
            Where a night is worked out, as `serving.nightly.spark_engine.spark_engine()`; by
            default DuckDB in this process.

        Returns
        -------
        DataFrame
            The ledger's columns, a row a lead.

        Raises
        ------
        LeadScoreError
            Where the night is held back: the message says why.
        """
        if leads is not None:
            return self._score_list(leads, moment_of(as_of))
        result = score_night(
            self.directory,
            as_of=moment_of(as_of),
            replace=replace,
            accept=accept,
            workers=workers,
            engine=engine or HERE,
        )
        if result.faults:
            found = "; ".join(fault.message for fault in result.faults)
            raise LeadScoreError(f"the night was held back: {found}. accept=True writes it.")
        if result.written is None:  # no lead is open
            return pd.DataFrame(columns=SCHEMA.names)
        return read_night(self.directory, result.written.as_of)

    def _score_list(self, leads: Frame, as_of: datetime | None) -> pd.DataFrame:
        with tempfile.TemporaryDirectory(prefix="leadscore-") as name:
            files = write_frames(Path(name), {"leads": leads})
            listed = score_file(self.directory, Path(name) / files["leads"], as_of=as_of)
        return listed.rows

    def night(self, *, as_of: Moment | None = None) -> pd.DataFrame:
        """Read what the ledger says of a night; of the newest by default."""
        return read_night(self.directory, self._night(as_of))

    def places(self, *, as_of: Moment | None = None) -> pd.DataFrame:
        """Tell how sales' places of a night were used; a row a team."""
        notes = read_notes(self.directory, self._night(as_of))
        policy = self.policy if notes is None else notes.policy
        return pd.DataFrame([vars(team) for team in places_used(self.night(as_of=as_of), policy)])

    def explain(self, lead_id: object, *, as_of: Moment | None = None) -> Explained:
        """Explain one open lead: its score, its reasons, and what changed since the last night."""
        return explain(self.directory, str(lead_id), as_of=moment_of(as_of))

    def export(self, *, as_of: Moment | None = None, out: str | Path | None = None) -> list[Path]:
        """Write the handoff list and all tiers of a night as CSV and XLSX; return the files."""
        folder = self.directory / "exports" if out is None else Path(out)
        return list(export(self.night(as_of=as_of), folder).files)

    def publish(self, *, as_of: Moment | None = None) -> Published:
        """Publish a night into PostgreSQL, where `[publish.postgres]` says."""
        from leadscore.serving.export.postgres import publish  # noqa: PLC0415 - an extra

        return publish(self.directory, moment_of(as_of))

    def tiers(self, *, check: bool = False) -> list[str]:
        """Tell the policy in sentences; `check` adds what it does on the champion's evidence."""
        contract, policy = self.contract, self.policy
        cuts = cut_offs(policy, self.champion().evidence) if check else None
        return sentences(policy, cuts, None if contract.is_flat else contract.horizon_days)

    def what_if(
        self, changes: Mapping[str, object], *, policy_file: str | Path | None = None
    ) -> WhatIf:
        """Try another policy on the newest night; nothing is written.

        Parameters
        ----------
        changes
            Settings of `tiers.toml` by their path, such as `{"sql.min_precision": 0.25}`.
        policy_file
            Another policy to start from.
        """
        told = {path: v if isinstance(v, str) else json.dumps(v) for path, v in changes.items()}
        file = None if policy_file is None else Path(policy_file)
        return what_if(self.directory, told, policy_file=file)

    def champion(self) -> Model:
        """Load the version that scores."""
        return Model(self.registry.champion())

    def _night(self, as_of: Moment | None) -> datetime:
        return moment_of(as_of) or last_night(self.directory)
