"""The id of a lead is found by name, or by what the other tables use."""

from __future__ import annotations

import pandas as pd
import pytest

from leadscore.features.core.errors import DataError
from leadscore.features.onboarding.guesses.lead_id import choose_lead_id
from leadscore.features.onboarding.profiles.column_profile import TableProfile, profile_columns
from leadscore.features.onboarding.profiles.file_sample import Sample

ROWS = 60


def table(path, columns):
    frame = pd.DataFrame(columns, dtype="str")
    return TableProfile(Sample(path, frame), profile_columns(frame, ()))


def chosen(leads, events=None):
    tables = {"leads": table("leads.csv", leads)}
    if events is not None:
        tables["events"] = table("events.csv", events)
    return choose_lead_id(tables, tables["leads"].columns)


def numbered(form, rows=ROWS):
    return [form.format(row) for row in range(rows)]


def test_a_number_sign_in_a_name_says_number():
    assert chosen({"Lead #": numbered("{}"), "City": ["Rome", "Bari"] * 30}) == "Lead #"


def test_a_count_with_a_number_sign_is_no_id():
    assert chosen({"# of visits": numbered("{}"), "City": ["Rome", "Bari"] * 30}) is None


@pytest.mark.parametrize("form", ["{:06d}", "K/{}", "{}"])
def test_a_name_in_another_language_is_the_id_if_the_events_use_its_cells(form):
    leads = {"Kundennummer": numbered(form), "Ort": ["Ulm", "Hof"] * 30}
    events = {"Kundennummer": numbered(form)[::2] * 2, "Art": ["a"] * ROWS}
    assert chosen(leads, events) == "Kundennummer"


def test_a_name_that_says_id_comes_before_another_column_of_the_same_cells():
    leads = {"Kundennummer": numbered("{:06d}"), "Lead ID": numbered("{:06d}")}
    assert chosen(leads, {"lead": numbered("{:06d}"), "kind": ["a"] * ROWS}) == "Lead ID"


def test_addresses_of_people_are_no_ids_though_the_events_use_them():
    addresses = numbered("p{}@firm.example")
    with pytest.raises(DataError, match="no column names each lead once"):
        chosen({"Kontakt": addresses}, {"who": addresses, "kind": ["a"] * ROWS})


def test_ids_that_repeat_are_named_with_how_many_repeat():
    ids = [*numbered("L{}"), *numbered("L{}", 20)]
    with pytest.raises(DataError, match=r"'lead_id' holds the ids.*20 of its 80 rows repeat.*Keep"):
        chosen({"lead_id": ids}, {"lead_id": numbered("L{}"), "kind": ["a"] * ROWS})


def test_a_column_that_shares_few_cells_is_not_taken():
    with pytest.raises(DataError, match="no column names each lead once"):
        chosen({"Umsatz": numbered("{}")}, {"who": numbered("1{}9"), "kind": ["a"] * ROWS})
