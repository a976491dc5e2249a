"""MLflow at a project's own store, without output or traces in the environment."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from leadscore.features.core import LeadScoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

ADDRESS_VARIABLES = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")
_ADDRESS_LOCK = threading.RLock()  # MLflow keeps one address a process, not one a thread


@contextlib.contextmanager
def quiet_mlflow(address: str) -> Iterator[Any]:
    """Yield the module `mlflow` at a store's address, without progress bars, telemetry and logs.

    One thread at a time; the same thread may enter it again within. Raises `LeadScoreError` where
    the store cannot be used.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    import mlflow  # noqa: PLC0415 - 1.5 s that `leadscore --help` need not wait for
    import mlflow.sklearn  # noqa: PLC0415
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415

    for chatty in ("mlflow", "alembic"):
        logging.getLogger(chatty).setLevel(logging.ERROR)
    with _ADDRESS_LOCK, _environment_restored():
        mlflow.set_tracking_uri(address)
        mlflow.set_registry_uri(address)
        try:
            yield mlflow
        except (mlflow.exceptions.MlflowException, SQLAlchemyError) as error:
            reason = _without_password(str(error).splitlines()[0])
            raise LeadScoreError(
                f"the store of models {_without_password(address)} cannot be used: {reason} "
                "Restore it from a copy, or name another in MLFLOW_TRACKING_URI."
            ) from error


def _without_password(address: str) -> str:
    return re.sub(r"//[^/@]*@", "//", address)


@contextlib.contextmanager
def _environment_restored() -> Iterator[None]:
    """Restore the environment: MLflow writes its address there, which no other project may read."""
    before = {name: os.environ.get(name) for name in ADDRESS_VARIABLES}
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@dataclass(frozen=True)
class ModelVersions:
    """The versions of one registered model with their tags and aliases; each write is atomic."""

    client: MlflowClient
    name: str

    def tags(self) -> Mapping[str, Mapping[str, str]]:
        """Return the tags of every version, newest version first."""
        by_version = {str(each.version): dict(each.tags) for each in self._found()}
        return dict(sorted(by_version.items(), key=lambda item: -int(item[0])))

    def registered_at(self) -> Mapping[str, datetime]:
        """Return when each version was registered, UTC."""
        return {
            str(each.version): datetime.fromtimestamp(each.creation_timestamp / 1000, UTC)
            for each in self._found()
        }

    def _found(self) -> Sequence[ModelVersion]:
        return self.client.search_model_versions(f"name = '{self.name}'")

    def aliases(self) -> Mapping[str, str]:
        """Return the version of each alias."""
        from mlflow.exceptions import MlflowException  # noqa: PLC0415

        try:
            model = self.client.get_registered_model(self.name)
        except MlflowException:  # nothing is registered yet
            return {}
        return {alias: str(version) for alias, version in model.aliases.items()}

    def set_tag(self, version: str, key: str, value: str) -> None:
        """Write one tag of a version."""
        self.client.set_model_version_tag(self.name, version, key, value)

    def set_alias(self, alias: str, version: str) -> None:
        """Point an alias at a version."""
        self.client.set_registered_model_alias(self.name, alias, version)

    def drop_alias(self, alias: str) -> None:
        """Delete an alias."""
        self.client.delete_registered_model_alias(self.name, alias)
