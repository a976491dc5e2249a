from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from features.errors import LeadScoreError
from serving.explain import explain
from serving.ledger import read_night

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Project

NIGHT = datetime(2026, 6, 1, tzinfo=UTC)


def test_a_lead_is_explained_as_the_ledger_told_it(scored_project: Path) -> None:
    rows = read_night(scored_project, NIGHT).set_index("lead_id")
    lead_id = rows.index[rows["rule"].isna()][3]
    explained = explain(scored_project, lead_id, as_of=NIGHT)
    for column in ("p_sql", "p_won", "score"):
        assert explained.row[column] == rows.loc[lead_id, column]
    assert explained.history["as_of"].tolist() == [NIGHT - timedelta(days=1), NIGHT]


def test_even_a_lead_nobody_acts_on_has_its_reasons(project: Project) -> None:
    leads = pd.read_csv(project.directory / "raw/leads.csv", dtype=str)
    for lead_id in leads["lead_id"].tail(40):
        try:
            explained = explain(project.directory, lead_id)
        except LeadScoreError:  # won or lost by now
            continue
        if explained.row["rule"] is None or pd.isna(explained.row["rule"]):
            break
    assert explained.row["reasons_for"] or explained.row["reasons_against"]
    assert explained.history.empty


def test_an_unknown_lead_is_said_to_be_unknown(project: Project) -> None:
    with pytest.raises(LeadScoreError, match="there is no lead 'nobody'"):
        explain(project.directory, "nobody")


def test_a_lead_that_is_closed_is_said_to_be_closed(project: Project) -> None:
    outcomes = pd.read_csv(project.directory / "raw/outcomes.csv", dtype=str)
    won = outcomes.loc[outcomes["stage"] == "won", "lead_id"].iloc[0]
    with pytest.raises(LeadScoreError, match=f"lead {won} is not open as of .* won or lost"):
        explain(project.directory, won)


def test_a_lead_that_came_later_is_unknown_by_then(project: Project) -> None:
    leads = pd.read_csv(project.directory / "raw/leads.csv", dtype=str)
    newest = leads.sort_values("created_at")["lead_id"].iloc[-1]
    with pytest.raises(LeadScoreError, match=f"there is no lead '{newest}' as of 2025-12-01"):
        explain(project.directory, newest, as_of=datetime(2025, 12, 1, tzinfo=UTC))
