"""A night goes into a CRM under the CRM's own ids and names, and no cell is more than it holds."""

from __future__ import annotations

import csv
from datetime import timedelta
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadscore.features.core import ContractError
from leadscore.features.onboarding.systems import load_systems
from leadscore.features.onboarding.systems.load import PRESETS
from leadscore.serving.export.crm_file import crm_rows, cut_at_word, export_for
from leadscore.serving.ledger.reader import read_night
from leadscore.serving.ledger.writer import write_night
from tests.conftest import NIGHT, ROOT

if TYPE_CHECKING:
    from pathlib import Path

SYSTEMS = {each.name: each for each in load_systems() if each.export is not None}


def rows_in(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def as_written(night: pd.DataFrame, directory: Path, days: int = 0) -> pd.DataFrame:
    """Put a night into a ledger, some days later than it says."""
    later = night.assign(as_of=night["as_of"] + timedelta(days=days))
    write_night(directory, later)
    return later


def test_the_crms_that_people_use_have_an_export() -> None:
    crms = {"salesforce", "hubspot", "dynamics365", "pipedrive", "zoho", "odoo", "marketo"}
    assert crms <= set(SYSTEMS)


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_file_has_the_presets_fields_and_the_leads_own_ids(
    scored_project: Path, tmp_path: Path, name: str
) -> None:
    made = export_for(scored_project, name, as_of=NIGHT, out=tmp_path)
    rows = rows_in(made.file)
    fields = SYSTEMS[name].export.fields
    assert made.file.name == f"{name}_2026-06-01.csv"
    assert not made.file.read_bytes().startswith(b"\xef\xbb\xbf")
    assert list(rows[0]) == list(fields)
    (key,) = (heading for heading, field in fields.items() if field.of == "lead_id")
    night = read_night(scored_project, NIGHT)
    raw = pd.read_csv(scored_project / "raw" / "leads.csv", dtype=str)
    assert [row[key] for row in rows] == list(night["lead_id"])
    assert {row[key] for row in rows} <= set(raw["lead_id"])
    assert made.rows == len(night)


@pytest.mark.parametrize("name", SYSTEMS)
def test_numbers_are_read_back_as_the_ledger_has_them(night: pd.DataFrame, name: str) -> None:
    fields = SYSTEMS[name].export
    rows = crm_rows(night, fields)
    for heading, field in fields.fields.items():
        if field.of in {"score", "p_sql", "p_won"}:
            read = rows[heading].astype(float) / field.scale
            step = 10**-field.decimals / field.scale
            assert (read - night[field.of]).abs().max() <= step / 2 + 1e-9


def test_salesforce_gets_percent_words_dates_and_ids_of_18_characters(night: pd.DataFrame) -> None:
    night.loc[9, "lead_id"] = "00Q5g00000ABCde"
    rows = crm_rows(night, SYSTEMS["salesforce"].export, ids="salesforce").to_dict("records")
    assert rows[9]["Id"] == "00Q5g00000ABCdeEAH"
    assert rows[8]["Id"] == "L8"
    assert rows[9]["Leadscore_Chance_of_SQL__c"] == "95.0"
    assert rows[9]["Leadscore_Score__c"] == "95"
    assert rows[9]["Leadscore_Tier__c"] == "SQL"
    assert rows[9]["Leadscore_Night__c"] == "2026-06-30"
    told = "Pricing page views: 4 (typical lead: 0); Trial: yes"
    assert rows[9]["Leadscore_Reasons_For__c"] == told


def test_a_text_that_says_nothing_overwrites_what_the_record_said(night: pd.DataFrame) -> None:
    rows = crm_rows(night, SYSTEMS["hubspot"].export).to_dict("records")
    assert rows[9]["leadscore_reasons_against"] == "–"
    assert rows[9]["leadscore_previous_tier"] == "–"


def test_dynamics_gets_grades_and_trends_as_numbers(night: pd.DataFrame) -> None:
    night.loc[0, "tier"] = "Disqualified"
    rows = crm_rows(night, SYSTEMS["dynamics365"].export)
    grades = dict(zip(night["tier"], rows["msdyn_grade"], strict=True))
    assert grades == {"SQL": "0", "MQL": "1", "Nurture": "2", "Disqualified": "3"}
    trends = dict(zip(night["moved"], rows["msdyn_scoretrend"], strict=True))
    assert trends == {"up": "0", "same": "1", "down": "2", "new": "3"}
    assert set(rows["msdyn_entitytype"]) == {"lead"}
    assert list(rows["msdyn_score"])[-1] == "95"


def test_an_unknown_propensity_is_an_empty_cell(night: pd.DataFrame) -> None:
    night.loc[8, "p_sql"] = None
    assert crm_rows(night, SYSTEMS["zoho"].export).loc[8, "Leadscore chance of SQL"] == ""


def test_no_text_is_longer_than_its_field_or_runs_as_a_formula(night: pd.DataFrame) -> None:
    night["brief"] = [["Visited the pricing page."] * 2000] * 10
    night["reasons_for"] = [["=HYPERLINK(1)"]] * 10
    rows = crm_rows(night, SYSTEMS["salesforce"].export)
    assert rows["Leadscore_Brief__c"].str.len().max() <= 32_768
    assert rows["Leadscore_Brief__c"].str.endswith("…").all()
    assert set(rows["Leadscore_Reasons_For__c"]) == {"'=HYPERLINK(1)"}


@given(st.text(max_size=40), st.integers(2, 40))
def test_a_cut_text_fits_and_is_the_beginning(text: str, longest: int) -> None:
    cut = cut_at_word(text, longest)
    assert len(cut) <= longest
    assert cut == text or (cut.endswith("…") and text.startswith(cut[:-1]))


@pytest.mark.parametrize(
    ("text", "longest", "cut"),
    [
        ("one two three", 13, "one two three"),
        ("one two three", 12, "one two…"),
        ("one two three", 8, "one two…"),
        ("one two three", 7, "one…"),
        ("unbroken", 5, "unbr…"),
    ],
)
def test_a_text_is_cut_behind_a_word(text: str, longest: int, cut: str) -> None:
    assert cut_at_word(text, longest) == cut


def test_only_leads_that_say_something_else_than_the_night_before_are_written(
    tmp_path: Path, night: pd.DataFrame
) -> None:
    as_written(night.head(9), tmp_path)  # L9 is new the next night
    night.loc[3, "score"] += 2
    night.loc[4, "score"] += 0.1  # the field holds no decimals
    night["moved"] = "same"
    later = as_written(night, tmp_path, days=1)
    made = export_for(tmp_path, "hubspot", as_of=later["as_of"].iloc[0], only_changed=True)
    rows = rows_in(made.file)
    assert made.file == tmp_path / "exports" / "hubspot_changed_2026-07-01.csv"
    assert [row["Record ID"] for row in rows] == ["L3", "L9"]
    assert {row["leadscore_night"] for row in rows} == {"2026-07-01"}
    assert (made.rows, made.unchanged) == (2, 8)


def test_without_an_earlier_night_everybody_is_written(tmp_path: Path, night: pd.DataFrame) -> None:
    first = as_written(night, tmp_path)["as_of"].iloc[0]
    made = export_for(tmp_path, "odoo", as_of=first, only_changed=True)
    assert (made.rows, made.unchanged) == (10, None)


def test_a_projects_own_preset_names_the_fields(tmp_path: Path, night: pd.DataFrame) -> None:
    first = as_written(night, tmp_path)["as_of"].iloc[0]
    (tmp_path / "systems").mkdir()
    ours = (PRESETS / "salesforce.toml").read_text(encoding="utf-8")
    own = ours.replace("Leadscore_Score__c", "AI_Score__c")
    (tmp_path / "systems" / "salesforce.toml").write_text(own, encoding="utf-8")
    assert "AI_Score__c" in rows_in(export_for(tmp_path, "salesforce", as_of=first).file)[0]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("salesfroce", "--for salesfroce: no preset .* Did you mean 'salesforce'"),
        ("ga4", "--for ga4: the preset of Google Analytics 4 has no section"),
    ],
)
def test_a_system_without_an_export_is_named(tmp_path: Path, name: str, told: str) -> None:
    with pytest.raises(ContractError, match=told):
        export_for(tmp_path, name, as_of=NIGHT)


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_page_names_every_field_its_type_and_the_command(name: str) -> None:
    page = (ROOT / "docs" / "crm-export.md").read_text(encoding="utf-8")
    section = page[page.index(f"leadscore export --for {name} -C DIR`") :].split("\n## ")[0]
    assert f"## {SYSTEMS[name].title}\n" in page
    for heading, field in SYSTEMS[name].export.fields.items():
        assert f"| `{heading}` | {field.make or 'there already'}" in section
        if field.longest is not None:
            assert f"{field.longest:,}" in section
