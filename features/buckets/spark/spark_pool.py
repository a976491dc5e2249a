"""Spark's Python workers, used like the worker processes of one machine."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa

from leadscore.features.buckets import TaskResult, WorkerPool, work
from leadscore.features.buckets.spark.session import own_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pyspark.sql import SparkSession

    from leadscore.features.buckets import Opening

Value = TypeVar("Value")

SCHEMA = "place long, result binary"


class SparkPool(WorkerPool):
    """The Python workers of a Spark session, which stay alive from task to task."""

    def __init__(self, session: SparkSession) -> None:
        super().__init__(1)
        self._session = session
        # one would mean the calling process itself
        self.count = max(session.sparkContext.defaultParallelism, 2)

    def map(
        self,
        task: Callable[..., Value],
        buckets: Iterable[int],
        opening: Opening[Any],
        *arguments: object,
    ) -> Iterator[TaskResult[Value]]:
        """Run a task for each bucket, as `WorkerPool.map` does; Spark may repeat one that failed.

        Raises
        ------
        LeadScoreError
            With the message of what a task raised.
        """
        numbers = list(buckets)

        def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for batch in batches:
                for place in batch["id"].to_pylist():
                    yield _row(place, work(opening, task, numbers[place], arguments))

        if not numbers:
            return
        places = self._session.range(0, len(numbers), 1, len(numbers))
        with own_errors():
            found = places.mapInArrow(run, SCHEMA).toArrow().sort_by("place")
        for result in found["result"]:
            yield pickle.loads(result.as_py())  # noqa: S301 - of our own task, through our own Spark


def _row(place: int, result: TaskResult[Any]) -> pa.RecordBatch:
    columns = {"place": pa.array([place], pa.int64()), "result": [pickle.dumps(result)]}
    return pa.RecordBatch.from_pydict(columns)
