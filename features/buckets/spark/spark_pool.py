"""Spark's workers, who share buckets out among them as processes of one machine would."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa

from leadscore.features.buckets.spark.session import own_errors
from leadscore.features.buckets.worker_pool import Piece, Workers, work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pyspark.sql import SparkSession

    from leadscore.features.buckets.worker_pool import Opening

Found = TypeVar("Found")

ANSWER = "place long, piece binary"


class SparkWorkers(Workers):
    """The Python processes of a Spark session, which stay from task to task.

    Parameters
    ----------
    session
        The session.
    """

    def __init__(self, session: SparkSession) -> None:
        super().__init__(1)
        self._session = session
        # Never one, which would be the calling process itself.
        self.count = max(session.sparkContext.defaultParallelism, 2)

    def each(
        self,
        task: Callable[..., Found],
        buckets: Iterable[int],
        opening: Opening[Any],
        *arguments: object,
    ) -> Iterator[Piece[Found]]:
        """Let them work on buckets, a Spark task each; a task may be done more than once.

        Parameters
        ----------
        task, buckets, opening, arguments
            As `buckets.worker_pool.Workers.each` takes them.

        Yields
        ------
        Piece
            In the order of the buckets.

        Raises
        ------
        LeadScoreError
            What a task raised.
        """
        numbers = list(buckets)

        def answer(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for batch in batches:
                for place in batch["id"].to_pylist():
                    piece = work(opening, task, numbers[place], arguments)
                    yield _answer(place, piece)

        if not numbers:
            return
        places = self._session.range(0, len(numbers), 1, len(numbers))
        with own_errors():
            found = places.mapInArrow(answer, ANSWER).toArrow().sort_by("place")
        for piece in found["piece"]:
            yield pickle.loads(piece.as_py())  # noqa: S301 - of our own task, through our own Spark


def _answer(place: int, piece: Piece[Any]) -> pa.RecordBatch:
    columns = {"place": pa.array([place], pa.int64()), "piece": [pickle.dumps(piece)]}
    return pa.RecordBatch.from_pydict(columns)
