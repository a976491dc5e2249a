"""The MLflow registry: what was trained, on what, how good it was, and which version scores."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from features.catalogue import Feature, from_records, to_records
from features.errors import LeadScoreError, ModelMismatch
from training.funnel import FORMAT, FunnelModel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlflow import MlflowClient

CHAMPION, CHALLENGER = "champion", "challenger"
STORE, ARTIFACTS = "mlflow.db", "mlartifacts"
ADDRESS_VARIABLES = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")
# skops loads nothing else; these hold the trees, the vocabulary and the calibrator.
TRUSTED_TYPES = [
    "collections.OrderedDict",
    "lightgbm.basic.Booster",
    "lightgbm.sklearn.LGBMClassifier",
    "training.calibration.Calibrator",
    "training.encoder.TextEncoder",
    "training.estimator.StageModel",
    "training.funnel.FunnelModel",
]
REQUIREMENTS = ["leadscore", "lightgbm", "pandas", "scikit-learn", "skops"]


@dataclass(frozen=True)
class Trained:
    """Everything that goes to the registry with a model.

    Parameters
    ----------
    model
        The fitted funnel.
    catalogue
        The features it may use.
    evidence
        Held-out propensities and outcomes: `lead` (int), `as_of`, `p_sql`, `y_sql`, `p_won`,
        `y_won`.
    params, metrics
        What MLflow shows.
    tags
        Facts that decide later: `fingerprint`, `learned_until`, `trained_until`.
    artifacts
        File name to text or bytes.
    """

    model: FunnelModel
    catalogue: tuple[Feature, ...]
    evidence: pd.DataFrame
    params: Mapping[str, object]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    artifacts: Mapping[str, str | bytes]


@dataclass(frozen=True)
class Registered:
    """A registered version, loaded.

    Parameters
    ----------
    name, version
        Its place in the registry.
    model, catalogue, evidence, tags
        As in `Trained`.
    """

    name: str
    version: str
    model: FunnelModel
    catalogue: tuple[Feature, ...]
    evidence: pd.DataFrame
    tags: Mapping[str, str]


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
        with _quiet_mlflow(self) as mlflow:
            mlflow.set_experiment(experiment_id=self._experiment(mlflow))
            with mlflow.start_run(tags=dict(trained.tags)):
                mlflow.log_params(dict(trained.params))
                mlflow.log_metrics(dict(trained.metrics))
                self._log_artifacts(mlflow, trained)
                # MLflow announces each version on standard error.
                with contextlib.redirect_stderr(io.StringIO()):
                    info = self._log_model(mlflow, trained)
            client = mlflow.MlflowClient()
            version = str(info.registered_model_version)
            for key, value in trained.tags.items():
                client.set_model_version_tag(self.name, version, key, value)
            client.set_registered_model_alias(self.name, CHALLENGER, version)
            return version

    @property
    def _has_store(self) -> bool:
        """Whether there is something to look into; a look shall not make an empty store."""
        return not self.is_local or (self.directory / STORE).exists()

    def _experiment(self, mlflow: Any) -> str:
        known = mlflow.get_experiment_by_name(self.name)
        if known is not None:
            return str(known.experiment_id)
        location = None
        if self.is_local:
            location = (self.directory / ARTIFACTS).as_uri()
        return str(mlflow.create_experiment(self.name, artifact_location=location))

    def _log_artifacts(self, mlflow: Any, trained: Trained) -> None:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            trained.evidence.to_parquet(folder / "evidence.parquet", index=False)
            catalogue = json.dumps(to_records(trained.catalogue), indent=1, ensure_ascii=False)
            (folder / "catalogue.json").write_text(catalogue, encoding="utf-8")
            for name, content in trained.artifacts.items():
                file = folder / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content.encode() if isinstance(content, str) else content)
            mlflow.log_artifacts(scratch)

    def _log_model(self, mlflow: Any, trained: Trained) -> Any:
        from mlflow.models import infer_signature  # noqa: PLC0415 - 1.5 s

        example = typical_row(trained.model)
        return mlflow.sklearn.log_model(
            trained.model,
            name="model",
            registered_model_name=self.name,
            signature=infer_signature(_optional(example), trained.model.predict(example)),
            input_example=example,
            serialization_format="skops",
            skops_trusted_types=TRUSTED_TYPES,
            pip_requirements=REQUIREMENTS,
            pyfunc_predict_fn="predict",
        )

    def versions(self) -> pd.DataFrame:
        """List the registered versions, newest first.

        Returns
        -------
        DataFrame
            Columns `version`, `aliases`, `created_at`, and the tags.
        """
        if not self._has_store:
            return pd.DataFrame()
        with _quiet_mlflow(self) as mlflow:
            client = mlflow.MlflowClient()
            found = client.search_model_versions(f"name = '{self.name}'")
            aliases = self._aliases(client)
            rows = [
                {
                    "version": str(each.version),
                    "aliases": ", ".join(a for a, v in aliases.items() if v == str(each.version)),
                    "created_at": datetime.fromtimestamp(each.creation_timestamp / 1000, UTC),
                    **each.tags,
                }
                for each in found
            ]
        rows.sort(key=lambda row: -int(row["version"]))
        return pd.DataFrame(rows)

    def _aliases(self, client: MlflowClient) -> dict[str, str]:
        from mlflow.exceptions import MlflowException  # noqa: PLC0415

        try:
            model = client.get_registered_model(self.name)
        except MlflowException:  # nothing is registered yet
            return {}
        return {alias: str(version) for alias, version in model.aliases.items()}

    def version_of(self, alias: str) -> str | None:
        """Return the version an alias stands for now; None where nobody has it."""
        if not self._has_store:
            return None
        with _quiet_mlflow(self) as mlflow:
            return self._aliases(mlflow.MlflowClient()).get(alias)

    def load(self, version: str) -> Registered:
        """Load one version with its catalogue and evidence.

        Raises
        ------
        ModelMismatch
            Where the version was saved by an older leadscore than this one can read.
        """
        with _quiet_mlflow(self) as mlflow:
            client = mlflow.MlflowClient()
            found = client.get_model_version(self.name, version)
            model = mlflow.sklearn.load_model(f"models:/{self.name}/{version}")
            if getattr(model, "format_", None) != FORMAT:
                raise ModelMismatch(
                    f"version {version} was saved in another format; train again with "
                    "`leadscore train`"
                )
            folder = Path(mlflow.artifacts.download_artifacts(run_id=found.run_id))
            records = json.loads((folder / "catalogue.json").read_text(encoding="utf-8"))
            evidence = pd.read_parquet(folder / "evidence.parquet")
            tags = dict(found.tags)
        return Registered(self.name, version, model, from_records(records), evidence, tags)

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

    def promote(self, version: str, *, who: str, why: str) -> None:
        """Make a version the champion, with who, when and why."""
        if not self._has_store:
            raise LeadScoreError(f"{self.name!r} has no version; `leadscore train` registers one")
        with _quiet_mlflow(self) as mlflow:
            client = mlflow.MlflowClient()
            self._check_version(client, version)
            before = self._aliases(client).get(CHAMPION, "")
            tags = {
                "promoted_by": who,
                "promoted_at": datetime.now(UTC).isoformat(timespec="seconds"),
                "promoted_because": why,
                "champion_before": before,
            }
            for key, value in tags.items():
                client.set_model_version_tag(self.name, version, key, value)
            client.set_registered_model_alias(self.name, CHAMPION, version)

    def _check_version(self, client: MlflowClient, version: str) -> None:
        from mlflow.exceptions import MlflowException  # noqa: PLC0415

        try:
            client.get_model_version(self.name, version)
        except MlflowException as error:
            message = f"{self.name!r} has no version {version}; `leadscore models` lists them"
            raise LeadScoreError(message) from error

    def rollback(self, *, who: str, why: str) -> str:
        """Make the champion's predecessor the champion again; return its version."""
        current = self.version_of(CHAMPION)
        if current is None:
            raise LeadScoreError("no model is champion, so there is nothing to roll back")
        with _quiet_mlflow(self) as mlflow:
            client = mlflow.MlflowClient()
            tags = client.get_model_version(self.name, current).tags
            before = str(tags.get("champion_before", ""))
        if not before:
            raise LeadScoreError(f"version {current} had no predecessor to roll back to")
        self.promote(before, who=who, why=why)
        return before


