from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from leadscore.features.contract.contract import load_contract
from leadscore.features.core.errors import ModelMismatch
from leadscore.features.point_in_time.snapshots import nightly_snapshots
from leadscore.features.tables.open_tables import open_tables
from leadscore.serving.ledger.schema import SCHEMA, as_night
from leadscore.serving.nightly.scoring import Scored, score_leads
from leadscore.serving.policy.policy import Policy, load_policy
from leadscore.training.registry.registry import Registered, Registry

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Project

NIGHT = datetime(2026, 6, 1)


@pytest.fixture(scope="module")
def champion(project: Project) -> Registered:
    return Registry(project.directory, load_contract(project.directory).name).champion()


def score(
    directory: Path, champion: Registered, night: datetime = NIGHT, **options: object
) -> Scored:
    with open_tables(load_contract(directory), known_by=night) as tables:
        return score_leads(
            tables,
            nightly_snapshots(tables, as_of=night),
            as_of=night,
            champion=champion,
            policy=load_policy(directory),
            previous=None,
            **options,
        )


@pytest.fixture(scope="module")
def scored(project: Project, champion: Registered) -> Scored:
    return score(project.directory, champion)


def test_the_rows_have_the_ledgers_columns_and_types(scored: Scored) -> None:
    assert set(scored.rows) == set(SCHEMA.names)
    assert as_night(scored.rows).num_rows == scored.open_leads


def test_every_open_lead_has_one_row(scored: Scored) -> None:
    assert scored.rows["lead_id"].is_unique
    assert len(scored.rows) == scored.open_leads > 500


def test_p_won_never_exceeds_p_sql(scored: Scored) -> None:
    assert (scored.rows["p_won"] <= scored.rows["p_sql"]).all()


def test_the_score_is_the_first_stages_propensity_in_per_cent(scored: Scored) -> None:
    np.testing.assert_allclose(scored.rows["score"], 100 * scored.rows["p_sql"])


def test_leads_that_are_sql_already_are_told_apart(scored: Scored) -> None:
    already = scored.rows["rule"] == "already_sql"
    assert already.any()
    assert (scored.rows.loc[already, "p_sql"] == 1).all()
    assert (scored.rows.loc[already, "tier"] == "SQL").all()


def test_leads_that_somebody_acts_on_have_reasons(scored: Scored) -> None:
    acted_on = scored.rows["tier"].isin(["SQL", "MQL"])
    assert acted_on.any()
    assert (scored.rows.loc[acted_on, "reasons_for"].str.len() > 0).mean() > 0.95
    assert (scored.rows["reasons_for"].str.len() <= 3).all()
    assert (scored.rows.loc[~acted_on, "reasons_for"].str.len() == 0).all()


def test_coverage_is_a_share_and_varies(scored: Scored) -> None:
    assert scored.rows["coverage"].between(0, 1).all()
    assert scored.rows["coverage"].nunique() > 3


def test_expected_value_is_the_chance_of_a_win_times_what_a_win_is_worth(scored: Scored) -> None:
    worth = scored.rows["expected_value"] / scored.rows["p_won"]
    assert worth.notna().all()
    assert (worth > 0).all()
    assert worth.std() < 1e-6 * worth.mean()  # no lead says its own amount: the average win


def test_a_lead_scores_the_same_alone_as_among_all(
    project: Project, champion: Registered, scored: Scored
) -> None:
    lead_id = scored.rows["lead_id"].iloc[7]
    with open_tables(load_contract(project.directory), known_by=NIGHT) as tables:
        spine = nightly_snapshots(tables, as_of=NIGHT)
        alone = score_leads(
            tables,
            spine.filter(spine.lead_id == lead_id),
            as_of=NIGHT,
            champion=champion,
            policy=load_policy(project.directory),
            previous=None,
        ).rows.iloc[0]
    among = scored.rows.set_index("lead_id").loc[lead_id]
    for column in ("p_sql", "p_won", "coverage"):
        assert alone[column] == among[column]


def without_lines(directory: Path, start: str) -> None:
    file = directory / "leadscore.toml"
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(line for line in lines if not line.startswith(start)))


def test_a_column_that_the_contract_lost_is_named(own_project: Path, champion: Registered) -> None:
    without_lines(own_project, "employees =")
    with pytest.raises(ModelMismatch, match=r"'employees', which leadscore\.toml no longer gives"):
        score(own_project, champion)


def test_a_group_of_events_that_the_contract_lost_is_named(
    own_project: Path, champion: Registered
) -> None:
    without_lines(own_project, "high_intent =")
    with pytest.raises(ModelMismatch, match=r"needs the feature '\w*high_intent\w*'"):
        score(own_project, champion)


def test_a_column_that_the_model_never_saw_is_passed_over(
    own_project: Path, champion: Registered, scored: Scored
) -> None:
    leads = own_project / "raw/leads.csv"
    rows = pd.read_csv(leads, dtype=str, keep_default_na=False)
    rows.assign(shoe_size="44").to_csv(leads, index=False)
    contract = own_project / "leadscore.toml"
    text = contract.read_text()
    contract.write_text(
        text.replace("[leads.columns]\n", '[leads.columns]\nshoe_size = "firmographic:number"\n', 1)
    )
    found = score(own_project, champion).rows
    pd.testing.assert_series_equal(found["p_sql"], scored.rows["p_sql"])


def test_words_that_the_model_does_not_know_are_counted(
    own_project: Path, champion: Registered, scored: Scored
) -> None:
    assert scored.unseen.max() < 0.5
    leads = own_project / "raw/leads.csv"
    rows = pd.read_csv(leads, dtype=str, keep_default_na=False)
    rows.assign(industry="Falconry").to_csv(leads, index=False)
    unseen = score(own_project, champion).unseen
    assert unseen.filter(like="industry").max() == pytest.approx(1.0)


def test_the_same_inputs_give_the_same_rows_on_any_number_of_threads(
    project: Project, champion: Registered, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory, told = project.directory, []
    for threads in (1, 3):
        monkeypatch.setattr("leadscore.training.model.stage_model.ROWS_FOR_THREADS", 1)
        monkeypatch.setattr(
            "leadscore.training.model.stage_model.cpu_count", lambda threads=threads: threads
        )
        with open_tables(load_contract(directory), known_by=NIGHT) as tables:
            tables.leads.get_backend().con.execute(f"SET threads = {threads}")
            scored = score_leads(
                tables,
                nightly_snapshots(tables, as_of=NIGHT),
                as_of=NIGHT,
                champion=champion,
                policy=Policy.model_validate({"capacity": {"reps": 2, "leads_a_day": 3}}),
                previous=None,
            )
        told.append(as_night(scored.rows).drop_columns(["scored_at"]))
    assert told[0].equals(told[1])
