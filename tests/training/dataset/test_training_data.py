from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from leadscore.features.contract.contract import CONTRACT_FILE, load_contract
from leadscore.features.core.errors import DataError, TooLittleData
from leadscore.features.tables.open_tables import open_tables
from leadscore.training.dataset.training_data import Prepared, prepare

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Project

FLAT = """
[leads]
path = "leads.csv"
target = "won"

[leads.columns]
size = "firmographic:number"
grade = "firmographic:text"
code = "firmographic:text"
"""


def flat(folder: Path, contract: str = FLAT, **columns: object) -> Prepared:
    random = np.random.default_rng(1)
    won = (random.random(600) < 0.3).astype(int)
    frame = pd.DataFrame(
        {
            "size": random.normal(won, 1).round(3),
            "grade": np.where(won == 1, "closed", "open"),
            "code": "same",
            "won": won,
        }
    )
    frame.assign(**columns).to_csv(folder / "leads.csv", index=False)
    (folder / CONTRACT_FILE).write_text(contract)
    with open_tables(load_contract(folder)) as tables:
        return prepare(tables)


def test_features_and_labels_stand_row_by_row(project: Project) -> None:
    prepared = project.trained.prepared
    for key in ("lead_id", "as_of"):
        pd.testing.assert_series_equal(prepared.frame[key], prepared.labels.frame[key])
    assert prepared.split.side.index.equals(prepared.frame.index)
    assert {each.name for each in prepared.catalogue} <= set(prepared.frame)


def test_a_column_that_knows_the_outcome_is_left_out(tmp_path: Path) -> None:
    prepared = flat(tmp_path)
    assert set(prepared.excluded) == {"code", "grade"}
    assert not any("grade" in each.name for each in prepared.catalogue)


def test_a_column_that_the_contract_vouches_for_is_kept(tmp_path: Path) -> None:
    prepared = flat(tmp_path, FLAT + '[audit.overrule]\ngrade = "typed in on arrival"\n')
    assert "grade" not in prepared.excluded
    assert any("grade" in each.name for each in prepared.catalogue)


def test_a_revenue_that_no_two_leads_share_is_a_feature(tmp_path: Path) -> None:
    euros = np.random.default_rng(3).lognormal(15, 2, 600)
    revenue = [f"{each:,.2f} EUR" for each in euros]
    contract = FLAT.replace('code = "firmographic:text"', 'code = "firmographic.revenue"')
    prepared = flat(tmp_path, contract, code=revenue)
    assert "code" not in prepared.excluded
    assert np.allclose(sorted(prepared.frame["revenue"]), sorted(euros.round(2)))


def test_rows_of_the_future_are_named_with_what_they_count_for(tmp_path: Path) -> None:
    days = pd.date_range("2024-01-01", periods=599, freq="18h").astype("str")
    prepared = flat(tmp_path, created_at=[*days, "2999-01-01 00:00:00"])
    (found,) = [each for each in prepared.cautions if "future" in each]
    assert found == (
        "leads: 1 row dated in the future, after 24 March 2025. They count for nothing until then: "
        "plans, or wrong dates?"
    )


def test_nothing_to_learn_from_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no column is left to learn from"):
        flat(tmp_path, size="", grade="", code="")


@pytest.mark.parametrize(("only", "told"), [(0, "no lead converted"), (1, "every known lead")])
def test_a_target_of_one_outcome_names_file_column_and_remedy(
    tmp_path: Path, only: int, told: str
) -> None:
    with pytest.raises(DataError, match=rf"leads\.csv: target 'won': {told}.*Name the right words"):
        flat(tmp_path, won=only)


def test_a_target_without_words_for_no_says_that_none_is_named(tmp_path: Path) -> None:
    contract = FLAT.replace('target = "won"', 'target = "won"\nnegative = []')
    with pytest.raises(
        DataError, match=r"every known lead converted, as `leads.negative` names no"
    ):
        flat(tmp_path, contract)


def test_a_stage_with_too_little_is_left_out_and_said_so(project: Project) -> None:
    contract = load_contract(project.directory)
    longer = contract.model_copy(
        update={"horizon_days": contract.horizon_days.model_copy(update={"won": 1100})}
    )
    with open_tables(longer) as tables:
        prepared = prepare(tables)
    assert prepared.labels.stages == ("sql",)
    assert any(each.startswith("Left out for now: ") for each in prepared.cautions)
    assert "horizon_days.won" in " ".join(prepared.cautions)


def test_horizons_longer_than_the_history_are_refused(project: Project) -> None:
    contract = load_contract(project.directory)
    horizons = contract.horizon_days.model_copy(update={"sql": 1000, "won": 1100})
    with (
        open_tables(contract.model_copy(update={"horizon_days": horizons})) as tables,
        pytest.raises(TooLittleData, match=r"horizon_days\.sql.*horizon_days\.won"),
    ):
        prepare(tables)


def test_outcomes_without_sql_or_won_name_where_to_map_words(
    project: Project, tmp_path: Path
) -> None:
    contract = load_contract(project.directory)
    outcomes = pd.read_csv(project.directory / "raw/outcomes.csv", dtype=str)
    outcomes.assign(stage="mql").to_csv(tmp_path / "outcomes.csv", index=False)
    source = contract.outcomes.model_copy(update={"path": str(tmp_path / "outcomes.csv")})
    with (
        open_tables(contract.model_copy(update={"outcomes": source})) as tables,
        pytest.raises(DataError, match=r"\[outcomes\.stages\]"),
    ):
        prepare(tables)
