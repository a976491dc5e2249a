from __future__ import annotations

import json
import logging
import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from leadscore.features.contract.contract import CONTRACT_FILE, load_contract
from leadscore.features.core.errors import DataError, LeadScoreError, RunLocked
from leadscore.features.core.locks import project_lock
from leadscore.features.tables.open_tables import open_tables
from leadscore.serving.ledger.reader import nights, read_night
from leadscore.serving.ledger.schema import SCHEMA
from leadscore.serving.ledger.score_checks import NightFault
from leadscore.serving.nightly import bucket_passes as run
from leadscore.serving.nightly import run_night as nightly
from leadscore.serving.nightly.run_night import default_night, last_night, score_night
from leadscore.training.registry.mlflow_run import Trained
from leadscore.training.registry.registry import Registered, Registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from leadscore.features.tables.tables import Tables
    from leadscore.serving.nightly.scoring import Judged
    from tests.conftest import Project, Ran

NIGHT = datetime(2026, 6, 1, tzinfo=UTC)


def change_all_that_came_later(directory: Path, moment: datetime) -> None:
    """Delete later leads, turn later outcomes into wins, and scramble later events."""
    leads = directory / "raw/leads.csv"
    rows = pd.read_csv(leads, dtype=str, keep_default_na=False)
    created = pd.to_datetime(rows["created_at"], utc=True, format="ISO8601")
    rows[created < moment].to_csv(leads, index=False)
    outcomes = directory / "raw/outcomes.csv"
    rows = pd.read_csv(outcomes, dtype=str, keep_default_na=False)
    later = pd.to_datetime(rows["occurred_at"], utc=True, format="ISO8601") >= moment
    rows.loc[later, ["stage", "amount"]] = ["won", "123456"]
    rows.to_csv(outcomes, index=False)
    for part in (directory / "raw/events").glob("*.parquet"):
        events = pd.read_parquet(part)
        later = pd.to_datetime(events["occurred_at"], utc=True) >= moment
        kinds = np.random.default_rng(1).permutation(events.loc[later, "kind"].to_numpy())
        events.loc[later, "kind"] = kinds
        events[~later | (np.arange(len(events)) % 3 > 0)].to_parquet(part)


def test_a_nights_scores_hang_on_nothing_later(scored_project: Path, own_project: Path) -> None:
    change_all_that_came_later(own_project, NIGHT)
    evening_before = "ledger/night=2026-05-31"
    shutil.copytree(scored_project / evening_before, own_project / evening_before)
    score_night(own_project, as_of=NIGHT)
    before = read_night(scored_project, NIGHT).drop(columns="scored_at")
    after = read_night(own_project, NIGHT).drop(columns="scored_at")
    pd.testing.assert_frame_equal(before, after, check_exact=True)


def test_the_ledger_holds_its_columns_and_every_open_lead(scored_project: Path) -> None:
    rows = read_night(scored_project, NIGHT)
    assert list(rows) == SCHEMA.names
    assert (rows["as_of"] == NIGHT).all()
    assert rows["lead_id"].is_unique


def test_the_first_night_is_new_to_all_and_the_second_compares(scored_project: Path) -> None:
    first = read_night(scored_project, NIGHT - timedelta(days=1))
    assert set(first["moved"]) == {"new"}
    second = read_night(scored_project, NIGHT).set_index("lead_id")
    known = second.index.intersection(first["lead_id"])
    told = first.set_index("lead_id").loc[known, "tier"]
    assert second.loc[known, "previous_tier"].tolist() == told.tolist()
    assert (second["moved"] == "new").sum() == len(second) - len(known)
    assert first["run_id"].iloc[0] != second["run_id"].iloc[0]


def test_the_same_night_again_changes_nothing(scored_project: Path) -> None:
    file = next((scored_project / "ledger/night=2026-06-01").iterdir())
    before = file.stat().st_mtime_ns, file.read_bytes()
    result = score_night(scored_project, as_of=NIGHT.astimezone(ZoneInfo("America/New_York")))
    assert result.written is not None
    assert result.written.outcome == "unchanged"
    assert json.loads(max((scored_project / "runs").glob("*.json")).read_text())["outcome"] == (
        "unchanged"
    )
    assert (file.stat().st_mtime_ns, file.read_bytes()) == before
    assert not list((scored_project / "ledger").glob(".staging*"))


def test_the_newest_night_is_the_last(scored_project: Path, tmp_path: Path) -> None:
    assert last_night(scored_project) == nights(scored_project)[-1] == NIGHT
    with pytest.raises(LeadScoreError, match="holds no night yet; run `leadscore score`"):
        last_night(tmp_path)


