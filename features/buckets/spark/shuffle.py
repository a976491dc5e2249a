"""Raw rows, shuffled by Spark by the hash of their lead into the buckets' files.

Parquet files are read by Spark itself. What Spark would read differently (CSV), cannot read
(nanoseconds) or cannot reach (a table behind an address) is first copied to Parquet by the driver.
"""

from __future__ import annotations

import logging
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import ibis.expr.datatypes as dt
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import feather

from leadscore.features.buckets import BROKEN, BUCKET, DONE, EMPTY
from leadscore.features.core import DataError
from leadscore.features.shaping import is_shaped, open_shaped
from leadscore.features.sources import (
    ROW,
    close_sources,
    parquet_files,
    place_of,
    row_number,
    sources_of,
)
from leadscore.features.tables import broken_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend
    from pyspark.sql import Column, DataFrame, SparkSession

    from leadscore.features.contract import Contract

logger = logging.getLogger(__name__)

MICROSECONDS = 6  # digits of a second
# in brackets: no export has such columns
URI, START, PLACE = "(uri)", "(start)", "(place)"


def sort_raw(
    session: SparkSession, connection: Backend, contract: Contract, folder: Path, *, count: int
) -> None:
    """Shuffle the rows of a contract's tables into buckets of leads; all rows of a lead in one.

    Parameters
    ----------
    connection
        DuckDB's, for what is not Parquet.
    folder
        A folder a table is written here, for `BucketFiles`. All workers must see it under the same
        path. Tables that an earlier run finished are left as they are.

    Raises
    ------
    DataError
        Where a file is missing or cannot be read, or lead ids are fractions.
    """
    for name, source in sources_of(contract).items():
        if not (folder / name / DONE).exists():
            rows = _rows(session, connection, contract, name, folder)
            given = source.lead_id or "lead_id"
            lead_id = given if given in rows.columns else ROW
            _refuse_fractions(rows, lead_id, place_of(contract, source))
            write_buckets(rows, lead_id, folder / name, count=count)
            broken = broken_lines(connection, name).reset_index(drop=True)
            feather.write_feather(broken, folder / name / f"0-{BROKEN}")
            (folder / name / DONE).touch()


def write_buckets(rows: DataFrame, lead_id: str, target: Path, *, count: int) -> None:
    """Write rows into their leads' buckets, and an empty file for buckets without rows."""
    from pyspark.sql import functions as spark  # noqa: PLC0415 - an extra

    column = spark.col(f"`{lead_id}`")
    sorted_rows = rows.withColumn(BUCKET, bucket_of(column, count)).repartitionById(count, BUCKET)
    sorted_rows.write.mode("overwrite").partitionBy(BUCKET).parquet(str(target))
    pq.write_table(rows.limit(0).toArrow(), target / EMPTY)


def bucket_of(lead_id: Column, count: int) -> Column:
    """Compute a lead's bucket from the hash of its id without blanks."""
    from pyspark.sql import functions as spark  # noqa: PLC0415

    text = spark.regexp_replace(lead_id.cast("string"), r"\s", "")
    return spark.pmod(spark.hash(spark.coalesce(text, spark.lit(""))), spark.lit(count))


def _rows(
    session: SparkSession, connection: Backend, contract: Contract, name: str, folder: Path
) -> DataFrame:
    """Read a table with row numbers."""
    from pyspark.errors import PySparkException  # noqa: PLC0415 - an extra

    source = sources_of(contract)[name]
    files = [] if is_shaped(contract, name) else parquet_files(source, contract, name=name)
    if files:
        try:
            return _numbered(session, files)
        except PySparkException as error:  # of nanoseconds, for one, Spark knows nothing
            reason = error.getCondition() or type(error).__name__
            logger.warning("Spark cannot read %s (%s): the driver copies it", files[0], reason)
    raw = open_shaped(connection, contract, name=name)
    copy = folder / f"{name}.parquet"
    copy.parent.mkdir(parents=True, exist_ok=True)
    numbered = raw.mutate(**{ROW: row_number(raw)})
    connection.to_parquet(numbered.cast(_in_microseconds(raw)), copy)
    close_sources(connection, name)
    return session.read.parquet(str(copy))


def _in_microseconds(raw: ir.Table) -> dict[str, dt.DataType]:
    """List the timestamp columns of another precision, with the type they are cast to."""
    return {
        name: dt.Timestamp(kind.timezone)
        for name, kind in raw.schema().items()
        if isinstance(kind, dt.Timestamp) and kind.scale not in {None, MICROSECONDS}
    }


def _numbered(session: SparkSession, files: Sequence[Path]) -> DataFrame:
    """Read Parquet files; rows are numbered from 1, file after file."""
    from pyspark.sql import functions as spark  # noqa: PLC0415

    rows = session.read.option("mergeSchema", "true").parquet(*map(str, files))
    sizes = [pq.ParquetFile(file).metadata.num_rows for file in files]
    firsts = accumulate(sizes, initial=0)
    starts = dict(zip((file.resolve() for file in files), firsts, strict=False))
    file = spark.col("_metadata.file_path")
    said = [row[0] for row in rows.select(file).distinct().collect()]  # as Spark writes names
    begins = pa.array([starts[_path(uri)] for uri in said], pa.int64())
    places = session.createDataFrame(pa.table({URI: pa.array(said, pa.string()), START: begins}))
    own = [spark.col(f"`{column}`") for column in rows.columns]
    placed = rows.select(*own, file.alias(URI), spark.col("_metadata.row_index").alias(PLACE))
    found = placed.join(spark.broadcast(places), URI)
    return found.select(*own, (spark.col(START) + spark.col(PLACE) + 1).alias(ROW))


def _path(uri: str) -> Path:
    """Parse a URI such as `file:/data/my%20leads.parquet`."""
    return Path("/" + unquote(uri).removeprefix("file:").lstrip("/"))


def _refuse_fractions(rows: DataFrame, lead_id: str, place: str) -> None:
    """Refuse ids that DuckDB and Spark would write differently as text."""
    kind = rows.schema[lead_id].dataType.simpleString()
    if kind in {"float", "double"}:
        raise DataError(
            f"{place}: the column {lead_id!r} of lead ids holds fractions ({kind}), which Spark "
            "and the rest of leadscore write differently. Export the ids as text or whole numbers."
        )
