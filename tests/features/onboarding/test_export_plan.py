"""Every system's export is recognised, drafted and read as it happened, with nothing edited."""

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC

import pandas as pd
import pytest

from leadscore.features.contract.contract import CONTRACT_FILE, load_contract
from leadscore.features.onboarding.draft_contract import draft_contract
from leadscore.features.tables.open_tables import open_tables
from tests.features.onboarding import crm_exports as crms
from tests.features.onboarding import event_exports as events
from tests.features.onboarding import hubspot_exports as hubspot
from tests.features.onboarding import salesforce_exports as salesforce
from tests.features.onboarding.made_up_company import Truth, company

SHAPES = {
    "salesforce objects": salesforce.with_bystanders,
    "salesforce by fivetran": salesforce.fivetran,
    "salesforce by fivetran in history mode": salesforce.history_mode,
    "salesforce by airbyte": salesforce.airbyte,
    "salesforce reports": salesforce.report,
    "salesforce reports in german": salesforce.german_report,
    "hubspot interface": hubspot.interface,
    "hubspot interface in german": hubspot.german_interface,
    "hubspot by fivetran": hubspot.fivetran,
    "hubspot by airbyte": hubspot.airbyte,
    "marketo": events.marketo,
    "pipedrive": crms.pipedrive,
    "dynamics": crms.dynamics,
    "zoho": crms.zoho,
    "odoo": crms.odoo,
    "odoo, one file": crms.odoo_without_activities,
    "segment": events.segment,
    "google analytics": events.analytics,
}


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


@pytest.mark.parametrize("shape", SHAPES)
def test_an_export_is_read_as_it_happened(shape, tmp_path):
    written = SHAPES[shape](company())
    contract, _draft = drafted(written, tmp_path)
    assert_told(read(contract), written.truth)
