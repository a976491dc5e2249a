from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd
import pytest

from leadscore.features.cells import measure_cell
from leadscore.features.contract import Reading
from leadscore.features.families.feature_table import build_features
from leadscore.features.families.job_titles import department, seniority
from leadscore.features.point_in_time.snapshots import nightly_snapshots, training_snapshots

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import ibis.expr.types as ir
    from pyspark.sql import SparkSession

    from leadscore.features.buckets.spark.ibis_dialect import SparkConnection
    from leadscore.features.contract.contract import Contract
    from leadscore.features.tables.tables import Tables

pytestmark = pytest.mark.slow
FLAT = """
[leads]
path = "leads.csv"
target = "Converted"
created_at = "Created"

[leads.columns]
"Visits" = "firmographic:number"
"Country" = "firmographic.country"
"Lead Source" = "channel.source"
"""
WORDS = (
    "Früleiter",  # ü is no letter to RE2
    "Chef de projet éCTO",
    "geschäftsführer",
    "Head of Sales",
    "IT-Leiter",
    "1,000+",
    "12 000",
    "1.234.567",
    "2.5 Mio",
    "$5k",
    "51-200",
    "5 members",
    "(1.234,50) €",
    "CHF 1'234.50-",
    "1,5 Mio.",
    "10 – 50k",
    "500-1M",
    "under 10",
    "1e999",
    "",
    None,
)


@pytest.fixture(scope="module")
def connection(spark: SparkSession) -> SparkConnection:
    from leadscore.features.buckets.spark.ibis_dialect import SparkConnection

    return SparkConnection.of(spark)


@pytest.fixture(scope="module")
def on_spark(
    connection: SparkConnection, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Tables]:
    """Show cleaned tables to Spark."""

    def shown(tables: Tables) -> Tables:
        folder: Path = tmp_path_factory.mktemp("spark")
        rows = {}
        for name in ("leads", "versions", "events", "outcomes"):
            table = getattr(tables, name)
            if table is not None:
                table.to_parquet(folder / f"{name}.parquet")
                file = str(folder / f"{name}.parquet")
                rows[name] = connection.read_parquet(file, table_name=f"{folder.name}_{name}")
        return replace(tables, **rows, engine=connection.name)

    return shown


def computed(table: ir.Table) -> pd.DataFrame:
    frame = table.to_pyarrow().to_pandas().sort_values(["lead_id", "as_of"], ignore_index=True)
    moments = pd.to_datetime(frame["as_of"], utc=True).dt.tz_localize(None)
    return frame.assign(as_of=moments.astype("datetime64[us]"))


def same(found: ir.Table, expected: ir.Table) -> None:
    frames = [computed(each) for each in (found, expected)]
    pd.testing.assert_frame_equal(*frames, rtol=1e-8, atol=1e-8)


def test_a_companys_features_are_those_of_duckdb(
    tables: Tables, on_spark: Callable[..., Tables], connection: SparkConnection
) -> None:
    ages = (0, 7, 60)
    kinds = ("page_view", "Reactive ü")
    found, expected = (
        build_features(each, training_snapshots(each, ages_days=ages), kinds=kinds).table
        for each in (on_spark(tables), tables)
    )
    assert len(expected.columns) > 80
    kinds_of_columns = {field.dataType.simpleString() for field in connection.rows_of(found).schema}
    assert kinds_of_columns == {"string", "double", "timestamp"}
    same(found, expected)


def test_a_flat_files_features_are_those_of_duckdb(
    write_project: Callable[..., Contract],
    open_project: Callable[..., Tables],
    on_spark: Callable[..., Tables],
) -> None:
    lines = [
        f"2024-01-{1 + row % 28:02} 09:30:00.25,{row % 7},{'NL' if row % 3 else ''},"
        f"{('Web', 'Fair', '')[row % 3]},{'' if row > 50 else row % 2}"
        for row in range(60)
    ]
    text = "\n".join(["Created,Visits,Country,Lead Source,Converted", *lines])
    tables = open_project(write_project(FLAT, leads__csv=text))
    night = pd.Timestamp("2024-06-01").to_pydatetime()
    found, expected = (
        build_features(each, nightly_snapshots(each, as_of=night)).table
        for each in (on_spark(tables), tables)
    )
    assert expected.count().to_pyarrow().as_py() == 9
    same(found, expected)


HELD = """
[leads]
path = "leads.csv"
lead_id = "id"
valid_from = "since"
[leads.columns]
status = "firmographic"
size = "firmographic:number"
title = "firmographic.job_title"
source = "channel.source"
[outcomes]
path = "outcomes.csv"
"""


def test_former_values_are_those_of_duckdb(
    write_project: Callable[..., Contract],
    open_project: Callable[..., Tables],
    on_spark: Callable[..., Tables],
) -> None:
    lines = [
        f"L{lead},2024-01-01,2024-01-{day:02},{(lead * day) % 5 or ''},{day},"
        f"{('CTO', 'Manager')[day % 2]},{'Web' if day % 3 else ''}"
        for lead in range(12)
        for day in (2 + lead, 20, 28)
    ]
    text = "\n".join(["id,created_at,since,status,size,title,source", *lines])
    won = "lead_id,occurred_at,stage\nL1,2024-03-28,won\n"
    tables = open_project(write_project(HELD, leads__csv=text, outcomes__csv=won))
    found, expected = (
        build_features(each, training_snapshots(each, ages_days=(0, 5, 19, 21)), kinds=()).table
        for each in (on_spark(tables), tables)
    )
    assert expected.lead_status.nunique().to_pyarrow().as_py() == 2
    same(found, expected)


def test_words_numbers_and_moments_mean_the_same(connection: SparkConnection) -> None:
    rows = pd.DataFrame({"word": pd.Series(WORDS, dtype="str"), "row": range(len(WORDS))})
    second = pd.Timestamp("2024-03-01 00:00:00.123456")
    rows["at"] = [second + pd.Timedelta(microseconds=row) for row in range(len(WORDS))]
    table = ibis.memtable(rows)
    read = table.select(
        "row",
        rank=seniority(table.word),
        team=department(table.word),
        number=measure_cell(table.word, Reading()),
        days=table.at.epoch_seconds() / 86_400.0,
        share=table.row / 86_400.0,
    )
    found, expected = (
        each.to_pyarrow(read).to_pandas().sort_values("row", ignore_index=True)
        for each in (connection, ibis.duckdb.connect())
    )
    pd.testing.assert_frame_equal(found, expected, rtol=0, atol=0, check_dtype=False)
    assert expected["rank"].iloc[0] == "director"
    assert np.isclose(expected["number"].iloc[5], 1000)
