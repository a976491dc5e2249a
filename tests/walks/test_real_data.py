"""The whole walk on other companies' data, as somebody with a file would go it."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from leadscore.features.contract.contract import CONTRACT_FILE, load_contract
from leadscore.features.families.feature_table import build_features
from leadscore.features.point_in_time.snapshots import nightly_snapshots
from leadscore.features.tables.open_tables import open_tables
from leadscore.serving.ledger.reader import read_night
from leadscore.serving.policy.draft_policy import draft_policy
from leadscore.serving.policy.policy import POLICY_FILE
from leadscore.training.registry.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran

    Run = Callable[..., Ran]

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("no_report_page")]

LOAN = """
name = "loan"
[leads]
path = "leads.csv"
lead_id = "lead_id"
created_at = "created_at"
[leads.columns]
amount_requested = "firmographic:number"
[events]
path = "events.parquet"
[outcomes]
path = "outcomes.csv"
[horizon_days]
sql = {sql}
won = {won}
"""
ONE_RECIPE = ("--budget", "0s")  # however busy the machine, the same model
NIGHT = datetime(2011, 12, 1, tzinfo=UTC)
TOLD_BY = datetime(2011, 12, 22, tzinfo=UTC)


def walked(
    run_cli: Run, leads: Path, directory: Path, target: str, *options: str
) -> tuple[Ran, dict, str]:
    """`leadscore init` and `leadscore train`, with nothing edited in between."""
    assert run_cli("init", leads, "--target", target, "-C", directory).code == 0
    ran = run_cli("train", "-C", directory, "--json", *options)
    card = (directory / "reports/model-1.md").read_text()
    return ran, json.loads(ran.out), card


def auc_interval(card: str) -> tuple[float, float]:
    """The interval of the model's AUC, as the card's first table of metrics shows it."""
    row = next(line for line in card.splitlines() if line.startswith("| **this model** |"))
    inside = row.split("|")[2].split("(")[1].strip(" )")
    low, high = inside.split("–")
    return float(low), float(high)


def test_x_education_walks_without_a_hand_on_it(
    run_cli: Run, real_data: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    leads = real_data / "x_education/leads.csv"
    ran, told, card = walked(run_cli, leads, tmp_path, "Converted", *ONE_RECIPE)
    assert ran.code == 0, ran.err
    auc = told["metrics"]["won"]["auc"]
    record_property("x_education AUC", auc)
    assert 0.87 <= auc <= 0.94
    assert {"Tags", "Lead Quality"} <= set(told["excluded"])
    for column in ("Tags", "Lead Quality", "Lead Profile", "Last Notable Activity"):
        assert f"| {column} |" in card
    assert "Select" in load_contract(tmp_path).reading.missing
    model = Registry(tmp_path, load_contract(tmp_path).name).champion().model
    assert not [words for words in typical_words(model) if "Select" in words]
    learnt = set(model.attributes_)
    assert not learnt & {"Tags", "Lead Quality", "Prospect ID", "Lead Number"}
    assert not learnt & {"Magazine", "Receive More Updates About Our Courses"}  # never vary


def typical_words(model: object) -> list[list[str]]:
    stages = model.stages_.values()  # type: ignore[attr-defined]
    return [words for stage in stages for words in stage.encoder_.vocabulary_.values()]


def test_crm_opportunities_are_said_to_hold_no_signal(
    run_cli: Run, real_data: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    leads = real_data / "crm_opportunities/sales_pipeline.csv"
    ran, told, card = walked(run_cli, leads, tmp_path, "deal_stage", *ONE_RECIPE)
    low, high = auc_interval(card)
    record_property("crm_opportunities AUC interval", (low, high))
    assert ran.code == 1
    assert not told["promoted"]
    assert "There is no signal" in card
    assert low <= 0.5 <= high
    assert Registry(tmp_path, load_contract(tmp_path).name).version_of("champion") is None
    ran = run_cli("score", "-C", tmp_path)
    assert ran.code == 2
    assert "is champion" in " ".join(ran.err.split())


def test_edtech_channels_are_judged_on_later_leads(
    run_cli: Run, real_data: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    leads = real_data / "edtech_channels/leads.csv"
    ran, told, card = walked(run_cli, leads, tmp_path, "app_complete_flag", *ONE_RECIPE)
    assert ran.code == 0, ran.err
    record_property("edtech_channels AUC", told["metrics"]["won"]["auc"])
    assert told["metrics"]["won"]["auc"] > 0.7
    assert "- Held out: leads created from " in card
    assert "creation dates" not in card


# ---- loan_funnel: outcomes, events and a night in the past


def loan_project(data: Path, directory: Path, *, sql: int = 7, won: int = 21) -> Path:
    directory.mkdir()
    for name in ("leads.csv", "events.parquet", "outcomes.csv"):
        shutil.copyfile(data / "loan_funnel" / name, directory / name)
    (directory / CONTRACT_FILE).write_text(LOAN.format(sql=sql, won=won))
    (directory / POLICY_FILE).write_text(draft_policy())
    return directory


def without_the_future(directory: Path) -> Path:
    """Delete whatever happened at the night or after it from the files themselves."""
    for name, column in (("leads.csv", "created_at"), ("outcomes.csv", "occurred_at")):
        rows = pd.read_csv(directory / name, dtype=str)
        happened = pd.to_datetime(rows[column], utc=True, format="ISO8601")
        rows[happened < NIGHT].to_csv(directory / name, index=False)
    events = pd.read_parquet(directory / "events.parquet")
    happened = pd.to_datetime(events["occurred_at"], utc=True, format="ISO8601")
    events[happened < NIGHT].to_parquet(directory / "events.parquet")
    return directory


def walk_to_the_night(run_cli: Run, directory: Path) -> Path:
    for verb in (("train", *ONE_RECIPE), ("score",)):
        ran = run_cli(*verb, "-C", directory, "--as-of", "2011-12-01")
        assert ran.code == 0, ran.err
    return directory


@pytest.fixture(scope="module")
def loan(run_cli: Run, real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The loan project with everything up to the end of 2011, trained and scored in the past."""
    folder = tmp_path_factory.mktemp("loan") / "all"
    return walk_to_the_night(run_cli, loan_project(real_data, folder))


