"""The benchmark of single rows over HTTP, for a second."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks.online import measure, report  # noqa: E402

if TYPE_CHECKING:
    from tests.conftest import Project


def test_the_page_shows_every_run_and_that_answers_are_those_of_a_batch(project: Project) -> None:
    measured = measure(project.directory, runs=2, a_second=20, seconds=1)
    assert [len(run.milliseconds) for run in measured.runs] == [20, 20]
    assert not any(run.failed for run in measured.runs)
    page = report(measured, leads=4_000, a_second=20, seconds=1, below="the command")
    assert "20 of 20 rows are equal" in " ".join(page.split())
    assert len([line for line in page.splitlines() if line.startswith("| ")]) == 4
    assert page.endswith("the command\n")
