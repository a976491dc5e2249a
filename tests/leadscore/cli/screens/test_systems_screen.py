from __future__ import annotations

from leadscore.cli.screens.systems_screen import found_screen, systems_table
from leadscore.features.onboarding import TableOfExport
from leadscore.features.onboarding.systems import describe_systems, load_systems
from tests.terminal import printed


def test_every_system_is_listed_with_its_tables_and_the_columns_these_must_have() -> None:
    text = printed(systems_table(describe_systems(load_systems())))
    assert "Salesforce (salesforce)" in text
    assert "Campaign Member" in text
    assert "LeadOrContactId" in text


def test_a_table_shows_what_is_known_what_is_lacking_and_how_to_get_it() -> None:
    found = TableOfExport(
        "x/Lead.csv", "CRM: Lead", "leads", {"lead_id": "Id"}, ("ConvertedDate",), "Export all."
    )
    text = printed(found_screen([found]))
    assert [part in text for part in ("Lead.csv: CRM: Lead", "lead id", "Id")] == [True] * 3
    assert "better with" in text
    assert "ConvertedDate" in text
    assert "Export all." in text


def test_a_table_of_no_system_says_so() -> None:
    found = TableOfExport("x/notes.csv", None, "unknown", {}, (), None)
    assert "notes.csv: no system is recognised" in printed(found_screen([found]))
