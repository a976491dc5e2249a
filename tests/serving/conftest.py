"""One night, small and valid, that every test of the serving side starts from."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from leadscore.features.tables.open_tables import open_tables
from leadscore.serving.nightly.run_night import score_night
from leadscore.serving.policy.policy import Policy
from leadscore.serving.tiers.cutoffs import CutOffs, cut_offs
from tests.serving.small_company import write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from leadscore.features.tables.tables import Tables
    from tests.conftest import Project


NIGHT = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture(scope="session")
def scored_project(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the company with two nights in its ledger. Read only."""
    target = tmp_path_factory.mktemp("nights") / "company"
    left_out = shutil.ignore_patterns("mlartifacts", "truth", "ledger")
    shutil.copytree(project.directory, target, ignore=left_out)
    score_night(target, as_of=NIGHT - timedelta(days=1))
    score_night(target, as_of=NIGHT)
    return target


@pytest.fixture(scope="session")
def small_tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Tables]]:
    """Open a few leads, with what they did and what became of them; the same ones once."""
    with ExitStack() as stack:

        @cache
        def opened(**written: str) -> Tables:
            contract = write(tmp_path_factory.mktemp("small"), **written)
            return stack.enter_context(open_tables(contract))

        yield opened


@pytest.fixture
def night() -> pd.DataFrame:
    """Ten leads in every tier, moved in every way, one of them already SQL."""
    p_sql = np.linspace(0.05, 0.95, 10)
    tier = ["Nurture"] * 4 + ["MQL"] * 3 + ["SQL"] * 3
    return pd.DataFrame(
        {
            "lead_id": [f"L{number}" for number in range(10)],
            "as_of": pd.Timestamp("2026-06-30", tz="UTC"),
            "p_sql": p_sql,
            "p_won": p_sql / 4,
            "score": 100 * p_sql,
            "tier": tier,
            "model_tier": [*tier[:8], None, tier[9]],
            "previous_tier": [None, "MQL", *tier[2:7], "MQL", "SQL", None],
            "moved": ["new", "down", *["same"] * 5, "up", "same", "new"],
            "rule": [None] * 8 + ["already_sql", None],
            "team": "sales",
            "waiting": pd.array([pd.NA] * 6 + [1] + [pd.NA] * 3, dtype="Int32"),
            "waiting_since": pd.to_datetime([None] * 6 + ["2026-06-29"] + [None] * 3, utc=True),
            "nights_below": 0,
            "handoff_probability": [0.0] * 7 + [1.0] * 3,
            "reasons_for": [["Pricing page views: 4 (typical lead: 0)", "Trial: yes"]] * 10,
            "reasons_against": [["Free-mail address: yes"]] * 9 + [[]],
            "brief": [["Last: pricing view on 28 Jun."]] * 10,
            "missing_facts": [["Head count unknown: knowing it could move the score to 22-41"]]
            * 10,
            "expected_value": np.nan,
            "coverage": 0.8,
            "facts_digest": "0f3a9c21",
            "facts_changed_at": pd.Series(pd.NaT, range(10)).dt.tz_localize("UTC"),
            "model_version": "3",
            "policy_version": "de7e9c51cc3f",
            "run_id": "run-1",
            "scored_at": pd.Timestamp("2026-06-30 02:15", tz="UTC"),
        }
    )


@pytest.fixture
def draw_evidence() -> Callable[..., pd.DataFrame]:
    """Draw held-out leads whose propensities are true."""

    def draw(seed: int = 0, leads: int = 3000, mean: float = -2.0) -> pd.DataFrame:
        random = np.random.default_rng(seed)
        p_sql = 1 / (1 + np.exp(-random.normal(mean, 1.2, leads)))
        p_won = p_sql / 4
        return pd.DataFrame(
            {
                "p_sql": p_sql,
                "y_sql": (random.random(leads) < p_sql).astype(float),
                "p_won": p_won,
                "y_won": (random.random(leads) < p_won).astype(float),
                "lead": np.arange(leads),
                "as_of": pd.Timestamp("2026-03-01"),
            }
        )

    return draw


@pytest.fixture
def cuts(draw_evidence: Callable[..., pd.DataFrame]) -> CutOffs:
    """The cuts of the default policy on 3,000 leads."""
    return cut_offs(Policy(), draw_evidence())
