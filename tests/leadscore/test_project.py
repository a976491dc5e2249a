from __future__ import annotations

import shutil
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

import leadscore
from leadscore import LeadScoreError, Project, TrainingRun
from leadscore.features.core.errors import ContractError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Project as Trained

NIGHT = "2026-06-01"


@pytest.fixture(scope="module")
def opened(project: Trained) -> Project:
    return Project(project.directory)


@pytest.fixture(scope="module")
def scored(scored_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the company with nights in its ledger."""
    target = tmp_path_factory.mktemp("scored") / "company"
    shutil.copytree(scored_project, target)
    return Project(target)


@pytest.fixture(scope="module")
def run(project: Trained) -> TrainingRun:
    return TrainingRun(project.directory, project.trained)


@pytest.fixture(scope="module")
def raw(project: Trained) -> dict[str, pd.DataFrame]:
    """The company's tables as frames in memory."""
    folder = project.directory / "raw"
    return {
        "leads": pd.read_csv(folder / "leads.csv", dtype="str"),
        "events": pd.read_parquet(folder / "events"),
        "outcomes": pd.read_csv(folder / "outcomes.csv"),
    }


def flat(rows: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"Prospect ID": [f"P{number:04}" for number in range(rows)]})
    frame["Country"] = rng.choice(["NL", "DE", "FR", "BE"], rows)
    frame["Minutes"] = rng.gamma(2, 5, rows).round(2)
    return frame.assign(Converted=(frame["Minutes"] + rng.normal(0, 8, rows) > 10).astype(int))


def test_training_again_on_the_same_tables_trains_nothing(opened):
    again = opened.train(budget=0)
    assert not again.is_new
    assert again.promoted
    assert again.report().exists()
    with pytest.raises(LeadScoreError, match=r"train\(again=True\)"):
        _ = again.metrics


def test_metrics_have_intervals_for_the_model_and_every_baseline(run):
    auc = run.metrics.loc[("sql", "auc")]
    assert auc["low"] <= auc["value"] <= auc["high"]
    methods = run.baselines.index.get_level_values("method").unique()
    assert {"overall_rate", "recency"} <= set(methods)


def test_evidence_joins_to_ones_own_leads(run, raw):
    joined = run.evidence.merge(raw["leads"].drop_duplicates("lead_id"), on="lead_id")
    assert len(joined) == len(run.evidence)
    assert set(run.evidence["outcome"]) == {0.0, 1.0}


def test_evidence_is_what_the_metrics_are_of(run):
    sql = run.evidence[run.evidence["stage"] == "sql"]
    ranks = sql["propensity"].rank()
    reached = sql["outcome"] == 1
    above = ranks[reached].sum() - reached.sum() * (reached.sum() + 1) / 2
    auc = above / (reached.sum() * (~reached).sum())
    assert auc == pytest.approx(run.metrics.loc[("sql", "auc"), "value"])


def test_the_gate_lists_every_rule(run):
    assert run.promoted == run.gate["passed"].all()
    assert run.gate["detail"].str.len().min() > 0


def test_a_night_is_the_ledgers_rows(scored):
    night = scored.night()
    assert set(night["as_of"]) == {pd.Timestamp(NIGHT, tz="UTC")}
    assert {"lead_id", "p_sql", "p_won", "tier", "reasons_for"} <= set(night.columns)
    pd.testing.assert_frame_equal(scored.night(as_of=NIGHT), night)


def test_the_features_of_a_night_give_its_propensities(scored):
    frame = scored.features(as_of=NIGHT)
    predicted = frame[["lead_id"]].join(scored.champion().predict(frame))
    night = scored.night()[["lead_id", "p_sql", "p_won"]]
    pd.testing.assert_frame_equal(predicted, night, check_dtype=False, rtol=0, atol=1e-9)


def test_features_of_frames_are_those_of_the_project(scored, raw):
    champion = scored.champion()
    frame = leadscore.feature_frame(**raw, as_of=NIGHT, contract=scored.contract, model=champion)
    pd.testing.assert_frame_equal(frame, scored.features(as_of=NIGHT))


def test_contributions_have_a_column_a_feature(scored):
    champion = scored.champion()
    told = champion.contributions(scored.features(as_of=NIGHT).head(3))
    assert len(told) == 3
    assert set(told.columns) <= set(champion.catalogue.index)


def test_a_list_of_leads_is_scored_without_the_ledger(scored, raw):
    chosen = raw["leads"].drop_duplicates("lead_id").tail(5)
    rows = scored.score(leads=chosen, as_of=NIGHT)
    assert sorted(rows["lead_id"]) == sorted(chosen["lead_id"])
    assert len(scored.night()) > 5


def test_a_lead_is_explained(scored):
    lead_id = scored.night()["lead_id"].iloc[0]
    explained = scored.explain(lead_id, as_of=NIGHT)
    assert explained.row["lead_id"] == lead_id


def test_another_policy_is_tried_with_plain_values(scored):
    found = scored.what_if({"sql.min_propensity": 0.5, "exploration.share": 0})
    assert found.then.cuts.sql.cut_off == 0.5


def test_the_policy_is_told_in_sentences(scored):
    assert len(scored.tiers(check=True)) >= len(scored.tiers()) > 0


def test_the_places_of_a_night_have_a_row_a_team(scored):
    places = scored.places()
    assert places["taken"].sum() <= len(scored.night())


def test_a_night_is_exported(scored, tmp_path):
    files = scored.export(out=tmp_path)
    assert {file.suffix for file in files} == {".csv", ".xlsx"}


def test_tables_are_read_in_the_contracts_words(opened):
    leads = opened.table("leads")
    assert leads["lead_id"].is_unique
    assert {"created_at", "account"} <= set(leads.columns)


def test_what_was_checked_can_be_looked_at(opened):
    assert not opened.check().quarantine.counts.empty


def test_versions_and_promotions_are_listed(opened, run):
    assert run.version in set(opened.models()["version"])
    assert opened.promotions()["version"].tolist() == [run.version]
    assert opened.champion().version == run.version


def test_a_refused_version_is_promoted_with_a_reason_only(opened, monkeypatch):
    monkeypatch.setattr("leadscore.training.registry.registry.Registry.refusal_of", lambda *_: "no")
    with pytest.raises(LeadScoreError, match="say why="):
        opened.promote("1")


def test_a_held_back_night_is_an_error_that_says_why(opened, monkeypatch):
    held_back = SimpleNamespace(faults=[SimpleNamespace(message="half of the leads are gone")])
    monkeypatch.setattr("leadscore.project_nights.score_night", lambda *_, **__: held_back)
    with pytest.raises(LeadScoreError, match=r"gone\. accept=True writes it"):
        opened.score(as_of=NIGHT)


def test_a_project_of_frames_trains_and_scores(tmp_path):
    made = Project.from_frames(flat(), directory=tmp_path / "acme")
    run = made.train(budget=0)
    assert run.evidence["lead_id"].isin(flat()["Prospect ID"]).all()
    assert (tmp_path / "acme" / "tiers.toml").exists()


def test_a_project_is_not_made_over_another(tmp_path):
    Project.from_frames(flat(40), directory=tmp_path)
    with pytest.raises(ContractError, match="holds a project already"):
        Project.from_frames(flat(40), directory=tmp_path)


def test_a_temporary_project_goes_with_its_object():
    made = Project.from_frames(flat(40))
    directory = made.directory
    assert (directory / "leadscore.toml").exists()
    del made
    assert not directory.exists()