@pytest.mark.parametrize(
    ("end", "night"),
    [
        (datetime(2026, 3, 4, 15, 30), datetime(2026, 3, 5)),
        (datetime(2026, 3, 4), datetime(2026, 3, 4)),
    ],
)
def test_by_default_it_is_the_first_midnight_after_the_data(
    project: Project, end: datetime, night: datetime
) -> None:
    with open_tables(load_contract(project.directory)) as tables:
        assert default_night(ending(tables, end)) == night


def ending(tables: Tables, end: datetime | None) -> Tables:
    return replace(tables, data_end=end)


def test_by_default_no_night_that_has_not_passed_is_scored(project: Project) -> None:
    with open_tables(load_contract(project.directory)) as tables:
        now = datetime.now(UTC).replace(tzinfo=None)
        found = default_night(ending(tables, now + timedelta(days=400)))
        undated = default_night(ending(tables, None))
    assert found == undated
    assert timedelta(0) <= now - found <= timedelta(days=1, minutes=1)


@pytest.mark.parametrize(
    ("night", "told"),
    [
        (datetime(2026, 7, 20), "19 days before the night: is the export stale?"),
        (datetime(2025, 12, 1), "its scores of this night are no test of it"),
    ],
)
def test_what_is_odd_about_a_night_is_said_in_the_log(
    project: Project, caplog: pytest.LogCaptureFixture, night: datetime, told: str
) -> None:
    contract = load_contract(project.directory)
    champion = Registry(project.directory, contract.name).champion()
    with (
        caplog.at_level(logging.WARNING, logger="leadscore.serving"),
        open_tables(contract) as tables,
    ):
        nightly._warn_about_drift(tables, champion, night)
    assert told in caplog.text


def test_a_night_that_is_held_back_writes_nothing_and_ends_with_1(
    own_project: Path, monkeypatch: pytest.MonkeyPatch, run_cli: Callable[..., Ran]
) -> None:
    fault = NightFault("constant", "p_sql is 0.1 for every lead, so it ranks nobody", 10)
    monkeypatch.setattr(run, "faults_of", lambda *_, **__: [fault])
    ran = run_cli("score", "-C", own_project, "--as-of", "2026-06-01")
    assert ran.code == 1
    assert "held back: p_sql is 0.1 for every lead" in ran.err
    assert not (own_project / "ledger").exists()


def test_the_password_of_an_address_is_not_left_with_a_nights_work(own_project: Path) -> None:
    contract = own_project / CONTRACT_FILE
    text = contract.read_text(encoding="utf-8")
    address = "duckdb:///missing/x.duckdb?password=hunt2r"
    behind = re.sub(
        r"\[events\]\npath = .*", f'[events]\naddress = "{address}"\ntable = "events"', text
    )
    assert behind != text
    contract.write_text(behind, encoding="utf-8")
    with pytest.raises(DataError, match=r"`events`: .* cannot be read"):
        score_night(own_project, as_of=NIGHT)
    left = [each for each in (own_project / ".leadscore").rglob("*") if each.is_file()]
    assert left
    assert not any("hunt2r" in each.read_text(encoding="utf-8") for each in left)


def test_a_second_run_waits_its_turn(own_project: Path) -> None:
    with project_lock(own_project, command="leadscore score"), pytest.raises(RunLocked):
        score_night(own_project, as_of=NIGHT)


def registry_with_two(directory: Path) -> Registry:
    """The project's champion, registered once more as version 2."""
    registry = Registry(directory, load_contract(directory).name)
    one = registry.champion()
    twin = Trained(one.model, one.judged, one.catalogue, one.evidence, {}, {}, dict(one.tags), {})
    assert registry.register(twin) == "2"
    return registry


def versions_of(directory: Path, night: datetime) -> set[str]:
    return set(read_night(directory, night, columns=["model_version"])["model_version"])


def test_a_promotion_during_a_night_waits_for_the_next(
    own_project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = registry_with_two(own_project)
    judge = run.judge_leads

    def promote_and_judge(*args: Any, **settings: Any) -> Judged:
        registry.promote("2", who="ann", why="while a night is scored")
        return judge(*args, **settings)

    with monkeypatch.context() as patch:
        patch.setattr(run, "judge_leads", promote_and_judge)
        score_night(own_project, as_of=NIGHT)
    assert versions_of(own_project, NIGHT) == {"1"}
    assert registry.version_of("champion") == "2"
    score_night(own_project, as_of=NIGHT + timedelta(days=1))
    assert versions_of(own_project, NIGHT + timedelta(days=1)) == {"2"}


def test_a_promotion_while_a_night_loads_its_champion_does_not_mix_two(
    own_project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = registry_with_two(own_project)
    load = Registry.load

    def promote_and_load(self: Registry, version: str) -> Registered:
        registry.promote("2", who="ann", why="between name and model")
        return load(self, version)

    monkeypatch.setattr(Registry, "load", promote_and_load)
    score_night(own_project, as_of=NIGHT)
    assert versions_of(own_project, NIGHT) == {"1"}
