from __future__ import annotations

import csv
from datetime import datetime

import pandas as pd
import pytest

from leadscore.serving.export.account_list import (
    account_list,
    account_part,
    write_account_list,
)
from leadscore.training.evaluation.account_chance import AccountChance

STRANGERS = AccountChance(0.0, 0.0, accounts=100, error=0.01, error_alone=0.02)
LEADS = pd.DataFrame(
    {
        "lead_id": ["L1", "L2", "L3", "L4", "L5"],
        "account": ["acme", "acme", "=bolt", None, "acme"],
        "p": [0.1, 0.3, 0.2, 0.9, 0.2],
    }
)


@pytest.fixture
def accounts():
    return account_list([account_part(LEADS.head(3)), account_part(LEADS.tail(2))], STRANGERS)


def test_accounts_stand_best_first_with_their_best_lead(accounts):
    assert accounts["account"].tolist() == ["acme", "=bolt"]
    assert accounts["open_leads"].tolist() == [3, 1]
    assert accounts["best_lead"].tolist() == ["L2", "L3"]
    assert accounts["chance"].tolist() == pytest.approx([1 - 0.9 * 0.7 * 0.8, 0.2])


def test_an_account_has_at_least_the_chance_of_its_best_lead():
    low = AccountChance(-2.0, 0.0, accounts=100, error=0.01, error_alone=0.02)
    found = account_list([account_part(LEADS)], low)
    assert (found["chance"] >= found["best_chance"]).all()


def test_a_spreadsheet_runs_no_name_of_an_account(accounts, tmp_path):
    file = write_account_list(tmp_path, datetime(2026, 6, 30), accounts)
    assert file == tmp_path / "accounts" / "2026-06-30.csv"
    with file.open(encoding="utf-8-sig", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [row["Account"] for row in rows] == ["acme", "'=bolt"]
    assert float(rows[1]["Chance of an SQL"]) == pytest.approx(0.2)


def test_nobody_open_is_an_empty_list(tmp_path):
    empty = account_list([account_part(LEADS.head(0))], STRANGERS)
    assert empty.empty
    assert write_account_list(tmp_path, datetime(2026, 6, 30), empty).exists()
