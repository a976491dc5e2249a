"""Companies that ought to have a model and have none are counted, and those that ought not to."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks import every_company  # noqa: E402
from benchmarks.changed_companies import FLAT, WEAK, Recipe  # noqa: E402
from benchmarks.every_company import Outcome, outcome, outcomes, report  # noqa: E402


def _outcome(kind: str, conversions: int, truth: float | None, *, has_model: bool) -> Outcome:
    return Outcome(Recipe(kind, 1_000, 1), conversions, truth, has_model, "✗ the gate | refused")


def test_the_summary_counts_what_should_not_be() -> None:
    found = [
        _outcome("steady", 200, 0.8, has_model=True),
        _outcome("steady", 200, 0.8, has_model=False),
        _outcome("steady", 50, 0.8, has_model=False),
        _outcome("steady", 200, 0.6, has_model=False),
        _outcome(FLAT, 200, None, has_model=True),
        _outcome(FLAT, 200, None, has_model=False),
    ]
    page = report(found, "the command")
    assert (
        "| true AUC 0.65 or more, 100 conversions or more | 2 | 1 | 50.0% | 1.3% to 98.7% |" in page
    )
    assert "| the others with signal | 2 | 0 |" in page
    assert "| without signal | 2 | 1 |" in page
    wrong = page.split("## ")[1].splitlines()
    assert [line.split(" | ")[3] for line in wrong if "seed" in line] == ["no", "yes"]
    assert page.endswith("the command\n")


def test_an_interrupted_run_goes_on_where_it_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Namespace(
        companies=3, without_signal=2, sizes=(300, 400), budget=None, jobs=1, rows=tmp_path / "rows"
    )
    made: list[Recipe] = []

    def made_up(recipe: Recipe, _budget: str | None) -> Outcome:
        made.append(recipe)
        return Outcome(recipe, 100, 0.7, has_model=True, said="")

    monkeypatch.setattr(every_company, "outcome", made_up)
    run = outcomes(asked)
    first = [next(run), next(run)]
    run.close()
    done = list(outcomes(asked))
    assert done[:2] == first
    assert len(done) == len({each.recipe for each in done}) == 5
    assert len(list(outcomes(asked))) == 5
    assert len(set(made)) == 5
    assert list(outcomes(Namespace(**{**vars(asked), "budget": "9s", "companies": 0}))) != done


@pytest.mark.slow
def test_a_weak_signal_is_known_and_none_is_none() -> None:
    weak, none = (outcome(Recipe(kind, 400, 5), "0s") for kind in (WEAK, FLAT))
    assert weak.truth_auc == pytest.approx(0.72, abs=0.05)
    assert weak.conversions > 20
    assert none.truth_auc is None
    assert none.has_model or "✗" in none.said or "leadscore: " in none.said