def typical_row(model: FunnelModel) -> pd.DataFrame:
    """Make up one feature row of typical values; no lead's own, so nothing personal."""
    row = {
        name: pd.Series(
            [model.typical_.get(name)], dtype="str" if name in model.text_ else "float64"
        )
        for name in model.features_
    }
    return pd.DataFrame(row)


def _optional(example: pd.DataFrame) -> pd.DataFrame:
    """Give the row twice, once empty, so that the signature lets values be missing."""
    empty = example.copy()
    for column in empty.columns:
        empty[column] = pd.Series([None], dtype=empty[column].dtype)
    return pd.concat([example, empty], ignore_index=True)


@contextlib.contextmanager
def _quiet_mlflow(registry: Registry) -> Iterator[Any]:
    """MLflow at the project's store, without its progress bars, telemetry and chatter."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    import mlflow  # noqa: PLC0415 - 1.5 s that `leadscore --help` need not wait for
    import mlflow.sklearn  # noqa: PLC0415

    for chatty in ("mlflow", "alembic"):
        logging.getLogger(chatty).setLevel(logging.ERROR)
    # MLflow writes the address into the environment; another project's must not inherit it.
    before = {name: os.environ.get(name) for name in ADDRESS_VARIABLES}
    address = registry.address
    mlflow.set_tracking_uri(address)
    mlflow.set_registry_uri(address)
    try:
        yield mlflow
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def metrics_for_mlflow(tables: Mapping[str, pd.DataFrame]) -> dict[str, float]:
    """Flatten metric tables to `stage.metric`, `stage.metric.low`, `stage.metric.high`.

    Returns
    -------
    dict of str to float
        Without figures that are not numbers, which MLflow refuses.
    """
    flat = {}
    for stage, table in tables.items():
        for metric, row in table.iterrows():
            flat[f"{stage}.{metric}"] = float(row["value"])
            flat[f"{stage}.{metric}.low"] = float(row["low"])
            flat[f"{stage}.{metric}.high"] = float(row["high"])
    return {name: value for name, value in flat.items() if value == value}  # noqa: PLR0124
