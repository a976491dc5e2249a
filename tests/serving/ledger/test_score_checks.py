from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from leadscore.serving.ledger.score_checks import night_faults


def scores(leads: int = 30) -> pd.DataFrame:
    p_sql = np.linspace(0.1, 0.9, leads)
    return pd.DataFrame(
        {
            "lead_id": [f"L{number}" for number in range(leads)],
            "p_sql": p_sql,
            "p_won": p_sql / 4,
            "is_sql": False,
        }
    )


def messages(rows: pd.DataFrame, **options: int) -> list[str]:
    return [fault.message for fault in night_faults(rows, **options)]


def test_a_sound_night_has_no_faults() -> None:
    assert night_faults(scores(), open_leads=30) == []


def test_every_open_lead_has_a_score() -> None:
    assert messages(scores(), open_leads=31) == ["30 leads have a score, but 31 are open"]


def test_an_empty_night_is_held_back() -> None:
    assert "there is no lead in it" in messages(scores(0))


def test_no_lead_stands_there_twice() -> None:
    rows = scores()
    rows.loc[1, "lead_id"] = "L0"
    rows.loc[2, "lead_id"] = None
    assert messages(rows) == ["1 rows have no lead_id", "1 rows repeat the lead_id of another"]


@pytest.mark.parametrize("wrong", [-0.1, 1.1, np.inf])
def test_propensities_are_probabilities(wrong: float) -> None:
    rows = scores()
    rows.loc[0, ["p_sql", "p_won"]] = wrong
    assert "p_sql of 1 leads is not between 0 and 1" in messages(rows)


def test_a_stage_that_the_model_knows_is_missing_for_nobody() -> None:
    rows = scores()
    rows.loc[:4, "p_won"] = np.nan
    assert messages(rows) == ["p_won is missing for 5 leads"]


def test_a_lead_already_sql_needs_no_propensity_to_become_so() -> None:
    rows = scores()
    rows.loc[0, "p_sql"] = np.nan
    assert messages(rows.assign(is_sql=rows["lead_id"] == "L0")) == []
    by_rule = rows.drop(columns="is_sql").assign(rule=None)
    by_rule.loc[0, "rule"] = "already_sql"
    assert messages(by_rule) == []


def test_a_model_of_one_stage_leaves_the_other_empty() -> None:
    assert messages(scores().assign(p_sql=np.nan)) == []


def test_no_propensity_at_all_is_a_fault() -> None:
    assert messages(scores().assign(p_sql=np.nan, p_won=np.nan)) == ["no lead has any propensity"]


def test_a_score_that_is_the_same_for_all_ranks_nobody() -> None:
    assert messages(scores().assign(p_won=0.05)) == [
        "p_won is 0.05 for every lead, so it ranks nobody"
    ]


def test_a_handful_of_leads_may_be_alike() -> None:
    assert messages(scores(5).assign(p_won=0.05)) == []


def test_nobody_is_won_without_being_sql() -> None:
    rows = scores()
    rows.loc[3, "p_won"] = rows.loc[3, "p_sql"] + 0.01
    faults = night_faults(rows)
    assert [fault.check for fault in faults] == ["order"]
    assert faults[0].leads == 1
