"""The tables in buckets of leads, for more leads than memory holds.

Rows sorted to disk by the hash of their lead, sorted events kept from night to night, worker
processes, totals that need every bucket. Spark has a room inside.
"""

from leadscore.features.buckets.bucket_files import BROKEN, BUCKET, DONE, EMPTY
from leadscore.features.buckets.bucket_store import BucketOpening, BucketStore
from leadscore.features.buckets.bucketed_tables import Buckets
from leadscore.features.buckets.open_buckets import (
    SMALL_MACHINE,
    BucketLimits,
    how_many,
    open_buckets,
    settled_count,
)
from leadscore.features.buckets.worker_pool import (
    Opening,
    TaskResult,
    WorkerPool,
    peak_memory_mb,
    work,
)

__all__ = [
    "BROKEN",
    "BUCKET",
    "DONE",
    "EMPTY",
    "SMALL_MACHINE",
    "BucketLimits",
    "BucketOpening",
    "BucketStore",
    "Buckets",
    "Opening",
    "TaskResult",
    "WorkerPool",
    "how_many",
    "open_buckets",
    "peak_memory_mb",
    "settled_count",
    "work",
]
