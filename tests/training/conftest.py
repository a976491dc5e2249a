"""Small made-up learning problems, and tables written by hand, that the tests of training share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from leadscore.features.catalogue.feature import Feature
from leadscore.features.contract.contract import CONTRACT_FILE, load_contract
from leadscore.features.tables.open_tables import open_tables
from leadscore.training.dataset.data_sufficiency import Viability
from leadscore.training.dataset.labels import Labels
from leadscore.training.dataset.splits import split_by_time
from leadscore.training.dataset.stage_rows import SINCE_SQL
from leadscore.training.dataset.training_data import Prepared, prepare
from leadscore.training.evaluation.evaluate import evaluate
from leadscore.training.gate.promotion_gate import judge
from leadscore.training.model.funnel_model import FunnelModel
from leadscore.training.model.hyperparameter_search import Search
from leadscore.training.registry.mlflow_run import Trained
from leadscore.training.registry.registry import Registry
from leadscore.training.report.report_data import Facts, gather

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from leadscore.features.tables.tables import Tables
    from leadscore.training.dataset.splits import Split
    from tests.conftest import BuildOnce, Project

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
        weight=1.0,
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


def prepared_of(funnel: Funnel, **changes: object) -> Prepared:
    """The funnel's rows as training prepares them."""
    whole = Prepared(
        *(funnel.frame, funnel.labels, funnel.split, [], funnel.catalogue, (), [], [], [], []),
        Viability((), None, ()),
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def model(funnel: Funnel, build_once: BuildOnce) -> FunnelModel:
    """The funnel's model, fitted once. Read only."""

    def fit(_: Path) -> FunnelModel:
        return FunnelModel().fit(
            funnel.frame,
            funnel.labels,
            funnel.split,
            catalogue=funnel.catalogue,
            kinds=("visit",),
            search=Search(seconds=0),
        )

    return build_once("funnel", fit)[1]


@pytest.fixture(scope="session")
def trained(model: FunnelModel, funnel: Funnel) -> Trained:
    """What goes to the registry with the funnel's model. Read only."""
    held_out = funnel.frame[funnel.split.side == "test"]
    p = model.predict(held_out)
    return Trained(
        model=model,
        judged=model,
        catalogue=(Feature("fit", "firmographic", "number", "", "fit", "fit"),),
        evidence=p.assign(lead=np.arange(len(p)), as_of=held_out["as_of"], y_sql=0.0, y_won=0.0),
        params={"stages": "sql, won"},
        metrics={"sql.auc": 0.8},
        tags={"fingerprint": "abc", "held_out_from": "2026-01-01"},
        artifacts={"model_card.md": "# card", "plots/sql.png": b"\x89PNG"},
        learnt_from=pd.DataFrame({"lead": [1], "content": [2]}, dtype="uint64"),
    )


@pytest.fixture(scope="session")
def funnel_facts(project: Project, build_once: BuildOnce) -> Facts:
    """The report's data on the company's champion, a funnel of two stages. Read only."""
    told, contract = project.trained, load_contract(project.directory)

    def gathered(_: Path) -> Facts:
        model = Registry(project.directory, contract.name).champion().model
        return gather(contract, model, told.prepared, told.evaluation, told.verdict)

    return build_once("funnel_facts", gathered)[1]


FLAT = """
[leads]
path = "leads.csv"
target = "Converted"

[leads.columns]
Source = "channel"
Visits = "firmographic:number"
Email = "personal.email"
"""
SCRIPT = "<script>alert('&')</script>"


def write_flat_file(directory: Path, *, leads: int = 600) -> None:
    """Write leads without dates, one of whose channels is called like a program."""
    random = np.random.default_rng(1)
    visits = random.poisson(3, leads)
    source = random.choice(["web", "fair", SCRIPT], leads)
    margin = -2 + 0.5 * visits + 1.5 * (source == SCRIPT)
    pd.DataFrame(
        {
            "Converted": (random.random(leads) < 1 / (1 + np.exp(-margin))).astype(int),
            "Source": source,
            "Visits": visits,
            "Email": [f"someone.{number:04}@example.com" for number in range(leads)],
        }
    ).to_csv(directory / "leads.csv", index=False)
    (directory / CONTRACT_FILE).write_text(FLAT)


@pytest.fixture(scope="session")
def flat_facts(build_once: BuildOnce) -> Facts:
    """The report's data on a model of one stage, learnt from a flat file. Read only."""
    return build_once("flat_facts", gather_flat_facts)[1]


def gather_flat_facts(directory: Path) -> Facts:
    write_flat_file(directory)
    contract = load_contract(directory)
    with open_tables(contract) as tables:
        prepared = prepare(tables)
    model = FunnelModel().fit(
        prepared.frame,
        prepared.labels,
        prepared.split,
        catalogue=prepared.catalogue,
        search=Search(seconds=0),
    )
    evaluation = evaluate(model, prepared)
    return gather(contract, model, prepared, evaluation, judge(evaluation, overruled={}))
