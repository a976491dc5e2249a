"""Small made-up learning problems, and tables written by hand, that the tests of training share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from features.catalogue import Feature
from features.contract import CONTRACT_FILE, load_contract
from features.tables import open_tables
from training.funnel import SINCE_SQL, FunnelModel
from training.labels import Labels
from training.splits import split_by_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from features.tables import Tables
    from training.splits import Split

CONTRACT = """
[leads]
path = "leads.csv"
created_at = "created_at"
account = "account"

[outcomes]
path = "outcomes.csv"
recorded_at = "recorded_at"

[horizon_days]
sql = 10
won = 30
"""


@pytest.fixture
def open_outcomes(tmp_path: Path) -> Iterator[Callable[..., Tables]]:
    """Open leads and outcomes given as rows; every lead is created on 1 January 2026."""
    opened = []

    def write(*outcomes: tuple[str, ...], leads: str = "ABC", ends: str = "2026-06-30") -> Tables:
        created = pd.DataFrame({"lead_id": list(leads), "created_at": "2026-01-01", "account": ""})
        end = pd.DataFrame({"lead_id": ["Z"], "created_at": [ends], "account": [""]})
        pd.concat([created, end]).to_csv(tmp_path / "leads.csv", index=False)
        rows = [(*row, row[1]) if len(row) == 3 else row for row in outcomes]
        columns = ["lead_id", "occurred_at", "stage", "recorded_at"]
        pd.DataFrame(rows, columns=columns).to_csv(tmp_path / "outcomes.csv", index=False)
        (tmp_path / CONTRACT_FILE).write_text(CONTRACT)
        context = open_tables(load_contract(tmp_path))
        opened.append(context)
        return context.__enter__()

    yield write
    for context in opened:
        context.__exit__(None, None, None)


@dataclass(frozen=True)
class Funnel:
    """Features and labels of made-up leads, two snapshots each, in a funnel of two stages."""

    frame: pd.DataFrame
    labels: Labels
    split: Split
    catalogue: tuple[Feature, ...]


def make_funnel(*, leads: int = 1500, seed: int = 5) -> Funnel:
    random = np.random.default_rng(seed)
    number = np.repeat(np.arange(leads), 2)
    fit = np.repeat(random.normal(size=leads), 2)
    visits = random.poisson(np.exp(0.4 * fit))
    source = np.where(random.random(2 * leads) < 0.4, "fair", "web").astype(object)
    source[random.random(2 * leads) < 0.1] = None
    margin = -1 + fit + 0.5 * (source == "fair") + 0.3 * visits
    y_sql = (random.random(2 * leads) < 1 / (1 + np.exp(-margin))).astype(float)
    is_sql = random.random(2 * leads) < 0.1
    y_won = ((y_sql == 1) | is_sql) & (random.random(2 * leads) < 1 / (1 + np.exp(0.5 - fit)))
    created = pd.Timestamp("2025-01-01") + pd.to_timedelta(number * 6, unit="h")
    as_of = created.normalize() + pd.to_timedelta(1 + 7 * (np.arange(2 * leads) % 2), unit="D")
    frame = pd.DataFrame(
        {
            "lead_id": [f"L{each:05}" for each in number],
            "as_of": as_of,
            "fit": fit + random.normal(scale=0.5, size=2 * leads),
            "visits": visits.astype(float),
            "source": pd.Series(source, dtype="str"),
            "empty": np.nan,
            SINCE_SQL: np.where(is_sql, 24.0, np.nan),
        }
    )
    labelled = frame[["lead_id", "as_of"]].assign(
        created_at=created,
        account=pd.Series([None] * (2 * leads), dtype="str"),
        is_sql=is_sql,
        y_sql=np.where(is_sql, np.nan, y_sql),
        known_sql_at=as_of + pd.Timedelta(days=30),
        y_won=y_won.astype(float),
        known_won_at=as_of + pd.Timedelta(days=60),
    )
    labels = Labels(labelled, ("sql", "won"))
    catalogue = tuple(
        Feature(name, "firmographic", kind, "", name.replace("_", " "), name)  # type: ignore[arg-type]
        for name, kind in (
            ("fit", "number"), ("visits", "number"), ("source", "text"), ("empty", "number"),
            (SINCE_SQL, "number"),
        )
    )  # fmt: skip
    return Funnel(frame, labels, split_by_time(labels), catalogue)


@pytest.fixture(scope="session")
def funnel() -> Funnel:
    return make_funnel()


@pytest.fixture(scope="session")
def model(funnel: Funnel) -> FunnelModel:
    """The funnel's model, fitted once. Read only."""
    return FunnelModel().fit(
        funnel.frame, funnel.labels, funnel.split, catalogue=funnel.catalogue, kinds=("visit",)
    )
