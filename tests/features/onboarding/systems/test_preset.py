"""A preset with faults is refused whole, each fault with its place and the nearest valid name."""

from __future__ import annotations

import pytest

from leadscore.features.core import ContractError, validated
from leadscore.features.onboarding.systems.preset import System


def preset(**changes):
    lead = {
        "title": "Lead",
        "is": "leads",
        "columns": {"id": ["Id"], "created": ["Created"], "size": ["Size"], "seats": ["Seats"]},
        "recognise": {"all": ["id"]},
        "contract": {"lead_id": "id", "created_at": ["created"]},
    }
    return {"title": "Ours", "objects": {"lead": lead | changes}}


def read(raw):
    return validated(raw, System, place="systems/ours.toml")


def test_one_handle_or_several_stand_for_a_key():
    contract = read(preset()).objects["lead"].contract
    assert contract.keys == {"lead_id": ("id",), "created_at": ("created",)}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"titel": "x"}, r"`objects.lead.titel` is not a setting. Did you mean 'title'"),
        ({"is": "lead"}, r"`objects.lead.is`: input should be 'leads'"),
        ({"recognise": {"all": ["idd"]}}, r"'idd' is no handle. Did you mean 'id'"),
        ({"of_today": {"sise": "why"}}, r"'sise' is no handle. Did you mean 'size'"),
        ({"attributes": {"size": "firm"}}, r"`attributes.size`: 'firm' is not a role"),
        (
            {"attributes": dict.fromkeys(("size", "seats"), "firmographic.company_size")},
            r"'size' and 'seats' are both firmographic.company_size",
        ),
        ({"contract": {"lead_id": "id"}}, r"a table of leads needs `contract.created_at`"),
        (
            {"contract": {"lead_id": "id", "created_at": "created", "dates": {"sqll": "size"}}},
            r"`objects.lead.contract.dates`: 'sqll' is not a stage. Did you mean 'sql'",
        ),
        (
            {"columns": {"id": ["Id", "created"], "created": ["Created"]}},
            r"'Created' is spelled both as 'id' and as 'created'",
        ),
        (
            {"is": "events", "contract": {"lead_id": "id", "occurred_at": "created"}},
            r"a table of events needs `contract.kind`",
        ),
        (
            {"is": "outcomes", "contract": {"lead_id": "id", "stage": "size"}},
            r"a table of outcomes needs `contract.stage` and `contract.occurred_at`",
        ),
    ],
)
def test_a_fault_is_named_with_its_place(changes, message):
    with pytest.raises(ContractError, match=message):
        read(preset(**changes))


def test_faults_of_several_tables_are_named_at_once():
    raw = preset(of_today={"sise": "why"})
    raw["objects"]["deal"] = preset(recognise={"all": ["idd"]})["objects"]["lead"]
    with pytest.raises(ContractError, match=r"(?s)2 faults.*'sise'.*'idd'"):
        read(raw)


def test_advice_is_on_a_table_that_there_is():
    with pytest.raises(ContractError, match="`advice` on 'leed', which is no object"):
        read(preset() | {"advice": {"leed": "Export it."}})


def test_a_wide_table_of_outcomes_needs_dates_alone():
    contract = {"lead_id": "id", "dates": {"won": "created"}}
    assert read(preset(**{"is": "outcomes", "contract": contract}))
