"""Our presets can be read, and those of a project add to them or replace them."""

from __future__ import annotations

import shutil

import pytest

from leadscore.features.core import ContractError
from leadscore.features.onboarding.systems import load_systems
from leadscore.features.onboarding.systems.load import PRESETS

OURS = load_systems()


def test_the_systems_that_people_use_are_known():
    assert {system.name for system in OURS} >= {
        "salesforce",
        "hubspot",
        "dynamics365",
        "pipedrive",
        "zoho",
        "odoo",
        "marketo",
        "segment",
        "ga4",
    }


@pytest.mark.parametrize("system", OURS, ids=lambda system: system.name)
def test_a_preset_says_where_its_names_were_read(system):
    head = (PRESETS / f"{system.name}.toml").read_text(encoding="utf-8").split("\n\n")[0]
    assert "Read in:" in head


@pytest.mark.parametrize("system", OURS, ids=lambda system: system.name)
def test_a_handle_is_used_or_only_helps_to_know_the_table(system):
    # A column that is spelled and means nothing would be dropped without a word.
    unused = {
        f"{name}.{handle}"
        for name, preset in system.objects.items()
        if preset.holds == "leads"
        for handle in preset.columns
        if handle not in preset.contract.handles
        if handle not in {*preset.attributes, *preset.of_today, *preset.recognise.none}
    }
    assert unused == set()


def test_a_project_without_presets_of_its_own_has_ours(tmp_path):
    assert load_systems(tmp_path) == OURS


def test_a_copy_replaces_ours_and_a_new_one_is_added(tmp_path):
    folder = tmp_path / "systems"
    folder.mkdir()
    text = (PRESETS / "ga4.toml").read_text(encoding="utf-8")
    (folder / "ga4.toml").write_text(text.replace("Google Analytics 4", "Ours"), encoding="utf-8")
    shutil.copy(PRESETS / "ga4.toml", folder / "matomo.toml")
    titles = {system.name: system.title for system in load_systems(tmp_path)}
    assert titles["ga4"] == "Ours"
    assert titles["matomo"] == "Google Analytics 4"
    assert len(titles) == len(OURS) + 1
    assert load_systems() == OURS


def test_a_project_s_preset_with_a_fault_names_its_file(tmp_path):
    (tmp_path / "systems").mkdir()
    (tmp_path / "systems" / "mine.toml").write_text('title = "Mine"\n', encoding="utf-8")
    with pytest.raises(ContractError, match=r"(?s)systems/mine.toml.*`objects` is required"):
        load_systems(tmp_path)
