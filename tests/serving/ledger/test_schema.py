from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from leadscore.serving.ledger.schema import SCHEMA, LedgerError, as_night

if TYPE_CHECKING:
    import pandas as pd


def test_a_night_has_the_ledgers_columns_sorted_by_lead(night: pd.DataFrame) -> None:
    mixed = night[list(reversed(night.columns))].sample(frac=1, random_state=1)
    table = as_night(mixed)
    assert table.schema == SCHEMA
    assert table["lead_id"].to_pylist() == sorted(night["lead_id"])


def test_missing_is_null_whatever_it_was_before(night: pd.DataFrame) -> None:
    table = as_night(night)
    assert table["expected_value"].null_count == len(night)
    assert table["rule"].to_pylist()[0] is None
    assert as_night(table.cast(SCHEMA)).equals(table)


def test_moments_of_another_zone_are_kept_in_utc(night: pd.DataFrame) -> None:
    moved = night.assign(as_of=night["as_of"].dt.tz_convert("Asia/Tokyo"))
    assert as_night(moved).equals(as_night(night))


def test_all_faults_of_the_columns_are_told_at_once(night: pd.DataFrame) -> None:
    odd = night.drop(columns=["score", "tier"]).assign(
        email="a@b.c", as_of=night["as_of"].dt.tz_localize(None)
    )
    with pytest.raises(LedgerError) as caught:
        as_night(odd)
    told = str(caught.value)
    assert "columns are missing: score, tier" in told
    assert "columns are not of the ledger: email" in told
    assert "as_of is not a timestamp with a time zone" in told


def test_a_column_of_another_type_is_refused(night: pd.DataFrame) -> None:
    with pytest.raises(LedgerError, match="score is not of type double"):
        as_night(night.assign(score="high"))


@pytest.mark.parametrize(
    ("column", "value", "fault"),
    [
        ("lead_id", "L1", "1 rows repeat the lead_id"),
        ("lead_id", None, "1 rows have no lead_id"),
        ("p_won", 0.9, "p_won is above p_sql for 1 leads"),
        ("score", 100.5, "score of 1 leads is not between 0 and 100"),
        ("coverage", -0.1, "coverage of 1 leads is not between 0 and 1"),
        ("tier", "Hot", "tier may be SQL, MQL, Nurture, Disqualified, not 'Hot'"),
        ("previous_tier", "Hot", "previous_tier may be"),
        ("moved", "sideways", "moved may be up, down, new, same, not 'sideways'"),
        ("tier", None, "tier is missing in 1 rows"),
        ("run_id", "run-2", "run_id has 2 values; a night has one"),
        ("model_version", "4", "model_version has 2 values"),
    ],
)
def test_a_row_that_cannot_be_true_is_refused(
    night: pd.DataFrame, column: str, value: object, fault: str
) -> None:
    night.loc[0, column] = value
    with pytest.raises(LedgerError, match=fault):
        as_night(night)


@pytest.mark.parametrize("name", ["../../etc", ".hidden", "a/b", "", "a b"])
def test_a_run_that_cannot_name_a_folder_is_refused(night: pd.DataFrame, name: str) -> None:
    with pytest.raises(LedgerError, match="cannot name a folder"):
        as_night(night.assign(run_id=name))


def test_an_empty_night_is_refused(night: pd.DataFrame) -> None:
    with pytest.raises(LedgerError, match="there is no lead in it"):
        as_night(night.head(0))


def test_a_table_of_too_coarse_a_type_is_converted(night: pd.DataFrame) -> None:
    table = as_night(night)
    place = table.column_names.index("score")
    single = table.set_column(place, "score", table["score"].cast(pa.float32()))
    assert as_night(single)["score"].type == pa.float64()
