"""The systems that are known, as a screen lists them."""

from __future__ import annotations

from leadscore.features.onboarding.systems import describe_systems, load_systems, recognise

SYSTEMS = load_systems()
DESCRIBED = describe_systems(SYSTEMS)


def test_every_system_and_table_is_listed():
    assert [each.name for each in DESCRIBED] == [system.name for system in SYSTEMS]
    assert {each.name for system in DESCRIBED for each in system.objects} == {
        f"{system.name}.{name}" for system in SYSTEMS for name in system.objects
    }


def test_a_table_of_the_columns_that_are_needed_is_recognised_when_it_is_named():
    for system in DESCRIBED:
        for each in system.objects:
            found = recognise(each.needs, SYSTEMS, only=each.name)
            assert found is not None, each.name
            assert f"{found.system.name}.{found.name}" == each.name


def test_a_table_that_leads_are_scored_from_says_how_to_export_it():
    silent = {
        each.name
        for system in DESCRIBED
        for each in system.objects
        if each.holds == "leads" and each.export is None
    }
    assert silent == {"salesforce.contact"}
