from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from leadscore.features.buckets.bucket_files import BucketFiles
from leadscore.features.core.errors import DataError
from leadscore.features.sources.row_numbers import ROW
from leadscore.features.tables.open_tables import connected

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pyspark.sql import SparkSession

    from leadscore.features.contract.contract import Contract

CONTRACT = """
[leads]
path = "leads*.parquet"
lead_id = "Lead ID"
created_at = "Created"

[leads.columns]
"Visits" = "firmographic:number"

[outcomes]
path = "outcomes.csv"
"""
OUTCOMES = "lead_id,occurred_at,stage\n L3 ,2024-03-01,won\nL3,2024-03-02,lost\nbroken,line\n"


def leads(first: int, ids: str = "L") -> pd.DataFrame:
    rows = range(first, first + 30)
    lead_id = [f"{ids}{row}" for row in rows]
    created = pd.Timestamp("2024-01-01") + pd.to_timedelta([*rows], unit="h")
    return pd.DataFrame({"Lead ID": lead_id, "Created": created, "Visits": [*rows]})


def sorted_by_spark(session: SparkSession, contract: Contract, folder: Path) -> list[pd.DataFrame]:
    from leadscore.features.buckets.spark.shuffle import sort_raw

    with connected() as connection:
        sort_raw(session, connection, contract, folder, count=3)
        files = BucketFiles(connection, contract, folder, count=3)
        assert len(files.broken("outcomes")) == 1
        return [
            files.show(name, bucket).to_pandas().assign(table=name, bucket=bucket)
            for name in ("leads", "outcomes")
            for bucket in range(3)
        ]


@pytest.mark.parametrize("unit", ["us", "ns"])
def test_rows_keep_their_numbers_and_all_of_a_lead_lie_in_one_bucket(
    unit: str,
    spark: SparkSession,
    write_project: Callable[..., Contract],
    caplog: pytest.LogCaptureFixture,
) -> None:
    contract = write_project(CONTRACT, outcomes__csv=OUTCOMES)
    for place, name in enumerate(("leads 1 (ä=b)%20+c.parquet", "leads 2.parquet")):
        part = leads(30 * place)
        part["Created"] = part["Created"].astype(f"datetime64[{unit}]")
        part.to_parquet(contract.directory / name)
    with caplog.at_level(logging.WARNING):
        parts = sorted_by_spark(spark, contract, contract.directory / "raw")
    assert ("the driver copies it" in caplog.text) == (unit == "ns")
    found, outcomes = pd.concat(parts[:3]), pd.concat(parts[3:])
    expected = pd.concat([leads(0), leads(30)], ignore_index=True)
    ordered = found.sort_values(ROW, ignore_index=True)
    assert ordered[ROW].tolist() == list(range(1, 61))
    pd.testing.assert_frame_equal(ordered[list(expected)], expected, check_dtype=False)
    assert found["bucket"].nunique() == 3
    assert set(outcomes["bucket"]) == set(found.loc[found["Lead ID"] == "L3", "bucket"])


def test_ids_that_are_fractions_are_refused(
    spark: SparkSession, write_project: Callable[..., Contract]
) -> None:
    contract = write_project(CONTRACT, outcomes__csv=OUTCOMES)
    part = leads(0)
    part.assign(**{"Lead ID": part["Visits"] / 1.0}).to_parquet(
        contract.directory / "leads.parquet"
    )
    with pytest.raises(DataError, match=r"'Lead ID' of lead ids holds fractions \(double\)"):
        sorted_by_spark(spark, contract, contract.directory / "raw")
