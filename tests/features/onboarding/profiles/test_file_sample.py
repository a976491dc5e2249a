"""What `init` sees of a file is what the tables read."""

from __future__ import annotations

import pandas as pd
import pytest

from leadscore.features.contract.contract import CONTRACT_FILE, load_contract
from leadscore.features.onboarding.draft_contract import draft_contract
from leadscore.features.onboarding.profiles import file_sample, whole_table
from leadscore.features.onboarding.profiles.file_sample import read_sample
from leadscore.features.tables.open_tables import open_tables
from tests.features.sources.test_workbooks import book

LEADS = 3_000
EVENTS = 9_000


@pytest.fixture
def long(monkeypatch):
    """Let tables of more than a thousand rows be long ones."""
    for module in (file_sample, whole_table):
        monkeypatch.setattr(module, "SAMPLE_ROWS", 1_000)
    monkeypatch.setattr(whole_table, "FIRST_ROWS", 10)
    monkeypatch.setattr(whole_table, "FEW_WORDS", 100)


@pytest.fixture
def company(tmp_path):
    """Events written one kind after the other; the last leads alone became customers."""
    created = pd.Timestamp("2024-01-01")
    days = [created + pd.Timedelta(row % 300, "D") for row in range(LEADS)]
    ids = [f"L-{row:05}" for row in range(LEADS)]
    size = [["Select", "1-10"][row > LEADS - 5] for row in range(LEADS)]
    leads = pd.DataFrame({"lead_id": ids, "created_at": days, "Company size": size})
    leads.to_csv(tmp_path / "leads.csv", index=False)
    events = pd.DataFrame(
        {
            "lead_id": [ids[row % LEADS] for row in range(EVENTS)],
            "occurred_at": [days[row % LEADS] + pd.Timedelta(1, "D") for row in range(EVENTS)],
            "kind": [f"kind {row // 250}" for row in range(EVENTS)],
        }
    )
    events["kind"] = events["kind"].replace("kind 35", "demo_request")
    events.to_csv(tmp_path / "events.csv", index=False)
    outcomes = pd.DataFrame({"lead_id": ids, "occurred_at": days, "stage": "sql"})
    outcomes["occurred_at"] += pd.Timedelta(3, "D")
    outcomes.loc[LEADS - 3 :, "stage"] = "Closed Won"
    outcomes.to_csv(tmp_path / "outcomes.csv", index=False)
    return tmp_path


def loaded(folder, leads="leads.csv"):
    text = draft_contract(
        folder / leads,
        directory=folder,
        events=folder / "events.csv",
        outcomes=folder / "outcomes.csv",
    ).text
    (folder / CONTRACT_FILE).write_text(text, encoding="utf-8")
    return load_contract(folder), text


@pytest.mark.usefixtures("long")
def test_words_are_read_over_all_rows_of_a_long_file(company):
    contract, text = loaded(company)
    assert contract.outcomes.stages == {"won": ("Closed Won",)}
    assert contract.events.groups == {"high_intent": ("demo_request",)}
    assert 'kind = "kind"  # 36 different texts' in text
    assert contract.reading.missing == ("Select",)
    assert f"from {LEADS:,} rows of leads.csv" in text
    assert contract.reading.max_quarantine_share == 0.05


@pytest.mark.usefixtures("long")
def test_an_id_that_repeats_far_down_is_counted(company):
    leads = pd.read_csv(company / "leads.csv")
    pd.concat([leads, leads.tail(7)]).to_csv(company / "leads.csv", index=False)
    _, text = loaded(company)
    assert "repeats in 7 rows" in text


def test_a_long_file_and_a_short_one_draft_the_same_contract(company, request):
    _, short = loaded(company)
    request.getfixturevalue("long")
    _, long = loaded(company)
    drop = [line.split("#")[0] for line in short.splitlines()]
    assert [line.split("#")[0] for line in long.splitlines()] == drop


def test_a_report_is_seen_as_the_tables_read_it(company):
    rows = (company / "leads.csv").read_text()
    notices = '\n\n"Grand Totals (3,000 records)"\n"Confidential"\n'
    (company / "leads.csv").write_text("Leads of 2024\n\n" + rows + notices)
    assert read_sample(company / "leads.csv").rows == LEADS
    with open_tables(loaded(company)[0]) as tables:
        assert tables.leads.count().to_pyarrow().as_py() == LEADS
        assert tables.quarantine.rows.empty


def test_a_sheet_is_seen_by_its_name(tmp_path):
    file = book(tmp_path / "crm.xlsx", A=[["x"], [1]], B=[["city", "n"], [" Ulm ", 5.0]])
    assert read_sample(file).frame.to_dict("records") == [{"x": "1"}]
    assert read_sample(file, sheet="B").frame.to_dict("records") == [{"city": "Ulm", "n": "5"}]


def test_curly_quotes_and_the_euro_sign_are_read(tmp_path):
    (tmp_path / "a.csv").write_bytes("city,fee\n„Köln“,5 €\n".encode("cp1252"))
    assert read_sample(tmp_path / "a.csv").frame["city"].tolist() == ["„Köln“"]
