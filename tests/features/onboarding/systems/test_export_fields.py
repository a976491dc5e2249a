"""What a preset says of a system's importer is refused with its place where it cannot be meant."""

from __future__ import annotations

import pytest

from leadscore.features.core import ContractError, validated
from leadscore.features.onboarding.systems.export_fields import SAID, ExportFields
from leadscore.serving.ledger import SCHEMA


def section(**fields):
    return {"table": "Lead", "importer": "Import", "fields": {"Id": {"of": "lead_id"}, **fields}}


def read(raw):
    return validated(raw, ExportFields, place="systems/ours.toml")


def test_the_fields_stay_in_the_order_of_the_preset():
    fields = read(section(Score={"of": "score"}, A={"always": "lead"})).fields
    assert list(fields) == ["Id", "Score", "A"]


def test_a_field_may_be_whatever_the_ledger_says_of_a_lead():
    assert set(SAID) <= set(SCHEMA.names)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"Score": {"of": "scor"}}, r"`fields.Score.of`.*Did you mean 'score'"),
        ({"Score": {"off": "score"}}, r"`fields.Score.off` is not a setting. Did you mean 'of'"),
        ({"Score": {}}, r"`fields.Score`: give either `of` or `always`"),
        ({"Score": {"of": "score", "always": "1"}}, r"give either `of` or `always`"),
        ({"Id": {"of": "score"}}, r'one of `fields` has to be `of = "lead_id"`'),
        ({"Key": {"of": "lead_id"}}, r'one of `fields` has to be `of = "lead_id"`, and only one'),
        ({"Score": {"of": "score", "decimals": -1}}, r"`fields.Score.decimals`"),
    ],
)
def test_a_fault_is_told_with_its_place(fields, message):
    with pytest.raises(ContractError, match=message):
        read(section(**fields))
