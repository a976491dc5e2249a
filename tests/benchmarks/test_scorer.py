"""The benchmark of scoring compares the same figures and counts everybody's rows alike."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks import scorer_peers  # noqa: E402
from benchmarks.scorer import Speed, report, score_table, shap_table, timed  # noqa: E402
from benchmarks.scorer_peers import grow, make_problem  # noqa: E402

if TYPE_CHECKING:
    import pytest


def test_the_tables_tell_whether_figures_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    # Others' libraries are the benchmark's own matter, and compiling for them takes minutes.
    monkeypatch.setattr(scorer_peers, "_others", lambda *_: [])
    monkeypatch.setattr(
        scorer_peers,
        "_compiler",
        lambda make, *_: scorer_peers.Scorer(make.__name__, 0, None, "not installed"),
    )
    monkeypatch.setitem(sys.modules, "shap", None)
    problem = make_problem(teach=400, judge=300)
    booster = grow(problem, trees=4, leaves=5)
    scores = score_table(problem, booster, leaves=5, repeats=1).splitlines()
    assert scores[2].startswith("| LightGBM | 4 | 0.")
    assert scores[3].startswith("| leadscore, compiled | 4 |")
    assert "to the last bit" in scores[3]
    assert scores[4].endswith("| not installed | - | - | - | - |")
    values = shap_table(booster, problem.judge[:20], repeats=1).splitlines()
    assert values[3].startswith("| leadscore, compiled | to ")
    page = report("note", ["a", "b", "c"], "the command")
    assert page.endswith("the command\n")


def test_a_speed_counts_rows_and_compares_with_the_first() -> None:
    first = Speed("slow", [], {1: 2.0, 2: 1.0}, rows=100)
    fast = Speed("fast", ["x"], {1: 1.0, 2: 0.5}, rows=1_000)
    assert fast.line(first) == ["fast", "x", "1,000", "2,000", "20.00", "20.00"]


def test_everybody_takes_a_turn_in_every_round() -> None:
    turns: list[tuple[str, int]] = []
    works = {name: lambda n, name=name: turns.append((name, n)) for name in ("a", "b")}
    assert timed(works, repeats=2).keys() == works.keys()
    assert turns == [("a", 1), ("a", 2), ("b", 1), ("b", 2)] * 3
