"""Leads with and without versions have the same snapshots, and both are measured."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks.histories import STAGES, measure, report  # noqa: E402


def test_leads_with_versions_are_measured_on_the_same_snapshots() -> None:
    without, held = measure(300, 1), measure(300, 10)
    assert without.snapshots == held.snapshots
    assert all(count > 0 for count in held.snapshots)
    assert all(seconds > 0 for seconds in (*without.seconds, *held.seconds))
    page = report(300, without, held)
    assert all(f"| {stage} |" in page for stage in (*STAGES, "all"))
