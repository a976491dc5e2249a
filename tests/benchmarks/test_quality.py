"""The benchmark of quality walks as a user does, and says plainly who is ahead."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks import quality  # noqa: E402
from benchmarks.changed_companies import KINDS, Recipe, make, recipes  # noqa: E402
from benchmarks.quality_companies import (  # noqa: E402
    flat_company,
    project_company,
    real_companies,
)
from benchmarks.quality_kept import Keep, task_digest  # noqa: E402
from benchmarks.quality_peers import Answer, autogluon, peer_answer, peers  # noqa: E402
from benchmarks.quality_report import OURS, judge, report  # noqa: E402
from benchmarks.quality_walk import Flat, Funnel, Task, Walked, walk  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.quality_report import Judged

ROWS = 1_200


@pytest.fixture
def task() -> Task:
    """Rows with a number and a word that tell something, a third of them to judge by."""
    draw = np.random.default_rng(0)
    rows = pd.DataFrame(
        {"visits": draw.normal(size=ROWS), "source": draw.choice(["ads", "fair"], ROWS)}
    )
    p = 1 / (1 + np.exp(-rows["visits"] - (rows["source"] == "fair")))
    outcome = (draw.random(ROWS) < p).astype("float64")
    cut = 2 * ROWS // 3
    lead = rows.index.astype("str").to_series(rows.index)
    return Task(rows[:cut], outcome[:cut], rows[cut:], outcome[cut:], lead[cut:])


def _answers(task: Task) -> pd.Series[float]:
    return 0.3 + 0.2 * task.reached + pd.Series(np.linspace(0, 0.3, 400), task.test.index)


def _judged(task: Task, ours: pd.Series[float] | str, said: Mapping[str, Answer | str]) -> Judged:
    return judge("acme", "acme", Walked("from 2026-01-01", "won", task, ours, 2.0), said)


def test_a_peer_that_is_far_ahead_is_said_to_be(task: Task) -> None:
    oracle = Answer(task.reached * 0.8 + 0.1, 1.0)
    page = report([_judged(task, _answers(task), {"an oracle": oracle})], below="the command")
    assert page.count("**behind**") == 2 + 1  # AUC and log loss, and the words that explain it
    assert "behind the best peer in AUC at 1 of 1, in log loss at 1" in page
    assert page.endswith("the command\n")


def test_a_peer_that_is_ahead_by_chance_or_behind_is_no_alarm(task: Task) -> None:
    ours = _answers(task)
    twin = ours + np.random.default_rng(0).normal(0, 1e-3, len(ours))
    for peer in (twin, pd.Series(0.5, ours.index)):
        page = report([_judged(task, ours, {"a peer": Answer(peer, 1.0)})], below="")
        assert "in AUC at 0 of 1, in log loss at 0" in page


def test_what_was_promised_stands_beside_what_came(task: Task) -> None:
    ours = pd.Series(0.25, task.test.index)
    found = _judged(task, ours, {"a peer": Answer(ours, 1.0)})
    assert found.figures.loc[OURS, "promised"] == 0.25
    assert found.came == task.reached.mean()


def test_leads_without_a_score_are_counted_and_judge_nobody(task: Task) -> None:
    ours = _answers(task)
    ours.iloc[:10] = np.nan
    found = _judged(task, ours, {"a peer": Answer(_answers(task), 1.0)})
    assert found.leads == len(ours) - 10
    assert found.notes == ["leadscore: 10 of 400 leads not scored"]


def test_a_cut_without_our_score_and_a_peer_that_failed_are_said(task: Task) -> None:
    said: dict[str, Answer | str] = {
        "a peer": Answer(_answers(task), 1.0),
        "another": "ImportError: no module",
    }
    page = report([_judged(task, "leadscore: too little", said)], below="")
    assert "leadscore: no score: leadscore: too little" in page
    assert "another: ImportError: no module" in page
    assert "Means of the 0 cuts" in page


def test_answers_are_kept_and_failures_are_not(tmp_path: Path) -> None:
    keep = Keep(tmp_path)
    assert keep.get("a", lambda: 1) == 1
    assert keep.get("a", lambda: 2) == 1
    assert keep.get("b", lambda: "failed") == "failed"
    assert keep.get("b", lambda: 3) == 3


def test_a_task_with_one_other_cell_is_another(task: Task) -> None:
    changed = task.learn.assign(visits=task.learn["visits"].where(task.learn.index > 0, 9.0))
    assert task_digest(replace(task, learn=changed)) != task_digest(task)
    assert task_digest(replace(task)) == task_digest(task)


@pytest.mark.parametrize("library", ["lightgbm", "catboost", "flaml"])
@pytest.mark.slow
def test_each_peer_ranks_later_leads(task: Task, library: str) -> None:
    pytest.importorskip(library, reason=f"{library} comes with the extra `benchmarks`")
    every = peers(flaml_seconds=5)
    peer = next(each for name, each in every.items() if name.lower().startswith(library))
    answer = peer_answer(peer, task)
    assert isinstance(answer, Answer)
    assert roc_auc_score(task.reached, answer.propensity) > 0.6


def test_autogluon_that_is_not_installed_is_said_not_to_be(
    task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "script.py").write_text("import nothing_of_the_kind")
    monkeypatch.setattr("benchmarks.quality_peers.AUTOGLUON", tmp_path / "script.py")
    said = peer_answer(lambda rows: autogluon(rows, seconds=1, python=Path(sys.executable)), task)
    assert said == "RuntimeError: ModuleNotFoundError: No module named 'nothing_of_the_kind'"


def test_more_companies_leave_the_first_ones_as_they_are() -> None:
    few, many = (recipes(KINDS, count, sizes=(300, 900), first_seed=1) for count in (7, 20))
    assert many[:7] == few
    assert {each.kind for each in few} == set(KINDS)
    assert all(300 <= each.leads <= 900 for each in many)


@pytest.mark.parametrize(("kind", "odds"), [("rates halved", 0.5), ("rates doubled", 2.0)])
def test_later_leads_of_a_changed_company_convert_at_another_rate(
    tmp_path: Path, kind: str, odds: float
) -> None:
    before, after = (
        make(Recipe(each, 3_000, 2), tmp_path / each.split()[0]) for each in ("steady", kind)
    )
    found = []
    for company in (before, after):
        ids = pd.read_csv(company.leads_file)["lead_id"].drop_duplicates()
        outcomes = pd.read_csv(company.outcomes_file)
        is_sql = ids.isin(outcomes.loc[outcomes["stage"] == "sql", "lead_id"])
        latest = ids >= "L0002250"  # every change comes before the last quarter
        p = is_sql[latest].mean()
        found.append(p / (1 - p))
    assert found[1] / found[0] == pytest.approx(odds, rel=0.3)


def test_real_companies_are_cut_by_date_or_at_random(real_data: Path, tmp_path: Path) -> None:
    found = real_companies(["x_education", "loan_funnel"], real_data)
    assert [len(each.cuts) for each in found] == [5, 4]
    assert real_companies(["x_education"], tmp_path) == []


def test_a_folder_with_a_contract_of_a_flat_file_is_a_flat_company(tmp_path: Path) -> None:
    (tmp_path / "given.csv").write_text("day,won\n2026-01-01,1\n")
    (tmp_path / "leadscore.toml").write_text(
        'name = "acme"\n[leads]\npath = "given.csv"\ntarget = "won"\ncreated_at = "day"\n'
    )
    company = project_company(tmp_path)
    assert company.files(tmp_path) == Flat(tmp_path / "given.csv", "won", "day")


@pytest.mark.slow
def test_a_flat_file_is_walked_from_init_to_scores(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = np.random.default_rng(1)
    rows = pd.DataFrame(
        {
            "day": pd.date_range("2025-01-01", periods=ROWS, freq="6h").strftime("%Y-%m-%d"),
            "visits": draw.poisson(3, ROWS),
            "outcome": draw.choice(["yes", "no"], ROWS),
        }
    )
    rows["outcome"] = np.where(rows["visits"] + draw.normal(size=ROWS) > 3, "yes", "no")
    rows.to_csv(tmp_path / "leads.csv", index=False)
    given = f"quality.py --sets --simulated 0 --flat {tmp_path}/leads.csv outcome day --cuts 1"
    given += f" --train=--budget=0s --peers logistic --keep {tmp_path}/keep --out {tmp_path}/a.md"
    for _ in range(2):  # the second time from what is kept
        monkeypatch.setattr(sys, "argv", given.split())
        quality.main()
        page = capsys.readouterr().out
        assert "| leads | from 2025-05-01 | won | 180 |" in page
        assert "Means of the 1 cuts" in page
    assert len(list((tmp_path / "keep").iterdir())) == 2
    assert flat_company(tmp_path / "leads.csv", "outcome").cuts == (0, 1, 2, 3, 4)


@pytest.mark.slow
def test_a_company_with_events_is_walked_night_by_night(tmp_path: Path) -> None:
    make(Recipe("new channels", 2_500, 1), tmp_path)
    found = walk(Funnel(tmp_path), 0.7, ["--budget", "0s"])
    sql = found[0]
    assert sql.stage == "sql"
    assert isinstance(sql.ours, pd.Series)
    assert list(sql.ours.index) == list(sql.task.test.index)
    assert list(sql.task.learn.columns) == list(sql.task.test.columns)
    assert roc_auc_score(sql.task.reached, sql.ours) > 0.6
