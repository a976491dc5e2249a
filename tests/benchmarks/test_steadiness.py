"""The benchmark of steadiness counts what the tiers do over a few nights."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks.steadiness import DEFAULT, Nights, live, report, score_nights  # noqa: E402
from leadscore.serving.tiers.cutoffs import CutOffs  # noqa: E402


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    folder = tmp_path_factory.mktemp("steadiness")
    found = score_nights(folder, leads=2_000, seed=1, nights=6, model="regression")
    cuts = [
        replace(cut, cut_off=cut_off, share=None)
        for cut, cut_off in ((found.cuts.sql, 0.15), (found.cuts.mql, 0.05))
    ]
    return replace(found, cuts=CutOffs(*cuts))


def test_hysteresis_lowers_the_changes_and_no_handoff_is_lost_without_an_end_of_places(
    scored: Nights,
) -> None:
    none = live(scored, capacity=None, margin=0.0, nights=1)
    steady = live(scored, capacity=None, margin=DEFAULT[0], nights=DEFAULT[1])
    assert 0 < steady.changes < none.changes
    assert steady.handed_over == none.handed_over > 0
    assert steady.found == none.found <= none.reachable


def test_places_are_never_exceeded_night_after_night(scored: Nights) -> None:
    assert live(scored, capacity=1, margin=0.0, nights=1).most_a_night == 1
    assert live(scored, capacity=None, margin=0.0, nights=1).most_a_night > 1


def test_the_page_compares_with_no_hysteresis_at_the_same_capacity(scored: Nights) -> None:
    found = [
        live(scored, capacity=capacity, margin=margin, nights=nights)
        for capacity in (None, 1)
        for margin, nights in ((0.0, 1), DEFAULT)
    ]
    page = report(found, scored, leads=2_000, below="the command")
    lines = [line for line in page.splitlines() if line.startswith("|")]
    assert len(lines) == 2 + len(found)
    assert "| 100% |" in lines[2]
    assert lines[3].startswith("| **none** | **0.3** | **7** |")
    assert page.endswith("the command\n")
