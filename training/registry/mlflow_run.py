"""What one training run leaves in MLflow: figures, artifacts, tuning trials and the model."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from leadscore.features.families import Feature, to_records
from leadscore.training.registry.mlflow_model import log_model, save_judged

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from leadscore.training.model import FunnelModel

LEARNT_FROM = "learnt_from.parquet"


@dataclass(frozen=True)
class Trained:
    """Everything that goes to the registry with a model.

    Parameters
    ----------
    judged
        The model by the same recipe that has not learnt from the held-out leads.
    catalogue
        The features the model may use.
    evidence
        Held-out propensities and outcomes: `lead` (int), `as_of`, `p_sql`, `y_sql`, `p_won`,
        `y_won`.
    tags
        `fingerprint`, `held_out_from`, `known_until`, `gate`.
    artifacts
        File name to text or bytes.
    learnt_from
        Hashes of the leads it learnt from, of `dataset.traces`.
    trials
        By stage: a flat record for each trial of the tuning; each becomes a child run.
    """

    model: FunnelModel
    judged: FunnelModel
    catalogue: tuple[Feature, ...]
    evidence: pd.DataFrame
    params: Mapping[str, object]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    artifacts: Mapping[str, str | bytes]
    learnt_from: pd.DataFrame = field(default_factory=pd.DataFrame)
    trials: Mapping[str, Sequence[Mapping[str, object]]] = field(default_factory=dict)


def log_trained(mlflow: Any, trained: Trained, name: str) -> Any:
    """Log a trained model to the active run and register it; returns MLflow's `ModelInfo`."""
    mlflow.log_params(dict(trained.params))
    mlflow.log_metrics(dict(trained.metrics))
    _log_artifacts(mlflow, trained)
    # MLflow announces each version on standard error.
    with contextlib.redirect_stderr(io.StringIO()):
        info = log_model(mlflow, trained.model, name)
    for stage, trials in trained.trials.items():
        for trial in trials:
            _log_trial(mlflow, stage, trial)
    return info


def metrics_for_mlflow(tables: Mapping[str, pd.DataFrame]) -> dict[str, float]:
    """Flatten metric tables to `stage.metric`, `stage.metric.low`, `stage.metric.high`.

    Figures that are not numbers are left out, as MLflow refuses them.
    """
    flat = {}
    for stage, table in tables.items():
        for metric, row in table.iterrows():
            for end, suffix in (("value", ""), ("low", ".low"), ("high", ".high")):
                flat[f"{stage}.{metric}{suffix}"] = float(row[end])
    return {name: value for name, value in flat.items() if value == value}  # noqa: PLR0124


def _log_artifacts(mlflow: Any, trained: Trained) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        save_judged(trained.judged, folder)
        trained.evidence.to_parquet(folder / "evidence.parquet", index=False)
        trained.learnt_from.to_parquet(folder / LEARNT_FROM, index=False)
        catalogue = json.dumps(to_records(trained.catalogue), indent=1, ensure_ascii=False)
        (folder / "catalogue.json").write_text(catalogue, encoding="utf-8")
        for name, content in trained.artifacts.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.encode() if isinstance(content, str) else content)
        mlflow.log_artifacts(scratch)


def _log_trial(mlflow: Any, stage: str, trial: Mapping[str, object]) -> None:
    """Log one trial of the tuning as a child of the run that is open."""
    figures = {name: float(str(trial[name])) for name in ("loss", "trees", "seconds")}
    with mlflow.start_run(nested=True, run_name=f"{stage} trial {trial['number']}"):
        mlflow.log_params({k: v for k, v in trial.items() if k not in figures} | {"stage": stage})
        mlflow.log_metrics(figures)
