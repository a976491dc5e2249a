"""MLflow at a project's own store: quiet, and without leaving its address behind."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlflow import MlflowClient

ADDRESS_VARIABLES = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")
_ONE_ADDRESS = threading.RLock()  # MLflow keeps one address a process, not one a thread


@contextlib.contextmanager
def quiet_mlflow(address: str) -> Iterator[Any]:
    """Give the module `mlflow` at an address, without progress bars, telemetry and chatter.

    One thread at a time; the same thread may ask again within.

    Parameters
    ----------
    address
        Of the tracking store and the registry.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    import mlflow  # noqa: PLC0415 - 1.5 s that `leadscore --help` need not wait for
    import mlflow.sklearn  # noqa: PLC0415

    for chatty in ("mlflow", "alembic"):
        logging.getLogger(chatty).setLevel(logging.ERROR)
    with _ONE_ADDRESS, _environment_kept():
        mlflow.set_tracking_uri(address)
        mlflow.set_registry_uri(address)
        yield mlflow


@contextlib.contextmanager
def _environment_kept() -> Iterator[None]:
    """MLflow writes the address into the environment; another project's must not inherit it."""
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
class Shelf:
    """The versions of one registered model, with their tags and aliases, as MLflow keeps them.

    Parameters
    ----------
    client
        MLflow's client of the store.
    name
        The registered model's name.
    """

    client: MlflowClient
    name: str

    def tags(self) -> Mapping[str, Mapping[str, str]]:
        """Return the tags of every version, newest version first."""
        found = self.client.search_model_versions(f"name = '{self.name}'")
        by_version = {str(each.version): dict(each.tags) for each in found}
        return dict(sorted(by_version.items(), key=lambda item: -int(item[0])))

    def registered_at(self) -> Mapping[str, datetime]:
        """Return the moment at which each version was registered, UTC."""
        found = self.client.search_model_versions(f"name = '{self.name}'")
        return {
            str(each.version): datetime.fromtimestamp(each.creation_timestamp / 1000, UTC)
            for each in found
        }

    def aliases(self) -> Mapping[str, str]:
        """Return the version that each alias stands for."""
        from mlflow.exceptions import MlflowException  # noqa: PLC0415

        try:
            model = self.client.get_registered_model(self.name)
        except MlflowException:  # nothing is registered yet
            return {}
        return {alias: str(version) for alias, version in model.aliases.items()}

    def set_tag(self, version: str, key: str, value: str) -> None:
        """Write one tag of a version, in one transaction."""
        self.client.set_model_version_tag(self.name, version, key, value)

    def set_alias(self, alias: str, version: str) -> None:
        """Let an alias stand for a version, in one transaction."""
        self.client.set_registered_model_alias(self.name, alias, version)

    def drop_alias(self, alias: str) -> None:
        """Let an alias stand for nothing."""
        self.client.delete_registered_model_alias(self.name, alias)
