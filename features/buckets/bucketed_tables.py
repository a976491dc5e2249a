"""A project's tables in buckets of leads, so that memory does not grow with their number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from leadscore.features.buckets.worker_pool import WorkerPool

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    import ibis.expr.types as ir
    import pyarrow as pa

    from leadscore.features.tables import Quarantine, Tables


class Buckets:
    """Tables, one bucket of leads at a time; this base class has one bucket with all of them.

    All rows of a lead are in the same bucket. `tables` are those of the current bucket, `workers`
    the processes that work on buckets.
    """

    def __init__(self, tables: Tables, count: int = 1, workers: WorkerPool | None = None) -> None:
        self.tables, self.count, self.workers = tables, count, workers or WorkerPool(1)
        self._beside: dict[str, pa.Table] = {}

    def turn_to(self, bucket: int, *, only: Sequence[str] | None = None) -> None:
        """Show a bucket's rows in `tables`, numbered from 0; events only of the leads `only`."""

    def ask_all(self, key: str, build: Callable[[Tables], ir.Table]) -> None:
        """Run a query on the leads and outcomes of each bucket, where there are several.

        `tables.totals.answers` then has the results under `key`; `build` is a function of a
        module's top level.
        """

    def look_at_accounts(self, as_of: datetime) -> None:
        """Look at the accounts of all leads as of a night, where leads are in several buckets.

        `tables.accounts` then has them, for the features.
        """

    def quarantine(self) -> Quarantine:
        """Collect what could not be used, in the buckets shown so far."""
        return self.tables.quarantine

    def sort_beside(self, name: str, file: Path, columns: Sequence[str]) -> None:
        """Sort the rows of another Parquet file, with a column `lead_id`, by the same leads.

        Of `columns`, among them `lead_id`, those that the file lacks are left out.
        """
        parquet = pq.ParquetFile(file)
        have = [column for column in columns if column in parquet.schema_arrow.names]
        self._beside[name] = parquet.read(columns=have)

    def beside(self, name: str, bucket: int) -> pa.Table:  # noqa: ARG002 - there is but one
        """Read a bucket's rows of such a file."""
        return self._beside[name]
