"""What `mlflow models serve` loads: the funnel, with rows read and refused by ourselves.

MLflow's server casts and checks each column of a request by itself, twice, in pandas: 20 ms for
170 features, and its refusals repeat the rows that were sent. Rows of JSON tables are therefore
read by `online.request_rows`; every other request goes MLflow's way.
"""

from __future__ import annotations

import functools
import gc
import json
import logging
import os
from typing import TYPE_CHECKING, Any

import mlflow.models
import mlflow.sklearn
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import BAD_REQUEST

from leadscore.features.core import LeadScoreError
from leadscore.serving.online.request_rows import rows_of, score_rows, tables_in
from leadscore.training.model import FunnelModel, example_rows
from leadscore.training.registry import check_format

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

logger = logging.getLogger(__name__)

SERVED_PATH = "__pyfunc_model_path__"  # which MLflow sets for the server's processes alone
JSON = "application/json"
REFUSED = (
    "the rows could not be read or scored. Rows of `dataframe_split` or `dataframe_records` in "
    "JSON are refused with the reason."
)


class ServedFunnel:
    """A fitted funnel as MLflow's plain function."""

    def __init__(self, model: FunnelModel) -> None:
        self._model = model

    def predict(self, data: pd.DataFrame, params: object = None) -> pd.DataFrame:  # noqa: ARG002 - MLflow's form
        """Score feature rows, as `FunnelModel.predict`."""
        return self._model.predict(data)

    def get_raw_model(self) -> FunnelModel:
        """Return the funnel itself, as MLflow asks for it."""
        return self._model


def _load_pyfunc(path: str) -> ServedFunnel:
    """Load a saved funnel from its folder; MLflow calls this by its name."""
    check_format(mlflow.models.Model.load(path).metadata, "the model")
    model: FunnelModel = mlflow.sklearn.load_model(path)
    model.predict(example_rows(model.typical_, model.text_))  # the first request need not wait
    if SERVED_PATH in os.environ:
        _read_rows_ourselves()
        gc.collect()
        gc.freeze()  # looking through all that was imported takes as long as ten requests
    return ServedFunnel(model)


def _read_rows_ourselves() -> None:
    """Put `_answer` before what answers in MLflow's server."""
    from mlflow.pyfunc import scoring_server  # noqa: PLC0415 - only where there is a server

    theirs = getattr(scoring_server, "invocations", None)
    if theirs is None:
        logger.warning("this MLflow's server is another; single rows take it 20 ms longer")
        return
    scoring_server.invocations = functools.partial(_answer, theirs)


def _answer(
    theirs: Callable[..., Any], data: Any, content_type: str | None, model: Any, schema: Any
) -> Any:
    """Answer one request; errors say where the fault is and never what was sent."""
    from mlflow.pyfunc.scoring_server import InvocationsResponse  # noqa: PLC0415

    try:
        funnel, kind = model.get_raw_model(), (content_type or "").split(";")[0].strip()
        request = tables_in(data) if kind == JSON and isinstance(funnel, FunnelModel) else None
        if request is None:
            return theirs(data, content_type or "", model, schema)
        answer = json.dumps({"predictions": score_rows(rows_of(request, funnel), funnel)})
        return InvocationsResponse(response=answer, status=200, mimetype=JSON)
    except LeadScoreError as error:
        raise MlflowException(str(error), error_code=BAD_REQUEST) from None
    except MlflowException:
        raise MlflowException(REFUSED, error_code=BAD_REQUEST) from None
