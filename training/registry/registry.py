"""The MLflow registry: what was trained, on what, how good it was, and which version scores."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from leadscore.features.core import LeadScoreError
from leadscore.features.families import Feature, from_records
from leadscore.training.registry import promotions as promotion
from leadscore.training.registry.mlflow_model import check_format
from leadscore.training.registry.mlflow_run import LEARNT_FROM, Trained, log_trained
from leadscore.training.registry.mlflow_store import Shelf, quiet_mlflow
from leadscore.training.registry.promotions import CHAMPION, Promotion, one_at_a_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from leadscore.training.model import FunnelModel

STORE, ARTIFACTS = "mlflow.db", "mlartifacts"


@dataclass(frozen=True)
class Registered:
    """A registered version, loaded.

    Parameters
    ----------
    name, version
        Its place in the registry.
    model, catalogue, evidence, tags, learnt_from
        As in `Trained`.
    """

    name: str
    version: str
    model: FunnelModel
    catalogue: tuple[Feature, ...]
    evidence: pd.DataFrame
    tags: Mapping[str, str]
    learnt_from: pd.DataFrame


class Registry:
    """The models of one project.

    Parameters
    ----------
    directory
        The project folder; holds the store unless `MLFLOW_TRACKING_URI` names another.
    name
        The registered model's name: the contract's.
    """

    def __init__(self, directory: Path, name: str) -> None:
        self.directory = directory.resolve()
        self.name = name
        given = os.environ.get("MLFLOW_TRACKING_URI")
        self.is_local = not given
        self.address = given or f"sqlite:///{self.directory / STORE}"

    def register(self, trained: Trained) -> str:
        """Log a model with everything that belongs to it and make it the challenger.

        Returns
        -------
        str
            The new version.
        """
        with quiet_mlflow(self.address) as mlflow:
            mlflow.set_experiment(experiment_id=self._experiment(mlflow, self.name))
            with mlflow.start_run(tags=dict(trained.tags)):
                info = log_trained(mlflow, trained, self.name)
            client = mlflow.MlflowClient()
            version = str(info.registered_model_version)
            for key, value in trained.tags.items():
                client.set_model_version_tag(self.name, version, key, value)
        with one_at_a_time(self.directory), self._shelf() as shelf:
            promotion.settle_challenger(shelf)
        return version

    def log_night(
        self, *, name: str, metrics: Mapping[str, float], params: Mapping[str, object]
    ) -> None:
        """Log what a nightly run counted and how long it took, in an experiment of the nights.

        Parameters
        ----------
        name
            The run's name.
        metrics, params
            What MLflow shows.

        Raises
        ------
        LeadScoreError
            Where MLflow takes nothing.
        """
        with quiet_mlflow(self.address) as mlflow:
            try:
                experiment = self._experiment(mlflow, f"{self.name} nights")
                with mlflow.start_run(experiment_id=experiment, run_name=name):
                    mlflow.log_params(dict(params))
                    mlflow.log_metrics(dict(metrics))
            except (OSError, mlflow.exceptions.MlflowException) as error:
                reason = str(error).splitlines()[0]
                raise LeadScoreError(f"MLflow took no figures of {name}: {reason}") from error

    @property
    def _has_store(self) -> bool:
        """Whether there is something to look into; a look shall not make an empty store."""
        return not self.is_local or (self.directory / STORE).exists()

    def _experiment(self, mlflow: Any, name: str) -> str:
        known = mlflow.get_experiment_by_name(name)
        if known is not None:
            return str(known.experiment_id)
        location = None
        if self.is_local:
            location = (self.directory / ARTIFACTS).as_uri()
        return str(mlflow.create_experiment(name, artifact_location=location))

    def versions(self) -> pd.DataFrame:
        """List the registered versions, newest first.

        Returns
        -------
        DataFrame
            Columns `version`, `aliases`, `created_at`, the tags, and of the latest promotion of a
            version `promoted_at`, `promoted_by`, `promoted_because`, `champion_before`.
        """
        if not self._has_store:
            return pd.DataFrame()
        with self._shelf() as shelf:
            aliases, made = shelf.aliases(), promotion.history(shelf)
            registered_at, tags = shelf.registered_at(), shelf.tags()
        rows = [
            {
                "version": version,
                "aliases": ", ".join(alias for alias, of in aliases.items() if of == version),
                "created_at": registered_at[version],
                **{key: value for key, value in own.items() if key != promotion.PROMOTIONS},
                **_latest(made, version),
            }
            for version, own in tags.items()
        ]
        return pd.DataFrame(rows)

    def version_of(self, alias: str) -> str | None:
        """Return the version an alias stands for now; None where nobody has it."""
        if not self._has_store:
            return None
        with self._shelf() as shelf:
            return shelf.aliases().get(alias)

    def load(self, version: str) -> Registered:
        """Load one version with its catalogue and evidence.

        Raises
        ------
        LeadScoreError
            Where there is no such version, or its files are gone.
        ModelMismatch
            Where the version was saved by an older leadscore than this one can read.
        """
        if not self._has_store or version not in set(self.versions().get("version", [])):
            raise LeadScoreError(
                f"{self.name!r} has no version {version}; `leadscore models` lists them"
            )
        with quiet_mlflow(self.address) as mlflow:
            client = mlflow.MlflowClient()
            found = client.get_model_version(self.name, version)
            model = self._loaded(mlflow, version)
            folder = Path(mlflow.artifacts.download_artifacts(run_id=found.run_id))
            records = json.loads((folder / "catalogue.json").read_text(encoding="utf-8"))
            evidence = pd.read_parquet(folder / "evidence.parquet")
            learnt_from = pd.DataFrame()
            if (folder / LEARNT_FROM).exists():
                learnt_from = pd.read_parquet(folder / LEARNT_FROM)
        catalogue, tags = from_records(records), dict(found.tags)
        return Registered(self.name, version, model, catalogue, evidence, tags, learnt_from)

    def _loaded(self, mlflow: Any, version: str) -> Any:
        """Load a version's model, or say that it is too old or its files are gone."""
        address = f"models:/{self.name}/{version}"
        try:
            metadata = mlflow.models.get_model_info(address).metadata
            check_format(metadata, f"{self.name} version {version}")
            return mlflow.sklearn.load_model(address)
        except (OSError, mlflow.exceptions.MlflowException) as error:
            reason = str(error).splitlines()[0]
            raise LeadScoreError(
                f"the files of {self.name} version {version} cannot be read: {reason} Restore "
                f"them (a project keeps them in {ARTIFACTS}/), or train again with `leadscore "
                "train --again`."
            ) from error

    def champion(self) -> Registered:
        """Load the version that scores.

        Raises
        ------
        LeadScoreError
            Where no version is champion.
        """
        version = self.version_of(CHAMPION)
        if version is None:
            raise LeadScoreError(
                f"no model of {self.name!r} is champion. `leadscore train` registers one, and "
                "promotes it if the gate agrees; `leadscore models` shows what there is."
            )
        return self.load(version)

    def promote(
        self, version: str, *, who: str, why: str, instead_of: str | None = None
    ) -> Promotion:
        """Make a version the champion, with who, when and why.

        Parameters
        ----------
        version
            The version that shall score.
        who, why
            What is kept with it.
        instead_of
            The champion it was compared with, empty where there was none; None does not ask.

        Returns
        -------
        Promotion

        Raises
        ------
        ChampionChanged
            Where another version became champion since.
        LeadScoreError
            Where there is no such version, or it is the champion already.
        """
        if not self._has_store:
            raise LeadScoreError(f"{self.name!r} has no version; `leadscore train` registers one")
        with one_at_a_time(self.directory), self._shelf() as shelf:
            return promotion.promote(shelf, version, who=who, why=why, instead_of=instead_of)

    def rollback(self, *, who: str, why: str) -> Promotion:
        """Make the champion's predecessor the champion again, one step further each time.

        Returns
        -------
        Promotion

        Raises
        ------
        LeadScoreError
            Where nobody is champion, or the champion had no predecessor.
        """
        if not self._has_store:
            raise LeadScoreError("no model is champion, so there is nothing to roll back")
        with one_at_a_time(self.directory), self._shelf() as shelf:
            return promotion.roll_back(shelf, who=who, why=why)

    def refusal_of(self, version: str) -> str:
        """Return what the gate refused a version for, as `refused: rule`; empty where it passed."""
        if not self._has_store:
            return ""
        with self._shelf() as shelf:
            gate = shelf.tags().get(version, {}).get("gate", "")
        return gate if gate.startswith("refused") else ""

    def promotions(self) -> pd.DataFrame:
        """List all promotions and rollbacks in order.

        Returns
        -------
        DataFrame
            The columns of `registry.promotions.Promotion`.
        """
        names = [each.name for each in fields(Promotion)]
        if not self._has_store:
            return pd.DataFrame(columns=names)
        with self._shelf() as shelf:
            return pd.DataFrame(map(asdict, promotion.history(shelf)), columns=names)

    @contextlib.contextmanager
    def _shelf(self) -> Iterator[Shelf]:
        with quiet_mlflow(self.address) as mlflow:
            yield Shelf(mlflow.MlflowClient(), self.name)


def _latest(made: Sequence[Promotion], version: str) -> dict[str, str]:
    """Tell the latest promotion of a version as columns; none where it has had none."""
    own = [each for each in made if each.version == version]
    if not own:
        return {}
    return {
        "promoted_at": own[-1].at,
        "promoted_by": own[-1].who,
        "promoted_because": own[-1].why,
        "champion_before": own[-1].before,
    }
