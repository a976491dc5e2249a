"""A night on Spark: features by Spark's own queries, the rest by its Python workers.

Spark computes the features from the same Ibis expressions as DuckDB, and hands each bucket of leads
to a Python worker (`mapInArrow`), which has loaded the model once and stores the propensities and
whatever else the tiers need. Workers also decide tiers and write reasons and briefs; the driver
allocates the places that sales has, and writes the ledger's file from the workers' parts.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, cast

import pyarrow as pa

from leadscore.features.buckets import SMALL_MACHINE, work
from leadscore.features.buckets.spark import SparkBuckets, bucket_of, open_on_spark, own_errors
from leadscore.features.core import LeadScoreError
from leadscore.features.point_in_time import nightly_snapshots
from leadscore.serving.lead_facts import learnt_table
from leadscore.serving.nightly.bucket_passes import ask_wins, judge_buckets, judge_frame
from leadscore.serving.nightly.checkpoint_store import DONE
from leadscore.serving.nightly.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    import pandas as pd
    from pyspark.sql import DataFrame

    from leadscore.features.buckets import BucketLimits
    from leadscore.features.contract import Contract
    from leadscore.serving.ledger import NightFault
    from leadscore.serving.nightly.night_context import Night

PLACE = "(bucket)"  # no feature is called that


def spark_engine(master: str | None) -> Engine:
    """Return Spark as the engine of a night, for `score_night`.

    `master` is where it runs, such as `local[2]`; None leaves it to the active session or to
    Spark's own settings.
    """
    return Engine(f"spark {master}", partial(_open, master), judge_on_spark)


@contextmanager
def _open(
    master: str | None,
    contract: Contract,
    *,
    known_by: datetime | None,
    folder: Path,
    at_once: BucketLimits = SMALL_MACHINE,
    workers: int | None = None,  # noqa: ARG001 - Spark has its own
    kept: Path | None = None,  # noqa: ARG001 - events are cached on one machine only
) -> Iterator[SparkBuckets]:
    with open_on_spark(
        contract, known_by=known_by, folder=folder, at_once=at_once, master=master
    ) as buckets:
        yield buckets


def judge_on_spark(night: Night) -> list[NightFault]:
    """Compute features by Spark and propensities by its workers, and store both.

    Returns what is wrong with the propensities.

    Raises
    ------
    LeadScoreError
        With the message of what a worker raised.
    """
    ask_wins(night)
    to_do = [bucket for bucket in night.numbers if not night.work.has(DONE, bucket)]
    if to_do:
        with night.stages.timed("screen events"):
            rows = _features(night)
        with night.stages.timed("features and propensities"):
            _judge_all(night, rows.filter(rows[PLACE].isin(to_do)), to_do)
    return judge_buckets(night)


def _features(night: Night) -> DataFrame:
    """Return the features of the night's open leads and their buckets, not yet computed."""
    buckets = cast("SparkBuckets", night.buckets)
    tables = buckets.whole()
    snapshots = nightly_snapshots(tables, as_of=night.as_of)
    features = learnt_table(tables, snapshots, night.champion).drop("as_of")
    rows = buckets.spark.rows_of(features)
    return rows.withColumn(PLACE, bucket_of(rows["lead_id"], buckets.count))


def _judge_all(night: Night, rows: DataFrame, to_do: list[int]) -> None:
    """Score each bucket in a task of its own."""
    from pyspark.sql.pandas.types import to_arrow_schema  # noqa: PLC0415 - an extra

    task = _task(night, to_arrow_schema(rows.schema), to_do)
    with own_errors():
        placed = rows.repartitionById(night.buckets.count, PLACE)
        placed.mapInArrow(task, "bucket long").toArrow()
    left = [bucket for bucket in to_do if not night.work.has(DONE, bucket)]
    if left:
        raise LeadScoreError(
            f"Spark's workers kept nothing of {len(left)} buckets in {night.work.folder}: driver "
            "and workers must see the project folder under the same path."
        )


def _task(
    night: Night, schema: pa.Schema, to_do: list[int]
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    opening = night.opening

    def judge_part(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        from pyspark import TaskContext  # noqa: PLC0415

        context = TaskContext.get()
        bucket = context.partitionId() if context is not None else -1
        found = list(batches)
        frame = pa.Table.from_batches(found or schema.empty_table().to_batches()).to_pandas()
        strange = frame[PLACE].ne(bucket).any()
        if strange:
            raise LeadScoreError(f"Spark gave bucket {bucket} leads of another one")
        if bucket in to_do:
            features = frame.drop(columns=PLACE).sort_values("lead_id", ignore_index=True)
            work(opening, judge_bucket, bucket, (features,))
        yield pa.RecordBatch.from_pydict({"bucket": pa.array([bucket], pa.int64())})

    return judge_part


def judge_bucket(night: Night, bucket: int, features: pd.DataFrame) -> None:
    """Score a bucket by Spark's features: a row a lead, sorted by `lead_id`."""
    night.buckets.turn_to(bucket)
    judge_frame(night, bucket, features)