@pytest.fixture(scope="module")
def loan_of_the_past(
    run_cli: Run, real_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The same with nothing in its files that was not there that night."""
    folder = tmp_path_factory.mktemp("loan") / "past"
    project = without_the_future(loan_project(real_data, folder))
    return walk_to_the_night(run_cli, project)


def features_of_the_night(directory: Path) -> pd.DataFrame:
    night = NIGHT.replace(tzinfo=None)
    with open_tables(load_contract(directory), known_by=NIGHT) as tables:
        return build_features(tables, nightly_snapshots(tables, as_of=night)).to_pandas()


def test_a_night_in_the_past_uses_nothing_later(loan: Path, loan_of_the_past: Path) -> None:
    features = features_of_the_night(loan)
    pd.testing.assert_frame_equal(
        features, features_of_the_night(loan_of_the_past), check_exact=True
    )
    models = [Registry(each, "loan").champion() for each in (loan, loan_of_the_past)]
    said = [each.model.predict(features) for each in models]
    pd.testing.assert_frame_equal(*said, check_exact=True)
    pd.testing.assert_frame_equal(models[0].evidence, models[1].evidence, check_exact=True)
    rows = [read_night(each, NIGHT).drop(columns="scored_at") for each in (loan, loan_of_the_past)]
    assert len(rows[0]) > 500
    pd.testing.assert_frame_equal(*rows, check_exact=True)


def test_the_scores_of_the_night_rank_what_came_of_it(
    loan: Path, record_property: Callable[[str, object], None]
) -> None:
    rows = read_night(loan, NIGHT).set_index("lead_id")
    outcomes = pd.read_csv(loan / "outcomes.csv", dtype=str)
    at = pd.to_datetime(outcomes["occurred_at"], utc=True, format="ISO8601")
    outcomes = outcomes[(at >= NIGHT) & (at < TOLD_BY)]
    won = rows.index.isin(outcomes.loc[outcomes["stage"] == "won", "lead_id"])
    sql = won | rows.index.isin(outcomes.loc[outcomes["stage"] == "sql", "lead_id"])
    to_come = rows["rule"] != "already_sql"
    auc_sql = roc_auc_score(sql[to_come], rows.loc[to_come, "p_sql"])
    auc_won = roc_auc_score(won, rows["p_won"])
    record_property("loan AUC of p_sql by 22 December", (auc_sql, int(to_come.sum())))
    record_property("loan AUC of p_won by 22 December", (auc_won, len(rows)))
    assert auc_sql > 0.6
    assert auc_won > 0.6


def test_training_and_scoring_build_the_same_features(loan: Path) -> None:
    """Of the snapshots that both look at: leads created the day before, on their first night."""
    from leadscore.training.dataset.training_data import prepare

    with open_tables(load_contract(loan), known_by=NIGHT + timedelta(days=20)) as tables:
        learnt = prepare(tables)
    night = pd.Timestamp(NIGHT).tz_localize(None)
    trained = learnt.frame[learnt.frame["as_of"] == night].set_index("lead_id")
    model = Registry(loan, "loan").champion().model
    with open_tables(load_contract(loan), known_by=NIGHT) as tables:
        spine = nightly_snapshots(tables, as_of=NIGHT.replace(tzinfo=None))
        scored = build_features(tables, spine, kinds=learnt.kinds).to_pandas()
    scored = scored.set_index("lead_id").loc[trained.index, trained.columns]
    assert len(trained) > 50
    assert set(model.features_) <= set(trained.columns)
    pd.testing.assert_frame_equal(trained, scored, check_exact=True)


def test_horizons_longer_than_the_history_are_said_to_be_too_long(
    run_cli: Run, real_data: Path, tmp_path: Path
) -> None:
    project = loan_project(real_data, tmp_path / "long", sql=90, won=180)
    ran = run_cli("train", "-C", project)
    assert ran.code == 1  # nothing is wrong with the files; they are too young
    said = " ".join(ran.err.split())
    assert "no lead's won horizon has passed by the end of the data" in said
    assert "horizon_days.sql" in said
    assert not (project / "mlflow.db").exists()
