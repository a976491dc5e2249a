"""What a landing adds is known in tables of any system, and in tables of none."""

from __future__ import annotations

import pytest

from leadscore.features.onboarding.systems import Landed, landing_of

PLAIN = ["lead_id", "created_at", "company"]


def test_a_table_without_a_landing_has_nothing_of_one():
    assert landing_of([*PLAIN, "deleted", "active", "valid_from", "start"]) == Landed()


def test_versions_of_fivetran_s_history_mode():
    landed = landing_of(["_fivetran_end", *PLAIN, "_fivetran_start", "_fivetran_active"])
    assert (landed.valid_from, landed.valid_to) == ("_fivetran_start", "_fivetran_end")
    assert landed.current == "_fivetran_active"
    assert landed.deleted == ()
    assert set(landed.columns) == {"_fivetran_start", "_fivetran_end", "_fivetran_active"}


def test_a_name_that_stands_twice_is_one_column():
    landed = landing_of(["_fivetran_active", *PLAIN, "_fivetran_active"])
    assert landed.columns == ("_fivetran_active",)


@pytest.mark.parametrize("column", ["_fivetran_deleted", "_FIVETRAN_DELETED", "is_deleted"])
def test_rows_that_are_marked_as_deleted(column):
    assert landing_of([*PLAIN, column]).deleted == (column,)


def test_every_mark_of_deleted_rows_counts():
    landed = landing_of(["is_deleted", "_fivetran_deleted"])
    assert set(landed.deleted) == {"is_deleted", "_fivetran_deleted"}


def test_rows_that_carry_the_moment_of_their_deletion():
    landed = landing_of([*PLAIN, "_ab_cdc_deleted_at", "_ab_cdc_lsn", "_airbyte_raw_id"])
    assert landed.deleted_at == ("_ab_cdc_deleted_at",)
    assert landed.titles == ("Airbyte",)
    assert set(landed.columns) == {"_ab_cdc_deleted_at", "_ab_cdc_lsn", "_airbyte_raw_id"}


@pytest.mark.parametrize(
    ("columns", "versions"),
    [
        (["dbt_valid_from", "dbt_valid_to", "dbt_scd_id"], ("dbt_valid_from", "dbt_valid_to")),
        (["_dlt_valid_to", "_dlt_valid_from", "_dlt_id"], ("_dlt_valid_from", "_dlt_valid_to")),
    ],
)
def test_versions_of_snapshots(columns, versions):
    landed = landing_of([*PLAIN, *columns])
    assert (landed.valid_from, landed.valid_to) == versions
    assert set(landed.columns) == set(columns)


def test_of_several_rows_the_last_that_landed_holds():
    assert landing_of([*PLAIN, "_airbyte_extracted_at"]).newest_by == "_airbyte_extracted_at"
