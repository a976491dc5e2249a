from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from leadscore.cli.screens.night_screen import night_summary
from leadscore.features.contract.contract import load_contract
from leadscore.features.core.errors import LeadScoreError
from leadscore.features.point_in_time.snapshots import listed_snapshots
from leadscore.features.tables.open_tables import open_tables
from leadscore.serving.export.scored_list import LIST_COLUMNS, SCORE_COLUMNS
from leadscore.serving.lead_facts.model_inputs import learnt_features
from leadscore.serving.ledger.reader import read_night
from leadscore.serving.nightly.score_list import score_file
from leadscore.serving.policy.policy import policy_version
from leadscore.training.registry.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Project, Ran

    Run = Callable[..., Ran]

NIGHT = datetime(2026, 6, 1, tzinfo=UTC)
AFTER = datetime(2026, 7, 1, tzinfo=UTC)  # when the company's data ends
MISSING = "the cell counts as missing"


def leads_of(directory: Path) -> pd.DataFrame:
    rows = pd.read_csv(directory / "raw/leads.csv", dtype=str, keep_default_na=False)
    return rows.drop_duplicates("lead_id").reset_index(drop=True)


def closed_leads(directory: Path, stage: str) -> list[str]:
    outcomes = pd.read_csv(directory / "raw/outcomes.csv", dtype=str)
    return outcomes.loc[outcomes["stage"] == stage, "lead_id"].to_list()


def new_leads(directory: Path, count: int = 12) -> pd.DataFrame:
    return leads_of(directory).tail(count).assign(lead_id=[f"NEW-{n}" for n in range(count)])


@dataclass(frozen=True)
class Returned:
    """A list, and what `score --leads` made of it."""

    given: pd.DataFrame
    rows: pd.DataFrame
    quarantine: pd.DataFrame
    ran: Ran


