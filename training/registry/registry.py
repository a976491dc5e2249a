"""The registry of one project's models: register, load, promote, roll back."""

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
from leadscore.training.registry.mlflow_model import check_format, load_judged
from leadscore.training.registry.mlflow_run import LEARNT_FROM, Trained, log_trained
from leadscore.training.registry.mlflow_store import ModelVersions, quiet_mlflow
from leadscore.training.registry.promotions import CHAMPION, Promotion, one_at_a_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from leadscore.training.model import FunnelModel

STORE, ARTIFACTS = "mlflow.db", "mlartifacts"


@dataclass(frozen=True)
class Registered:
    """A registered version, loaded; its fields are those of `Trained`.

    `files` is the folder of its run's artifacts, None for a model that is not registered.
    """

    name: str
    version: str
    model: FunnelModel
    catalogue: tuple[Feature, ...]
    evidence: pd.DataFrame
    tags: Mapping[str, str]
    learnt_from: pd.DataFrame
    files: Path | None = None

    @property
    def judged(self) -> FunnelModel:
        """The model by the same recipe that has not learnt from the held-out leads; it is read."""
        return self.model if self.files is None else load_judged(self.files)


class Registry:
    """The models of one project, registered under the contract's name.

    The project folder holds the store unless `MLFLOW_TRACKING_URI` names another.
    """

    def __init__(self, directory: Path, name: str) -> None:
        self.directory = directory.resolve()
        self.name = name
        given = os.environ.get("MLFLOW_TRACKING_URI")
        self.is_local = not given
        self.address = given or f"sqlite:///{self.directory / STORE}"

    def register(self, trained: Trained) -> str:
        """Log a model, make it the challenger and return its version."""
        with quiet_mlflow(self.address) as mlflow:
            mlflow.set_experiment(experiment_id=self._experiment(mlflow, self.name))
            with mlflow.start_run(tags=dict(trained.tags)):
                info = log_trained(mlflow, trained, self.name)
            client = mlflow.MlflowClient()
            version = str(info.registered_model_version)
            for key, value in trained.tags.items():
                client.set_model_version_tag(self.name, version, key, value)
        with one_at_a_time(self.directory), self._versions() as versions:
            promotion.settle_challenger(versions)
        return version

    def log_night(
        self, *, name: str, metrics: Mapping[str, float], params: Mapping[str, object]
    ) -> None:
        """Log a nightly run's figures in an experiment of the nights.

        Raises
        ------
        LeadScoreError
            Where MLflow cannot store them.
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
        """Whether there is a store; reading must not create an empty one."""
        return not self.is_local or (self.directory / STORE).exists()

    def _experiment(self, mlflow: Any, name: str) -> str:
        known = mlflow.get_experiment_by_name(name)
        if known is not None:
            return str(known.experiment_id)
        location = (self.directory / ARTIFACTS).as_uri() if self.is_local else None
        return str(mlflow.create_experiment(name, artifact_location=location))

    def versions(self) -> pd.DataFrame:
        """List the registered versions, newest first.

        Columns `version`, `aliases`, `created_at`, the tags, and of a version's latest promotion
        `promoted_at`, `promoted_by`, `promoted_because`, `champion_before`.
        """
        if not self._has_store:
            return pd.DataFrame()
        with self._versions() as versions:
            aliases, made = versions.aliases(), promotion.history(versions)
            registered_at, tags = versions.registered_at(), versions.tags()
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
        """Return the version of an alias; None where there is none."""
        if not self._has_store:
            return None
        with self._versions() as versions:
            return versions.aliases().get(alias)

    def load(self, version: str) -> Registered:
        """Load one version.

        Raises
        ------
        LeadScoreError
            Where there is no such version, or its files are gone.
        ModelMismatch
            Where it was saved in an older format.
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
        return Registered(self.name, version, model, catalogue, evidence, tags, learnt_from, folder)

    def _loaded(self, mlflow: Any, version: str) -> Any:
        """Load a version's model, with an error if it is too old or its files are gone."""
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
        """Load the version that scores; raises `LeadScoreError` where there is none."""
        version = self.version_of(CHAMPION)
        if version is None:
            known = self.versions().get("version", pd.Series(dtype="str"))
            remedy = (
                "`leadscore train` registers one, and promotes it if the gate agrees"
                if known.empty
                else f"Version {known.iloc[0]} was registered and not promoted: `leadscore models` "
                f"says why, `leadscore models promote {known.iloc[0]} --why …` overrules it"
            )
            raise LeadScoreError(f"no model of {self.name!r} is champion. {remedy}.")
        return self.load(version)

    def promote(
        self, version: str, *, who: str, why: str, instead_of: str | None = None
    ) -> Promotion:
        """Make a version the champion: see `promotions.promote`."""
        if not self._has_store:
            raise LeadScoreError(f"{self.name!r} has no version; `leadscore train` registers one")
        with one_at_a_time(self.directory), self._versions() as versions:
            return promotion.promote(versions, version, who=who, why=why, instead_of=instead_of)

    def rollback(self, *, who: str, why: str) -> Promotion:
        """Make the champion's predecessor the champion again: see `promotions.roll_back`."""
        if not self._has_store:
            raise LeadScoreError("no model is champion, so there is nothing to roll back")
        with one_at_a_time(self.directory), self._versions() as versions:
            return promotion.roll_back(versions, who=who, why=why)

    def refusal_of(self, version: str) -> str:
        """Return the rule a version broke, as `refused: rule`; empty where it passed the gate."""
        if not self._has_store:
            return ""
        with self._versions() as versions:
            gate = versions.tags().get(version, {}).get("gate", "")
        return gate if gate.startswith("refused") else ""

    def promotions(self) -> pd.DataFrame:
        """List all promotions and rollbacks in order: the columns of `Promotion`."""
        names = [each.name for each in fields(Promotion)]
        if not self._has_store:
            return pd.DataFrame(columns=names)
        with self._versions() as versions:
            return pd.DataFrame(map(asdict, promotion.history(versions)), columns=names)

    @contextlib.contextmanager
    def _versions(self) -> Iterator[ModelVersions]:
        with quiet_mlflow(self.address) as mlflow:
            yield ModelVersions(mlflow.MlflowClient(), self.name)


def _latest(made: Sequence[Promotion], version: str) -> dict[str, str]:
    """Return a version's latest promotion as columns; none where it has had none."""
    for each in reversed(made):
        if each.version == version:
            return {
                "promoted_at": each.at,
                "promoted_by": each.who,
                "promoted_because": each.why,
                "champion_before": each.before,
            }
    return {}
