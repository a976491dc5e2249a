"""How a fitted funnel becomes a registered MLflow model: signature, example, no pickle."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from leadscore.features.core import ModelMismatch
from leadscore.training.model import example_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leadscore.training.model import FunnelModel

FORMAT = 5  # raised when a saved model of an earlier version can no longer be read
FORMAT_KEY = "leadscore_format"  # in the metadata of MLflow's model

# skops loads nothing else; these hold the trees, the vocabulary and the calibrator.
TRUSTED_TYPES = [
    "collections.OrderedDict",
    "lightgbm.basic.Booster",
    "numpy.dtype",
    "leadscore.training.calibration.calibrator.Calibrator",
    "leadscore.training.encoding.text_encoder.TextEncoder",
    "leadscore.training.model.stage_model.StageModel",
    "leadscore.training.model.funnel_model.FunnelModel",
    "leadscore.training.model.logistic_model.LinearModel",
    "leadscore.training.encoding.logistic_design.LinearDesign",
    "leadscore.training.encoding.ordered_target_encoder.WordRates",
]
LOADER = "leadscore.serving.online.mlflow_pyfunc"  # written into every saved model
JUDGED = "judged.skops"  # in the folder of a run's artifacts
REQUIREMENTS = ["leadscore", "lightgbm", "pandas", "scikit-learn", "skops"]


def log_model(mlflow: Any, model: FunnelModel, name: str) -> Any:
    """Log a fitted funnel to the active run and register it; returns MLflow's `ModelInfo`."""
    from mlflow.models import infer_signature  # noqa: PLC0415 - 1.5 s

    examples = example_rows(model.typical_, model.text_)
    example = examples.head(1)
    return mlflow.models.Model.log(
        None,
        _Flavor(mlflow),
        name="model",
        registered_model_name=name,
        sk_model=model,
        signature=infer_signature(examples, model.predict(example)),
        input_example=example,
        serialization_format="skops",
        skops_trusted_types=TRUSTED_TYPES,
        pip_requirements=REQUIREMENTS,
        pyfunc_predict_fn="predict",
        metadata={FORMAT_KEY: FORMAT},
    )


def save_judged(model: FunnelModel, folder: Path) -> None:
    """Save the model that the figures belong to among a run's artifacts."""
    from skops.io import dump  # noqa: PLC0415 - half a second

    dump(model, folder / JUDGED)


def load_judged(folder: Path) -> FunnelModel:
    """Load it from the folder of a run's artifacts."""
    from skops.io import load  # noqa: PLC0415

    model: FunnelModel = load(folder / JUDGED, trusted=TRUSTED_TYPES)
    return model


def check_format(metadata: Mapping[str, object] | None, which: str) -> None:
    """Raise `ModelMismatch` for a model saved in another format, before any of it is loaded."""
    found = (metadata or {}).get(FORMAT_KEY)
    if found != FORMAT:
        saved = "an older format" if found is None else f"format {found}"
        raise ModelMismatch(
            f"{which} was saved in {saved}, this leadscore reads format {FORMAT}; train again with "
            "`leadscore train --again`"
        )


class _Flavor:
    """MLflow's scikit-learn format, loaded as a plain function by `online.mlflow_pyfunc`."""

    def __init__(self, mlflow: Any) -> None:
        self._mlflow = mlflow

    def save_model(self, *, path: str, mlflow_model: Any, **settings: Any) -> None:
        """Save as MLflow does, and name who loads it for `mlflow models serve` and the like."""
        self._mlflow.sklearn.save_model(path=path, mlflow_model=mlflow_model, **settings)
        mlflow_model.flavors["python_function"]["loader_module"] = LOADER
        mlflow_model.save(str(Path(path) / "MLmodel"))
