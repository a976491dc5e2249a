from __future__ import annotations

import ibis
import pytest

from leadscore.features.contract.contract import Contract
from leadscore.features.core.errors import DataError
from leadscore.features.tables.attributes import attributes_of

SCHEMA = ibis.schema(
    {
        "Größe (cm)": "float64",
        "grosse cm": "string",
        "ID": "int64",
        "???": "string",
        "Head": "int64",
    }
)


def named(**columns):
    given = {"leads": {"path": "x", "target": "y", "columns": columns}}
    found = attributes_of(Contract.model_validate(given), SCHEMA, place="x")
    return [(each.name, each.role, each.type) for each in found]


def test_a_column_without_a_term_gets_a_plain_name():
    assert named(**{"Größe (cm)": "firmographic"}) == [("lead_groe_cm", "firmographic", "number")]


def test_names_are_unique_and_never_the_leads_id():
    assert [each[0] for each in named(ID="channel", **{"???": "channel"})] == [
        "lead_id_2",
        "lead_column",
    ]


def test_a_term_is_the_name_and_says_the_type():
    assert named(**{"grosse cm": "value.amount"}) == [("amount", "value", "number")]


@pytest.mark.parametrize(("spec", "kind"), [("company_size", "number"), ("industry", "text")])
def test_a_head_count_stored_as_a_number_stays_one(spec, kind):
    assert named(Head=f"firmographic.{spec}") == [(spec, "firmographic", kind)]


def test_the_contract_overrules_how_a_column_is_stored():
    assert named(ID="channel:text") == [("lead_id_2", "channel", "text")]


def test_ignored_columns_are_no_attributes():
    assert named(ID="ignored") == []


def test_a_column_that_is_missing_is_named_with_the_nearest():
    with pytest.raises(DataError, match=r"""x has no column 'Haed', .*"Haed"` names\. .* 'Head'"""):
        named(Haed="channel")
