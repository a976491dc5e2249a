from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from leadscore.features.contract.contract import load_contract
from leadscore.features.core.errors import LeadScoreError
from leadscore.serving.jobs.explain_lead import Explained, explain
from leadscore.serving.ledger.reader import read_night
from leadscore.serving.nightly.run_night import score_night
from leadscore.training.registry.mlflow_run import Trained
from leadscore.training.registry.registry import Registered, Registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from leadscore.serving.explanations.score_change import Split
    from tests.conftest import Project, Ran

pytestmark = pytest.mark.slow
NIGHT = datetime(2026, 6, 1, tzinfo=UTC)
NEXT = NIGHT + timedelta(days=1)
EDITED, ACTIVE, LEFT_ALONE = 0, 1, 2


@dataclass(frozen=True)
class Moved:
    """A company between two nights: an edit, new events, a new model, a new policy."""

    directory: Path
    lead_ids: list[str]
    explained: list[Explained]


@pytest.fixture(scope="module")
def moved(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Moved:
    directory = tmp_path_factory.mktemp("moved") / "company"
    left_out = shutil.ignore_patterns("mlartifacts", "truth", "ledger")
    shutil.copytree(project.directory, directory, ignore=left_out)
    sql_begins_at(directory, 0.25)
    score_night(directory, as_of=NIGHT)
    rows = read_night(directory, NIGHT.replace(tzinfo=UTC))
    undecided = rows[rows["rule"].isna() & rows["p_sql"].between(0.02, 0.2)]
    lead_ids = undecided["lead_id"].tail(3).tolist()
    edit(directory, lead_ids[EDITED])
    visit_pricing_page(directory, lead_ids[ACTIVE])
    promote_another_version(directory)
    sql_begins_at(directory, 0.20)
    told = [explain(directory, lead_id, as_of=NEXT) for lead_id in lead_ids]
    return Moved(directory, lead_ids, told)


def sql_begins_at(directory: Path, chance: float) -> None:
    text = f"[sql]\nmin_propensity = {chance}\n[mql]\nmin_propensity = 0.05\n"
    (directory / "tiers.toml").write_text(text)


def edit(directory: Path, lead_id: str) -> None:
    """Change what the model makes most of: who the lead is and where it came from."""
    file = directory / "raw/leads.csv"
    leads = pd.read_csv(file, dtype=str, keep_default_na=False)
    own = leads["lead_id"] == lead_id
    edits = {"employees": "12000", "industry": "Finance", "job_title": "Chief Executive Officer"}
    leads.loc[own, list(edits)] = list(edits.values())
    leads.to_csv(file, index=False)


def visit_pricing_page(directory: Path, lead_id: str) -> None:
    [file] = (directory / "raw/events").glob("*.parquet")
    events = pd.read_parquet(file)
    one = events[events["kind"] == "pricing_view"].head(1)
    visits = pd.concat([one] * 4).assign(
        lead_id=lead_id,
        occurred_at=NIGHT + timedelta(hours=9),
        recorded_at=NIGHT + timedelta(hours=9),
    )
    pd.concat([events, visits.astype(events.dtypes)]).to_parquet(file, index=False)


def promote_another_version(directory: Path) -> None:
    """Register the champion with a kinder calibrator, which is cheaper than training."""
    registry = Registry(directory, load_contract(directory).name)
    one = registry.champion()
    one.model.stages_["sql"].calibrator_.map_ = {"line": [1.0, 0.5]}
    told = Trained(one.model, one.judged, one.catalogue, one.evidence, {}, {}, one.tags, {})
    registry.promote(registry.register(told), who="ann", why="a test")


def points(split: Split | None, cause: str, of: str = "score") -> float:
    assert split is not None
    [part] = [part for part in split.parts if part.causes == (cause,) and part.of == of]
    return part.points


def adds_up(split: Split | None) -> None:
    assert split is not None
    total = sum(part.points for part in split.parts)
    assert total == pytest.approx(split.after - split.before, abs=1e-9)


@dataclass(frozen=True)
class Quiet:
    """The lead that changed most between two nights without edits, and what was said of it."""

    lead_id: str
    before: pd.Series[str]
    row: pd.Series[str]
    explained: Explained


@pytest.fixture(scope="module")
def quiet(scored_project: Path) -> Quiet:
    nights = [read_night(scored_project, night) for night in (NIGHT - timedelta(days=1), NIGHT)]
    before, rows = (night[night["rule"].isna()].set_index("lead_id") for night in nights)
    lead_id = str((rows["score"] - before["score"]).abs().idxmax())
    explained = explain(scored_project, lead_id, as_of=NIGHT)
    return Quiet(lead_id, before.loc[lead_id], rows.loc[lead_id], explained)


def test_a_lead_is_explained_as_the_ledger_told_it(quiet: Quiet) -> None:
    for column in ("p_sql", "p_won", "score", "tier", "run_id"):
        assert quiet.explained.row[column] == quiet.row[column]
    assert quiet.explained.remark == ""
    assert quiet.explained.history["as_of"].tolist() == [NIGHT - timedelta(days=1), NIGHT]


def test_colleagues_count_for_one_lead_as_they_do_among_all(scored_project: Path) -> None:
    rows = read_night(scored_project, NIGHT).set_index("lead_id")
    told = rows["reasons_for"].map(list) + rows["reasons_against"].map(list)
    of_colleagues = told.map(lambda each: [text for text in each if "colleague" in text])
    lead_id = str(of_colleagues.map(len).idxmax())
    assert of_colleagues[lead_id]
    # The ledger does not hold this moment, so that everything is worked out anew.
    fresh = explain(scored_project, lead_id, as_of=NIGHT + timedelta(microseconds=1)).row
    assert fresh["p_sql"] == pytest.approx(rows.loc[lead_id, "p_sql"], abs=1e-6)
    assert set(of_colleagues[lead_id]) <= {*fresh["reasons_for"], *fresh["reasons_against"]}


def test_a_lead_without_an_account_is_explained(scored_project: Path) -> None:
    leads = pd.read_csv(scored_project / "raw/leads.csv", dtype=str, keep_default_na=False)
    rows = read_night(scored_project, NIGHT)
    is_without = rows["lead_id"].isin(leads.loc[leads["company"] == "", "lead_id"])
    row = rows[is_without & rows["rule"].isna()].iloc[0]
    explained = explain(scored_project, row["lead_id"], as_of=NIGHT)
    assert explained.remark == ""  # the same chance as among all
    assert explained.row["reasons_for"] or explained.row["reasons_against"]


def test_without_edits_time_and_activity_make_the_change(quiet: Quiet) -> None:
    assert quiet.explained.change is not None
    score = quiet.explained.change.score
    adds_up(score)
    assert score is not None
    assert score.before == pytest.approx(float(quiet.before["score"]), abs=1e-9)
    assert score.after == pytest.approx(float(quiet.row["score"]), abs=1e-9)
    for cause in ("edits", "model", "policy"):
        assert points(score, cause) == pytest.approx(0, abs=1e-9)
    assert max(abs(points(score, cause)) for cause in ("time", "activity")) > 1
    assert any(part.facts for part in score.parts)


def test_the_parts_add_up_for_score_and_distance(moved: Moved) -> None:
    ledger = read_night(moved.directory, NIGHT).set_index("lead_id")
    for lead_id, explained in zip(moved.lead_ids, moved.explained, strict=True):
        assert explained.change is not None
        score = explained.change.score
        adds_up(score)
        adds_up(explained.change.distance)
        assert score is not None
        assert score.before == pytest.approx(ledger.loc[lead_id, "score"], abs=1e-9)
        assert score.after == pytest.approx(float(explained.row["score"]), abs=1e-9)


def test_only_the_edited_lead_changed_by_edits(moved: Moved) -> None:
    edited, *others = (told.change.score for told in moved.explained if told.change)
    assert abs(points(edited, "edits")) > 0.1
    for split in others:
        assert points(split, "edits") == pytest.approx(0, abs=1e-9)


def test_what_the_active_lead_did_is_told(moved: Moved) -> None:
    change = moved.explained[ACTIVE].change
    assert change is not None
    assert change.score is not None
    assert points(change.score, "activity") > 1
    [facts] = [part.facts for part in change.score.parts if part.causes == ("activity",)]
    counted = re.findall(r": (\d+) → (\d+)", "\n".join(facts))
    assert 4 in {int(after) - int(before) for before, after in counted}, facts


def test_a_new_model_and_a_new_policy_are_told_apart(moved: Moved) -> None:
    for explained in moved.explained:
        assert explained.change is not None
        assert (explained.change.before.model_version, explained.change.after.model_version) == (
            "1",
            "2",
        )
        assert points(explained.change.score, "model") > 0
        assert points(explained.change.score, "policy") == 0
        assert points(explained.change.distance, "policy", "cut_off") == pytest.approx(5)
        assert points(explained.change.distance, "model", "cut_off") == pytest.approx(0)


def test_a_moment_outside_the_ledger_is_said_to_be_one(moved: Moved) -> None:
    assert "The ledger does not hold this moment" in moved.explained[LEFT_ALONE].remark


def test_a_moment_later_nothing_has_changed_but_the_model(moved: Moved) -> None:
    lead_id = moved.lead_ids[LEFT_ALONE]
    told = explain(moved.directory, lead_id, as_of=NIGHT + timedelta(microseconds=1)).change
    assert told is not None
    assert points(told.score, "activity") == 0
    assert points(told.score, "time") == pytest.approx(0, abs=1e-3)
    assert points(told.score, "edits") == pytest.approx(0, abs=1e-9)
    assert points(told.score, "model") > 0


def test_a_night_of_the_ledger_is_explained_by_its_own_model(moved: Moved) -> None:
    ledger = read_night(moved.directory, NIGHT).set_index("lead_id")
    told = explain(moved.directory, moved.lead_ids[LEFT_ALONE], as_of=NIGHT)
    assert told.row["model_version"] == "1"
    assert told.row["run_id"] == ledger["run_id"].iloc[0]
    assert told.change is None


def test_a_version_that_can_no_longer_be_loaded_goes_together_with_edits(
    moved: Moved, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = Registry.load

    def lost(registry: Registry, version: str) -> Registered:
        if version == "1":
            raise FileNotFoundError("model.skops")
        return load(registry, version)

    monkeypatch.setattr(Registry, "load", lost)
    told = explain(moved.directory, moved.lead_ids[LEFT_ALONE], as_of=NEXT).change
    assert told is not None
    adds_up(told.score)
    assert told.score is not None
    assert told.score.parts[0].causes == ("edits", "model")
    assert "Model 1 can no longer be loaded" in told.remarks[0]


def test_a_night_whose_tables_were_edited_since_says_what_the_ledger_said(
    moved: Moved, run_cli: Callable[..., Ran]
) -> None:
    lead_id = moved.lead_ids[EDITED]
    said = read_night(moved.directory, NIGHT).set_index("lead_id").loc[lead_id]
    as_of = ("--as-of", f"{NIGHT:%Y-%m-%d}")
    ran = run_cli("explain", lead_id, "-C", moved.directory, *as_of, "--json")
    assert ran.code == 0
    told = json.loads(ran.out, parse_constant=pytest.fail)  # NaN is not JSON
    assert told["lead"]["lead_id"] == told["history"][0]["lead_id"] == lead_id
    assert told["lead"]["p_sql"] != told["history"][0]["p_sql"] == said["p_sql"]
    assert f"The ledger said {said['score']:.1f} this night" in told["remark"]
    assert f"Lead {lead_id} as of 2026-06-01" in ran.err


def test_even_a_lead_nobody_acts_on_has_its_reasons(project: Project) -> None:
    leads = pd.read_csv(project.directory / "raw/leads.csv", dtype=str)
    for lead_id in leads["lead_id"].tail(40):
        try:
            explained = explain(project.directory, lead_id)
        except LeadScoreError:  # won or lost by now
            continue
        if explained.row["rule"] is None or pd.isna(explained.row["rule"]):
            break
    assert explained.row["reasons_for"] or explained.row["reasons_against"]
    assert explained.history.empty


def test_an_unknown_lead_is_said_to_be_unknown(project: Project) -> None:
    with pytest.raises(LeadScoreError, match="there is no lead 'nobody'"):
        explain(project.directory, "nobody")


def test_a_lead_that_is_closed_is_said_to_be_closed(project: Project) -> None:
    outcomes = pd.read_csv(project.directory / "raw/outcomes.csv", dtype=str)
    won = outcomes.loc[outcomes["stage"] == "won", "lead_id"].iloc[0]
    with pytest.raises(LeadScoreError, match=f"lead {won} is not open as of .* won or lost"):
        explain(project.directory, won)


def test_a_lead_that_came_later_is_unknown_by_then(project: Project) -> None:
    leads = pd.read_csv(project.directory / "raw/leads.csv", dtype=str)
    newest = leads.sort_values("created_at")["lead_id"].iloc[-1]
    with pytest.raises(LeadScoreError, match=f"there is no lead '{newest}' as of 2025-12-01"):
        explain(project.directory, newest, as_of=datetime(2025, 12, 1, tzinfo=UTC))
