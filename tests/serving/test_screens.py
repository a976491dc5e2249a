from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from rich.console import Console

from serving.explain import Explained
from serving.screens import lead_summary, versions_table

if TYPE_CHECKING:
    from rich.console import RenderableType


def shown(what: RenderableType) -> str:
    console = Console(width=100, file=StringIO(), force_terminal=False)
    console.print(what)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_a_lead_is_shown_with_chances_tier_and_reasons(night: pd.DataFrame) -> None:
    told = shown(lead_summary(Explained(night.iloc[8], night.iloc[:0])))
    assert "Lead L8 as of 2026-06-30 00:00 UTC" in told
    assert "Tier SQL, score 85: 85 % to become sales qualified, 21 % to be won" in told
    assert "80 % of what the model asks for is known." in told
    assert "For: Pricing page views: 4 (typical lead: 0)" in told
    assert "Against: Free-mail address: yes" in told
    assert "What the ledger said" not in told


def test_a_stage_that_the_model_does_not_have_is_not_shown(night: pd.DataFrame) -> None:
    row = night.iloc[8].copy()
    row["p_sql"] = float("nan")
    told = shown(lead_summary(Explained(row, night.iloc[:0])))
    assert "sales qualified" not in told
    assert "to be won" in told


def test_earlier_nights_are_listed_oldest_first(night: pd.DataFrame) -> None:
    history = night.iloc[[8, 9]].assign(
        as_of=pd.to_datetime(["2026-06-28", "2026-06-29"], utc=True), lead_id="L8"
    )
    told = shown(lead_summary(Explained(night.iloc[8], history)))
    assert told.index("2026-06-28") < told.index("2026-06-29")
    assert "de7e9c51cc3f" in told


def test_versions_are_listed_with_what_became_of_them() -> None:
    versions = pd.DataFrame(
        {
            "version": ["2", "1"],
            "aliases": ["challenger", "champion"],
            "created_at": pd.to_datetime(["2026-06-02 10:30", "2026-06-01 09:15"], utc=True),
            "known_until": ["2026-06-02T00:00:00+00:00", ""],
            "gate": ["refused: better than the champion", "passed"],
            "promoted_by": [None, "ann"],
        }
    )
    told = shown(versions_table(versions))
    assert "2026-06-02 10:30" in told
    assert "2026-06-02 00:00" in told
    assert "champion" in told
    assert "nan" not in told.lower()


def test_an_empty_registry_says_how_to_fill_it() -> None:
    assert "leadscore train" in shown(versions_table(pd.DataFrame()))


@pytest.mark.parametrize("score", [0.4, 99.6])
def test_a_score_is_shown_whole(night: pd.DataFrame, score: float) -> None:
    row = night.iloc[0].copy()
    row["score"] = score
    assert f"score {score:.0f}:" in shown(lead_summary(Explained(row, night.iloc[:0])))
