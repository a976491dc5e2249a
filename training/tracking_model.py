"""How a fitted funnel becomes a registered MLflow model: signature, example, no pickle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from training.funnel import FunnelModel

# skops loads nothing else; these hold the trees, the vocabulary and the calibrator.
TRUSTED_TYPES = [
    "collections.OrderedDict",
    "lightgbm.basic.Booster",
    "numpy.dtype",
    "training.calibration.Calibrator",
    "training.encoder.TextEncoder",
    "training.estimator.StageModel",
    "training.funnel.FunnelModel",
    "training.linear.LinearDesign",
    "training.linear.LinearModel",
    "training.word_rates.WordRates",
]
REQUIREMENTS = ["leadscore", "lightgbm", "pandas", "scikit-learn", "skops"]


def log_model(mlflow: Any, model: FunnelModel, name: str) -> Any:
    """Log a fitted funnel to the active run and register it.

    Parameters
    ----------
    mlflow
        The module, with a run under way.
    model
        The fitted funnel.
    name
        The registered model's name.

    Returns
    -------
    ModelInfo
        MLflow's, with `registered_model_version`.
    """
    from mlflow.models import infer_signature  # noqa: PLC0415 - 1.5 s

    example = typical_row(model)
    return mlflow.sklearn.log_model(
        model,
        name="model",
        registered_model_name=name,
        signature=infer_signature(_optional(example), model.predict(example)),
        input_example=example,
        serialization_format="skops",
        skops_trusted_types=TRUSTED_TYPES,
        pip_requirements=REQUIREMENTS,
        pyfunc_predict_fn="predict",
    )


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
