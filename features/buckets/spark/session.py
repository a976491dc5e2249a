"""A Spark session with the settings leadscore needs, and its errors as one clear line."""

from __future__ import annotations

import os
import re
import sys
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

from leadscore.features.core import LeadScoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import SparkSession

# Timestamps without a zone are UTC; names of columns are case-sensitive, as in DuckDB.
SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.caseSensitive": "true",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "65536",
}
OWN_ERROR = re.compile(r"^leadscore\.[\w.]+: (.+)", re.MULTILINE | re.DOTALL)
NEWEST_PANDAS = "PySpark does not yet fully support pandas"  # it is given Arrow, never pandas


@contextmanager
def spark_session(master: str | None) -> Iterator[SparkSession]:
    """Use the active Spark session, or start one and stop it at the end.

    `master` is where Spark runs, such as `local[2]` or `spark://host:7077`; None leaves it to
    Spark's own settings.

    Raises
    ------
    LeadScoreError
        Where PySpark or Java is missing, or Spark does not start.
    """
    warnings.filterwarnings("ignore", NEWEST_PANDAS, FutureWarning)
    try:
        from pyspark.sql import SparkSession  # noqa: PLC0415 - an extra
    except ImportError as error:
        message = f"--engine spark needs PySpark ({error}); pip install 'leadscore[spark]'"
        raise LeadScoreError(message) from error
    running = SparkSession.getActiveSession()
    session = running or _started(master)
    try:
        _refuse_speculation(session)
        for name, value in SETTINGS.items():
            session.conf.set(name, value)
        yield session
    finally:
        if running is None:
            session.stop()


def _started(master: str | None) -> SparkSession:
    from pyspark.errors import PySparkException  # noqa: PLC0415
    from pyspark.sql import SparkSession  # noqa: PLC0415

    builder = SparkSession.builder.appName("leadscore")
    if master is not None:
        builder = builder.master(master)
        if master.startswith("local"):  # its workers are this machine's, with this Python
            os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    try:
        session: SparkSession = builder.getOrCreate()
    except (PySparkException, RuntimeError, OSError, ValueError) as error:
        raise LeadScoreError(
            f"Spark does not start at {master or 'the master of its settings'}: "
            f"{str(error).splitlines()[0]} It needs Java 17 or later (`java -version`, or "
            "JAVA_HOME) and a master that answers."
        ) from error
    return session


def _refuse_speculation(session: SparkSession) -> None:
    """Refuse two tasks of the same bucket at a time: they would write the same files."""
    if session.conf.get("spark.speculation", "false") == "true":
        raise LeadScoreError("Spark runs tasks twice at a time; set spark.speculation to false")


@contextmanager
def own_errors() -> Iterator[None]:
    """Raise a worker's error with its own message, without Spark's stack.

    Raises
    ------
    LeadScoreError
        With that message; for any other error, with the name of Spark's error condition.
    """
    from pyspark.errors import PySparkException  # noqa: PLC0415

    try:
        yield
    except PySparkException as error:
        found = OWN_ERROR.search(str(error))
        # Spark's message may hold a cell, and a cell may be somebody's name.
        condition = error.getCondition() or type(error).__name__
        message = f"Spark gave up with {condition}; its own log says more"
        raise LeadScoreError(found[1].strip() if found else message) from error
