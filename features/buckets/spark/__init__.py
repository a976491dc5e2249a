"""The same buckets and features on a Spark session."""

from leadscore.features.buckets.spark.session import own_errors
from leadscore.features.buckets.spark.shuffle import bucket_of
from leadscore.features.buckets.spark.spark_buckets import SparkBuckets, open_on_spark

__all__ = [
    "SparkBuckets",
    "bucket_of",
    "open_on_spark",
    "own_errors",
]
