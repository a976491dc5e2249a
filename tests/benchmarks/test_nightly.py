from __future__ import annotations

import shutil
from datetime import datetime
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from benchmarks import nightly
from benchmarks.nightly_company import grow

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Project

NIGHT = datetime(2026, 6, 1)


@pytest.mark.slow
def test_a_company_grows_to_the_size_asked_for(project: Project, tmp_path: Path) -> None:
    raw = project.directory / "raw"
    grown = grow(raw, tmp_path / "raw", open_leads=5_000, events=40_000, night=NIGHT)
    assert grown.open_leads == pytest.approx(5_000, rel=0.3)
    assert grown.events == pytest.approx(40_000, rel=0.05)
    assert grown.new_events > 0
    lead_id = pd.read_parquet(tmp_path / "raw/leads.parquet", columns=["lead_id"])["lead_id"]
    assert len(lead_id) == grown.leads
    assert lead_id.nunique() > 0.99 * len(lead_id)  # the simulator repeats a few, too


@pytest.mark.slow
def test_both_nights_and_the_database_are_measured(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = tmp_path / "base"
    shutil.copytree(project.directory, base, ignore=shutil.ignore_patterns("ledger", "truth"))
    monkeypatch.setattr(nightly, "NIGHT", NIGHT)
    found = nightly.measure(base, tmp_path / "company", open_leads=3_000, events=20_000)
    report = nightly.report([found], "the command")
    _grown, by_verb = found
    for verb in ("first night", "next night"):
        assert by_verb[verb].seconds["features"] > 0
        assert by_verb[verb].seconds["whole"] > by_verb[verb].seconds["features"]
        assert by_verb[verb].peak_gb > 0.1
        assert f"## {verb.capitalize()}" in report
    if "publish" not in by_verb:
        pytest.skip("PostgreSQL comes with the extra `test`")
    assert by_verb["publish"].seconds["whole"] > 0
