"""The benchmark of promises: what is judged is what sales would meet, and failure is called so."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks import (  # noqa: E402
    promises,
    promises_companies,
    promises_rules,
)
from benchmarks.promises_companies import KNOWN_BY, Company, Kind, trained_companies  # noqa: E402
from benchmarks.promises_report import report  # noqa: E402

if TYPE_CHECKING:
    from benchmarks.promises_kept import Kept

LEADS = 3_000  # enough to learn from
KEPT = promises.Kept(
    1, 0.0, "SQL", 0.30, promises_rules.OURS, promises.AFTER, 0.4, 0.35, 0.37, 0.05, 0.2
)


def _evidence(seed: int, *, leads: int = 2_000, snapshots: int = 3) -> pd.DataFrame:
    """Leads that are looked at some times, with calibrated propensities."""
    draw = np.random.default_rng(seed)
    p = draw.beta(1, 3, leads * snapshots)
    return pd.DataFrame(
        {
            "lead": np.repeat(np.arange(leads), snapshots),
            "as_of": pd.Timestamp("2026-01-01")
            + pd.to_timedelta(np.tile(np.arange(snapshots), leads), "D"),
            "p_sql": p,
            "y_sql": (draw.random(len(p)) < p).astype("float64"),
            "p_won": np.nan,
            "y_won": np.nan,
        }
    )


def test_the_naive_cut_off_is_the_lowest_that_looks_good_enough() -> None:
    evidence = pd.DataFrame(
        {
            "lead": [1, 2, 3, 4],
            "as_of": pd.Timestamp("2026-01-01"),
            "p_sql": [0.4, 0.3, 0.2, 0.1],
            "y_sql": [1.0, 0.0, 0.0, 0.0],
        }
    )
    assert promises_rules.naive(evidence, 0.5) == 0.3
    assert promises_rules.naive(evidence.assign(y_sql=0.0), 0.5) is None


def test_mapie_finds_our_cut_off_once_it_is_lent_our_order() -> None:
    pytest.importorskip("mapie", reason="MAPIE comes with the extra `benchmarks`")
    pairs = [
        (promises_rules.ours(evidence, promised), promises_rules.first_time(evidence, promised))
        for evidence in map(_evidence, range(5))
        for promised in (0.3, 0.5)
    ]
    assert all(mine is not None for mine, _ in pairs)
    # MAPIE counts the failures as a rounded product and may find one too many: it is then stricter.
    assert np.mean([mine == theirs for mine, theirs in pairs]) >= 0.8
    assert all(theirs is None or mine <= theirs for mine, theirs in pairs if mine is not None)


def test_a_lead_is_judged_when_it_first_reaches_the_cut_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(promises, "rules", lambda: {"half": lambda *_: 0.5})
    rows = pd.DataFrame(
        {
            "lead": [0, 0, 0, 1, 2, 3],
            "created_at": [KNOWN_BY] * 5 + [pd.Timestamp("2026-02-01")],
            "true": [0.1, 0.2, 0.6, 0.4, 0.7, 0.9],
            "at_age": True,
            "nightly": [True, True, True, False, False, False],
        }
    )
    said = np.array([0.1, 0.6, 0.7, 0.5, 0.4, 0.8])
    company = Company(1, pd.Timestamp("2026-01-01"), pd.DataFrame(), said)
    found = {each.judged_on: each for each in promises.judged(company, 0.0, rows)}
    after = found[promises.AFTER]
    assert after.precision == pytest.approx((0.2 + 0.4) / 2)
    assert after.precision_in_tier == pytest.approx((0.2 + 0.6 + 0.4) / 3)
    assert after.handed_over == pytest.approx(2 / 3)
    assert after.found == pytest.approx((0.2 + 0.6 + 0.4) / 2.0)
    assert found[promises.SAME].precision == 0.9
    assert found[promises.NIGHTS].precision == pytest.approx(0.2)


def test_too_many_broken_promises_are_called_so() -> None:
    assert "| **no** |" in _page(short=20)
    assert "| 20 (20% of them) | 20.0% |" in _page(short=20)
    assert "| yes |" in _page(short=5)


def test_a_company_without_a_cut_off_breaks_no_promise() -> None:
    none = replace(KEPT, cut_off=None, precision=float("nan"))
    page = report([none], leads=1, below="the command")
    assert "| 1 | 0 | 0 | 0.0% |" in page


def test_the_shortfall_under_drift_is_stated() -> None:
    drifted = [
        replace(KEPT, drift=-1.0, seed=seed, precision=0.2, judged_on=promises.NIGHTS)
        for seed in range(4)
    ]
    page = report([KEPT, *drifted], leads=1, below="the command")
    assert "| -1 | SQL: 30% | leadscore | 4 | 4 | 4 of 4 | 20.0% | 10.0 points |" in page


def _page(*, short: int) -> str:
    found: list[Kept] = [
        replace(KEPT, seed=seed, precision=0.25 if seed < short else 0.35) for seed in range(100)
    ]
    return report(found, leads=1, below="the command")


@pytest.mark.slow
def test_companies_are_trained_once_and_judged_on_leads_of_their_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(promises_companies, "DRAFTED_FROM", 1_000)
    kind = Kind(LEADS, 0.0, "regression")
    companies, rows = trained_companies(
        kind, range(1, 3), fresh=400, nightly=1, kept=tmp_path, jobs=1
    )
    written = {file: file.stat().st_mtime_ns for file in tmp_path.glob("*.pkl")}
    assert len(companies) == 2
    assert rows["true"].between(0, 1, inclusive="left").all()
    assert np.isfinite(companies[0].said).all()
    assert np.isnan(companies[1].said[~rows["at_age"].to_numpy()]).all()
    assert np.corrcoef(companies[0].said, rows["true"])[0, 1] > 0.5  # the rows are the same leads
    again, _ = trained_companies(kind, range(1, 3), fresh=400, nightly=1, kept=tmp_path, jobs=1)
    assert written == {file: file.stat().st_mtime_ns for file in tmp_path.glob("*.pkl")}
    assert (again[0].said == companies[0].said).all()
