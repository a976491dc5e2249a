from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import pytest

from leadscore.features.core.errors import DataError, LeadScoreError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from pyspark.sql import SparkSession

    from leadscore.features.buckets.worker_pool import Opening


def opening_of(value: int) -> Opening[int]:
    class _Opening:  # local, or Spark's workers would look for this file
        token = f"test {value}"

        def open(self) -> AbstractContextManager[int]:
            return nullcontext(value)

    return _Opening()


def test_each_bucket_is_worked_on_and_told_in_order(spark: SparkSession) -> None:
    from leadscore.features.buckets.spark.spark_pool import SparkPool

    def times(opened: int, bucket: int, more: int) -> int:
        return opened * bucket + more

    results = SparkPool(spark).map(times, [4, 0, 2, 7, 1], opening_of(10), 3)
    assert [result.value for result in results] == [43, 3, 23, 73, 13]


def test_what_a_worker_complains_of_is_told_without_sparks_stack(spark: SparkSession) -> None:
    from leadscore.features.buckets.spark.spark_pool import SparkPool

    def complaining(_opened: Any, bucket: int) -> None:
        raise DataError(f"bucket {bucket} has no column 'Lead ID'; mend leadscore.toml")

    with pytest.raises(LeadScoreError, match=r"^bucket 0 has no column 'Lead ID'; mend \S+$"):
        list(SparkPool(spark).map(complaining, [0], opening_of(1)))
