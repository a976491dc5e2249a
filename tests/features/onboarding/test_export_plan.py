"""Every system's export is recognised, drafted and read as it happened, with nothing edited."""

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC

import pytest

from leadscore.features.contract.contract import CONTRACT_FILE, load_contract
from leadscore.features.core.errors import DataError
from leadscore.features.onboarding.draft_contract import draft_contract
from leadscore.features.tables.open_tables import open_tables
from tests.features.onboarding import crm_exports as crms
from tests.features.onboarding import event_exports as events
from tests.features.onboarding import hubspot_exports as hubspot
from tests.features.onboarding import salesforce_exports as salesforce
from tests.features.onboarding import salesforce_reports as reports
from tests.features.onboarding import zoho_odoo_exports as others
from tests.features.onboarding.made_up_company import Truth, company

SHAPES = {
    "salesforce objects": salesforce.with_bystanders,
    "salesforce by fivetran": salesforce.fivetran,
    "salesforce by fivetran in history mode": salesforce.history_mode,
    "salesforce by airbyte": salesforce.airbyte,
    "salesforce reports": reports.report,
    "salesforce reports in german": reports.german_report,
    "hubspot interface": hubspot.interface,
    "hubspot interface in german": hubspot.german_interface,
    "hubspot by fivetran": hubspot.fivetran,
    "hubspot by airbyte": hubspot.airbyte,
    "marketo": events.marketo,
    "pipedrive": crms.pipedrive,
    "dynamics": crms.dynamics,
    "zoho": others.zoho,
    "odoo": others.odoo,
    "odoo, one file": others.odoo_without_activities,
    "segment": events.segment,
    "google analytics": events.analytics,
}

VARIED = (  # read below, with their columns changed
    "salesforce by fivetran",
    "hubspot interface",
    "marketo",
    "pipedrive",
    "dynamics",
    "zoho",
    "odoo",
    "google analytics",
)


def drafted(written, folder):
    """Write an export, draft its contract from the folder alone, and load that."""
    export = folder / "export"
    export.mkdir()
    written.write(export)
    draft = draft_contract(export, directory=folder)
    (folder / CONTRACT_FILE).write_text(draft.text, encoding="utf-8")
    return load_contract(folder), draft


def read(contract) -> Truth:
    """Read the tables of a contract as a truth to compare."""
    with open_tables(contract) as tables:
        leads = set(tables.leads.lead_id.to_pyarrow().to_pylist())
        events = rows_of(tables.events, "kind") if tables.events is not None else []
        outcomes = rows_of(tables.outcomes, "stage")
        assert tables.quarantine.rows.empty, tables.quarantine.rows
    first = {}
    for lead, stage, at in sorted(outcomes, key=lambda row: row[2]):
        first.setdefault((lead, stage), at)
    return Truth(leads, Counter(events), first)


def rows_of(table, word):
    frame = table.select("lead_id", word, "occurred_at").to_pyarrow().to_pylist()
    return [
        (row["lead_id"], row[word], row["occurred_at"].replace(tzinfo=UTC, microsecond=0))
        for row in frame
    ]


def assert_told(found: Truth, true: Truth):
    assert found.leads == true.leads
    assert by_word(found.events.elements()) == by_word(true.events.elements())
    assert by_word(found.outcomes) == by_word(true.outcomes)
    assert found.events == true.events
    assert found.outcomes == true.outcomes


def by_word(rows):
    return Counter(word for _lead, word, *_at in rows)


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape not in VARIED])
def test_an_export_is_read_as_it_happened(shape, tmp_path):
    written = SHAPES[shape](company())
    contract, _draft = drafted(written, tmp_path)
    assert_told(read(contract), written.truth)


def varied(written, chance):
    """Shuffle all columns, drop a third of those that can be spared, add one of the user's own."""
    tables = {
        name: table[chance.sample(list(table.columns), len(table.columns))]
        for name, table in written.tables.items()
    }
    dropped = chance.sample(written.spare, max(1, len(written.spare) // 3))
    leads = tables[written.leads].drop(columns=dropped)
    grades = ["ABC"[row % 3] for row in range(len(leads))]
    tables[written.leads] = leads.assign(Lead_Grade__c=grades)
    return replace(written, tables=tables)


@pytest.mark.parametrize("shape", VARIED)
def test_order_absent_columns_and_own_fields_change_nothing(shape, tmp_path):
    chance = random.Random(3)  # noqa: S311 - made-up rows
    written = varied(SHAPES[shape](company(150)), chance)
    contract, _draft = drafted(written, tmp_path)
    assert_told(read(contract), written.truth)
    assert contract.leads.columns["Lead_Grade__c"].role == "firmographic"


def test_what_lies_beside_an_export_is_named_and_not_read(tmp_path):
    written = salesforce.with_bystanders(company(60))
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "Campaign.csv").write_text("", encoding="utf-8")
    written.write(tmp_path / "export")
    draft = draft_contract(tmp_path / "export", directory=tmp_path)
    unread = {note.split(" is not read")[0].rsplit("/")[-1] for note in draft.notes}
    assert {"User.csv", "Account.csv", "Contact.csv", "Campaign.csv"} <= unread
    assert not any(name in draft.text for name in ("User.csv", "Account.csv", "Contact.csv"))


def test_events_of_contacts_alone_are_no_silent_nothing(tmp_path):
    written = salesforce.objects([each for each in company(60) if each.counts])
    leads = written.tables["Lead.csv"].drop(columns="ConvertedContactId")
    tasks = written.tables["Task.csv"]
    tasks = tasks[tasks["WhoId"].str.startswith("003")]
    tables = written.tables | {"Lead.csv": leads, "Task.csv": tasks}
    _contract, draft = drafted(replace(written, tables=tables), tmp_path)
    assert any("no id in 'WhoId' is a lead's" in note for note in draft.notes)
    assert not any("StartDateTime" in note for note in draft.notes)


def test_deals_that_no_table_joins_to_leads_are_left_to_the_dates_of_the_contacts(tmp_path):
    written = hubspot.fivetran(company(100))
    tables = {name: table for name, table in written.tables.items() if name != "deal_contact.csv"}
    contract, draft = drafted(replace(written, tables=tables), tmp_path)
    assert any(
        "its rows name no lead" in note and "Deals of contacts" in note for note in draft.notes
    )
    outcomes = {key: at for key, at in written.truth.outcomes.items() if key[1] != "lost"}
    assert read(contract).outcomes == outcomes


def test_former_values_of_properties_are_known_by_the_columns_names(tmp_path):
    contract, _draft = drafted(hubspot.fivetran(company(60)), tmp_path)
    assert contract.leads.history.fields == {"property_numemployees": "numemployees"}


def test_a_folder_without_leads_says_what_to_export(tmp_path):
    written = salesforce.objects(company(60))
    tables = {name: each for name, each in written.tables.items() if name != "Lead.csv"}
    with pytest.raises(DataError, match=r"no table of leads among .*Export the leads too"):
        drafted(replace(written, tables=tables), tmp_path)


def test_tables_with_a_header_and_no_rows_do_not_stop_a_draft(tmp_path):
    written = salesforce.objects(company(60))
    none = {"Event.csv": written.tables["Event.csv"].head(0)}
    contract, _draft = drafted(replace(written, tables=written.tables | none), tmp_path)
    found = by_word(read(contract).events.elements())
    assert found == by_word(key for key in written.truth.events.elements() if key[1] != "Call")
