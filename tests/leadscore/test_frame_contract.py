from __future__ import annotations

import tomllib

import pandas as pd
import pytest

from leadscore.features.core.errors import ContractError, DataError
from leadscore.frame_contract import contract_in, frame_contract, to_toml

LEADS = pd.DataFrame({"staff": range(40), "country": ["NL", "DE"] * 20, "Converted": [0, 1] * 20})
WHOLE = """
[leads]
path = "elsewhere.csv"
target = "Converted"

[leads.columns]
country = "firmographic"
"""


def test_a_contract_is_drafted_from_the_frames(tmp_path):
    contract = contract_in(tmp_path, frame_contract(tmp_path, {"leads": LEADS}))
    assert contract.leads.target == "Converted"
    assert (tmp_path / contract.leads.path).exists()


def test_a_dict_changes_settings_of_the_draft(tmp_path):
    changes = {"leads": {"stage": "sql"}, "horizon_days": {"sql": 14}}
    contract = contract_in(tmp_path, frame_contract(tmp_path, {"leads": LEADS}, changes))
    assert contract.leads.stage == "sql"
    assert contract.horizon_days.sql == 14
    assert contract.leads.target == "Converted"


@pytest.mark.parametrize("form", ["text", "file", "folder", "contract"])
def test_a_whole_contract_is_taken_but_for_the_places_of_its_tables(tmp_path, form):
    (tmp_path / "leadscore.toml").write_text(WHOLE, encoding="utf-8")
    forms = {
        "text": WHOLE,
        "file": str(tmp_path / "leadscore.toml"),
        "folder": tmp_path,
        "contract": contract_in(tmp_path, WHOLE),
    }
    contract = contract_in(tmp_path, frame_contract(tmp_path, {"leads": LEADS}, forms[form]))
    assert contract.leads.path == "leads.parquet"
    assert list(contract.leads.columns) == ["country"]


def test_a_fault_in_a_change_is_named(tmp_path):
    with pytest.raises(ContractError, match="Did you mean 'target'"):
        frame_contract(tmp_path, {"leads": LEADS}, {"leads": {"traget": "Converted"}})


def test_a_table_that_the_contract_does_not_describe_is_refused(tmp_path):
    with pytest.raises(DataError, match="does not describe events"):
        frame_contract(tmp_path, {"leads": LEADS, "events": LEADS}, WHOLE)


def test_leads_to_score_need_no_target(tmp_path):
    contract = contract_in(
        tmp_path, frame_contract(tmp_path, {"leads": LEADS.drop(columns="Converted")}, WHOLE)
    )
    assert pd.read_parquet(tmp_path / contract.leads.path)["Converted"].isna().all()


def test_settings_written_as_toml_are_read_back_the_same():
    settings = {
        "name": "acme",
        "leads": {
            "path": "a b.parquet",
            "positive": ["Won", 'said "yes"'],
            "columns": {"What is \\ your é": "ignored", "x.y": {"role": "channel"}},
        },
        "audit": {"overrule": {"Lead Grade": "known at once"}},
        "reading": {"day_first": True, "max_quarantine_share": 0.5},
    }
    assert tomllib.loads(to_toml(settings)) == settings
