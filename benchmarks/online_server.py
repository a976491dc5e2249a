"""MLflow's model server for a project's champion, in a process of its own, and a client for it."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from leadscore.training.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

HOST = "127.0.0.1"
PATIENCE_SECONDS = 60.0  # importing MLflow and LightGBM takes a busy machine 15


@dataclass(frozen=True)
class Server:
    """A server that answers.

    Parameters
    ----------
    port
        Where, on this machine.
    log
        The file of what it says.
    started_seconds
        How long it took until it answered.
    """

    port: int
    log: Path
    started_seconds: float


@dataclass(frozen=True)
class Answer:
    """What came back.

    Parameters
    ----------
    status
        HTTP's.
    body
        The text.
    """

    status: int
    body: str

    @property
    def predictions(self) -> list[dict[str, float | None]]:
        """The propensities, a row each."""
        found: list[dict[str, float | None]] = json.loads(self.body)["predictions"]
        return found


@contextmanager
def serving(directory: Path, name: str, *, log: Path) -> Iterator[Server]:
    """Run `mlflow models serve` for the champion until the block ends.

    Parameters
    ----------
    directory
        The project.
    name
        The registered model's name.
    log
        Where the server's output goes.
    """
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", f"models:/{name}@champion"]
    command += ["--env-manager", "local", "--host", HOST, "--port", str(port)]
    # MLflow calls `uvicorn` by name, and its child must import the code that is running here.
    here = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    code = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    address = Registry(directory, name).address
    own = {"PATH": here, "PYTHONPATH": code, "MLFLOW_TRACKING_URI": address}
    start = time.perf_counter()
    with log.open("w") as out:
        process = subprocess.Popen(
            command, env=os.environ | own, stdout=out, stderr=subprocess.STDOUT, cwd=directory
        )
        try:
            _wait(port, process, log)
            yield Server(port, log, time.perf_counter() - start)
        finally:
            process.terminate()
            process.wait(timeout=20)


class Client:
    """One connection that is kept open, as a website's server would keep it."""

    def __init__(self, server: Server) -> None:
        self._connection = http.client.HTTPConnection(HOST, server.port, timeout=30)

    def ask(self, body: bytes, *, content_type: str = "application/json") -> Answer:
        """Send one request to `/invocations`; the server closes what was idle for seconds."""
        try:
            return self._ask(body, content_type)
        except (ConnectionError, http.client.HTTPException):
            self._connection.close()  # the next request opens it anew
            return self._ask(body, content_type)

    def _ask(self, body: bytes, content_type: str) -> Answer:
        self._connection.request("POST", "/invocations", body, {"Content-Type": content_type})
        found = self._connection.getresponse()
        return Answer(found.status, found.read().decode())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def as_request(rows: pd.DataFrame) -> bytes:
    """Write feature rows as the body of a request; JSON has every bit of a number."""
    known = rows.astype("object").where(rows.notna(), None)
    table = {"columns": list(rows.columns), "data": known.to_numpy().tolist()}
    return json.dumps({"dataframe_split": table}).encode()


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until and process.poll() is None:
        asked = http.client.HTTPConnection(HOST, port, timeout=5)
        try:
            asked.request("GET", "/ping")
            if asked.getresponse().status == http.HTTPStatus.OK:
                return
        except OSError:
            time.sleep(0.1)
        finally:
            asked.close()
    raise RuntimeError(f"the server did not start: {log.read_text()[-2000:]}")