@pytest.fixture(scope="module")
def returned(project: Project, run_cli: Run, tmp_path_factory: pytest.TempPathFactory) -> Returned:
    """Forty leads in which every kind of row and cell is wrong once, with a night's faults beside.

    Rows 1 to 12 cannot be scored, rows 13 to 20 can without a cell, the others are as they should.
    """
    directory = tmp_path_factory.mktemp("list") / "company"
    left_out = shutil.ignore_patterns("truth", "ledger", "mlartifacts")
    shutil.copytree(project.directory, directory, ignore=left_out)
    every = leads_of(directory)
    ends = {stage: closed_leads(directory, stage)[0] for stage in ("won", "lost")}
    closed = {lead for stage in ends for lead in closed_leads(directory, stage)}
    given = every[~every["lead_id"].isin(closed)].tail(40).reset_index(drop=True)
    given.loc[0:2, "lead_id"] = ["", "   ", "n/a"]
    given.loc[3] = every.set_index("lead_id", drop=False).loc[ends["won"]]
    given.loc[4] = every.set_index("lead_id", drop=False).loc[ends["lost"]]
    given.loc[5:6, "lead_id"] = given.loc[30, "lead_id"]
    given.loc[5:6, "created_at"] = ["2026-06-30T23:00:00Z", ""]
    given.loc[7:8, "created_at"] = ["2062-01-01", "2099-12-31"]
    given.loc[12:13, "created_at"] = ["last spring", "2026-13-45"]
    given.loc[14:16, "employees"] = ["1e999", "lots", "jo@x.example"]
    given.loc[17:18, "revenue_eur"] = ["infinite", "?"]
    given.loc[19, ["employees", "revenue_eur", "created_at"]] = ["x", "y", "z"]
    lines = given.to_csv(index=False).splitlines()
    lines[10] = lines[10].rsplit(",", 3)[0]
    lines[11] += ",x,y"
    lines[12] = lines[12].replace(",", ',"', 1)
    (directory / "list.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    ran = run_cli("score", "-C", directory, "--leads", directory / "list.csv", "--json")
    rows = pd.read_csv(directory / "list.scores.csv", dtype={"lead_id": str})
    aside = pd.read_csv(directory / "quarantine/list.csv", keep_default_na=False)
    return Returned(given, rows, aside, ran)


def test_every_row_of_a_list_comes_back_in_its_order(returned: Returned) -> None:
    rows = returned.rows
    assert list(rows.columns) == [*SCORE_COLUMNS, *LIST_COLUMNS]
    assert rows["row"].tolist() == list(range(1, 41))
    assert rows["lead_id"].tolist()[12:] == returned.given["lead_id"].tolist()[12:]
    is_scored = rows["score"].notna()
    assert is_scored.tolist() == [False] * 12 + [True] * 28
    assert (rows["why_not_scored"].isna() == is_scored).all()
    assert rows.loc[~is_scored, ["p_sql", "p_won", "tier", "model_version"]].isna().all(axis=None)
    assert rows.loc[20:, ["why_not_scored", "cells_not_used"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ((1, 2, 3), "lead_id: missing"),
        ((4,), r"lead_id: already won on 202\d-\d\d-\d\d"),
        ((5,), r"lead_id: already lost on 202\d-\d\d-\d\d"),
        ((6, 7), "lead_id: the same lead as row 31"),
        ((8,), r'created_at "2062-01-01": later than .* UTC, so not created yet'),
        ((9,), r'created_at "2099-12-31": later than .* UTC, so not created yet'),
        ((10, 11, 12), r"\(whole line\): \d+ cells where the header has 17"),
    ],
)
def test_a_row_that_cannot_be_scored_says_why(
    returned: Returned, rows: tuple[int, ...], why: str
) -> None:
    told = returned.rows.set_index("row").loc[list(rows), "why_not_scored"]
    assert told.str.fullmatch(why).all(), told.to_list()
    assert returned.quarantine["row"].isin(rows).sum() >= len(rows)


@pytest.mark.parametrize(
    ("row", "cells"),
    [
        (13, ['created_at "last spring": not a date that can be read']),
        (14, ['created_at "2026-13-45": not a date that can be read']),
        (15, ['employees "1e999": not a number']),
        (16, ['employees "lots": not a number']),
        (17, ['employees "(e-mail address)": not a number']),
        (18, ['revenue_eur "infinite": not a number']),
        (19, ['revenue_eur "?": not a number']),
        (20, ['created_at "z": not a date that can be read', 'employees "x": not a number',
              'revenue_eur "y": not a number']),
    ],
)  # fmt: skip
def test_a_cell_that_cannot_be_read_is_named_beside_the_score(
    returned: Returned, row: int, cells: list[str]
) -> None:
    assert returned.rows.set_index("row").loc[row, "cells_not_used"] == "; ".join(cells)
    aside = returned.quarantine[returned.quarantine["row"] == row]
    assert len(aside) == len(cells)
    assert aside["reason"].str.endswith(MISSING).all()


def test_the_counts_of_a_list_are_told_to_people_and_programs(returned: Returned) -> None:
    assert returned.ran.code == 1  # twelve rows need a person
    told = json.loads(returned.ran.out)
    assert (told["rows"], told["scored"], told["cells_not_used"]) == (40, 28, 10)
    assert told["not_scored"] == {"no id": 3, "broken line": 3, "repeated": 2,
                                  "not created yet": 2, "won": 1, "lost": 1}  # fmt: skip
    assert sum(told["tiers"].values()) == 28
    assert told["file"].endswith("list.scores.csv")
    said = " ".join(returned.ran.err.split())
    assert "28 of 40 rows are scored. Not scored: " in said
    assert "3 × no id" in said
    assert "Unreadable cells that count as missing: 10." in said


def test_the_faults_of_a_list_are_laid_out_as_those_of_a_night(returned: Returned) -> None:
    aside = returned.quarantine
    assert list(aside.columns) == ["table", "row", "column", "value", "reason"]
    assert len(aside) == 12 + 10
    assert set(aside["table"]) == {"list"}


def test_a_list_without_faults_is_done(own_project: Path, run_cli: Run) -> None:
    listed = own_project / "list.csv"
    new_leads(own_project).to_csv(listed, index=False)
    out = own_project / "scores.parquet"
    ran = run_cli("score", "-C", own_project, "--leads", listed, "--out", out)
    assert ran.code == 0
    rows = pd.read_parquet(out)
    assert rows["lead_id"].tolist() == [f"NEW-{number}" for number in range(12)]
    assert rows["p_sql"].between(0, 1).all()
    assert not (own_project / "ledger").exists()
    assert not (own_project / "quarantine/list.csv").exists()


def test_a_list_of_which_nothing_can_be_scored_comes_back(own_project: Path) -> None:
    listed = own_project / "list.csv"
    new_leads(own_project, 3).assign(lead_id="").to_csv(listed, index=False)
    found = score_file(own_project, listed)
    assert found.rows["why_not_scored"].tolist() == ["lead_id: missing"] * 3
    assert found.scored.rows.empty


def test_as_of_an_earlier_moment_later_leads_are_not_created_yet(own_project: Path) -> None:
    listed = own_project / "list.csv"
    rows = new_leads(own_project, 4)
    rows["created_at"] = ["2026-05-31", "2026-05-31T23:59Z", "2026-06-01", "2026-06-02"]
    rows.to_csv(listed, index=False)
    found = score_file(own_project, listed, as_of=NIGHT)
    assert found.rows["score"].notna().tolist() == [True, True, False, False]
    assert found.not_scored == {"not created yet": 2}


def test_a_lead_that_is_won_later_is_open_before(own_project: Path) -> None:
    outcomes = pd.read_csv(own_project / "raw/outcomes.csv", dtype=str)
    late = outcomes[(outcomes["stage"] == "won") & (outcomes["occurred_at"] > "2026-06-02")]
    rows = leads_of(own_project)
    rows[rows["lead_id"].isin(late["lead_id"]) & (rows["created_at"] < "2026-06")].to_csv(
        own_project / "list.csv", index=False
    )
    before = score_file(own_project, own_project / "list.csv", as_of=NIGHT)
    assert len(before.rows) > 0
    assert before.not_scored == {}
    after = score_file(own_project, own_project / "list.csv")
    assert after.not_scored == {"won": len(after.rows)}


def test_a_list_of_known_leads_scores_with_the_projects_events(scored_project: Path) -> None:
    told = read_night(scored_project, NIGHT).set_index("lead_id")
    rows = leads_of(scored_project)
    listed = scored_project / "known.csv"
    rows[rows["lead_id"].isin(told.index[told["rule"].isna()][:15])].to_csv(listed, index=False)
    found = score_file(scored_project, listed, as_of=NIGHT).rows.set_index("lead_id")
    np.testing.assert_allclose(found["p_sql"], told.loc[found.index, "p_sql"], atol=1e-9)


def test_a_list_takes_nobodys_place(own_project: Path) -> None:
    listed = own_project / "list.csv"
    new_leads(own_project, 60).to_csv(listed, index=False)
    without = score_file(own_project, listed)
    with (own_project / "tiers.toml").open("a", encoding="utf-8") as policy:
        policy.write("\n[capacity]\nreps = 0\nleads_a_day = 1\n")
    found = score_file(own_project, listed)
    assert found.rows["tier"].tolist() == without.rows["tier"].tolist()
    assert found.scored.rows["waiting"].isna().all()
    assert set(found.rows["policy_version"]) == {policy_version(found.policy)}
    console = Console(record=True, width=120, quiet=True)
    console.print(night_summary(found.scored.rows, found.scored.cuts, found.policy))
    assert "places" not in console.export_text()


@pytest.mark.usefixtures("no_report_page")
def test_a_list_need_not_have_the_target(tmp_path: Path, run_cli: Run) -> None:
    random = np.random.default_rng(5)
    size = random.integers(1, 500, 1200)
    won = (random.random(1200) < 0.1 + 0.6 * size / 500).astype(int)
    frame = pd.DataFrame({"Size": size, "Source": random.choice(["fair", "web"], 1200), "Won": won})
    frame.to_csv(tmp_path / "leads.csv", index=False)
    project = tmp_path / "p"
    assert run_cli("init", tmp_path / "leads.csv", "--target", "Won", "-C", project).code == 0
    assert run_cli("train", "--budget=0s", "-C", project).code == 0
    frame.drop(columns="Won").head(30).to_csv(tmp_path / "list.csv", index=False)
    out = tmp_path / "scores.csv"
    ran = run_cli("score", "-C", project, "--leads", tmp_path / "list.csv", "--out", out)
    assert ran.code == 0, ran.err
    scores = pd.read_csv(out)
    assert len(scores) == 30
    assert scores["p_won"].between(0, 1).all()
    assert scores["p_sql"].isna().all()


@pytest.mark.parametrize(("delimiter", "encoding"), [(";", "cp1252"), ("\t", "utf-16")])
def test_a_list_is_read_as_it_was_written(own_project: Path, delimiter: str, encoding: str) -> None:
    given = new_leads(own_project)
    file = own_project / "list.csv"
    given.to_csv(file, index=False, sep=delimiter, encoding=encoding)
    listed = score_file(own_project, file, as_of=NIGHT)
    assert listed.rows["lead_id"].to_list() == given["lead_id"].to_list()
    given.to_csv(file, index=False)
    expected = score_file(own_project, file, as_of=NIGHT)
    pd.testing.assert_series_equal(listed.rows["p_sql"], expected.rows["p_sql"])


def test_a_list_without_a_column_of_the_contract_is_refused(own_project: Path) -> None:
    listed = own_project / "list.csv"
    new_leads(own_project).drop(columns="industry").to_csv(listed, index=False)
    with pytest.raises(LeadScoreError, match=r"list\.csv has no column 'industry'"):
        score_file(own_project, listed)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--leads", "list.csv", "--replace"], "are for a night"),
        (["--leads", "list.csv", "--accept"], "are for a night"),
        (["--leads", "list.csv", "--workers", "2"], "are for a night"),
        (["--leads", "list.csv", "--engine", "spark"], "are for a night"),
        (["--out", "scores.csv"], "--out is for a list"),
    ],
)
def test_an_option_of_the_other_kind_of_run_is_refused(
    own_project: Path, run_cli: Run, options: list[Any], told: str
) -> None:
    ran = run_cli("score", "-C", own_project, *options)
    assert ran.code == 2
    assert told in " ".join(ran.err.split())


def test_a_lead_of_a_list_has_the_colleagues_that_the_project_knows(own_project: Path) -> None:
    firms = leads_of(own_project)["company"]
    known = firms[firms != ""].value_counts()
    firm = known.index[0]
    given = new_leads(own_project, 3).assign(company=[firm, "", "A firm with no other lead"])
    file = own_project / "list.csv"
    given.to_csv(file, index=False)
    found = score_file(own_project, file, as_of=AFTER)
    assert found.rows["p_sql"].notna().all()
    contract = load_contract(own_project)
    with open_tables(contract, leads_file=file) as tables:
        snapshots = listed_snapshots(tables, as_of=AFTER.replace(tzinfo=None))
        champion = Registry(own_project, contract.name).champion()
        frame = learnt_features(tables, snapshots, champion).set_index("lead_id")
    np.testing.assert_array_equal(frame["colleagues"], [known[firm], np.nan, 0])
