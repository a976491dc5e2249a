from __future__ import annotations

from dataclasses import replace

import ibis
import pandas as pd
import pytest

from leadscore.features.families.firmographic import firmographic_features
from leadscore.features.tables.attributes import Attribute


@pytest.fixture
def measure(tables):
    """Build the features of leads that differ in some terms, a row a lead."""

    def build(role="firmographic", **columns):
        count = len(next(iter(columns.values())))
        ids = [f"{number:02}" for number in range(count)]
        frame = pd.DataFrame({"lead_id": ids, **columns})
        types = {name: "number" if frame[name].dtype == "float64" else "text" for name in columns}
        attributes = tuple(Attribute(name, name, role, name, types[name]) for name in columns)
        own = replace(tables, leads=ibis.memtable(frame), attributes=attributes)
        spine = pd.DataFrame({"lead_id": ids, "as_of": pd.Timestamp("2024-06-01")})
        built = firmographic_features(own, ibis.memtable(spine))
        return built.table.order_by("lead_id").to_pandas()

    return build


@pytest.mark.parametrize(
    ("written", "people", "band"),
    [
        ("9", 9, "1-9"),
        ("10", 10, "10-49"),
        ("51-200", 51, "50-249"),
        ("1,000+", 1000, "1,000-4,999"),
        ("12 000 employees", 12000, "5,000 and more"),
        ("1.5k", 1500, "1,000-4,999"),
        ("10 members", 10, "10-49"),
        ("10 Mitarbeiter", 10, "10-49"),
        ("1.2E+03", 1200, "1,000-4,999"),
        ("1e999", None, None),
        ("many", None, None),
        (None, None, None),
    ],
)
def test_a_head_count_is_read_with_its_band(measure, written, people, band):
    row = measure(company_size=[written, "x"]).astype(object).iloc[0]
    found = row[["company_size", "company_size_band"]]
    assert found.where(found.notna(), None).tolist() == [people, band]


@pytest.mark.parametrize(
    ("written", "money", "band"),
    [
        ("800k", 8e5, "under 1 million"),
        ("$2.5M", 2.5e6, "1-10 million"),
        ("1,5 Mio", 1.5e6, "1-10 million"),
        ("10-50 million", 1e7, "10-50 million"),
        ("20000000", 2e7, "10-50 million"),
        ("1,234,567,890", 1234567890, "over 1 billion"),
        ("1.5 bn", 1.5e9, "over 1 billion"),
        ("1234.567", 1234.567, "under 1 million"),
    ],
)
def test_revenue_is_read_with_its_band(measure, written, money, band):
    row = measure(revenue=[written]).iloc[0]
    assert (row["revenue"], row["revenue_band"]) == (pytest.approx(money), band)


def test_a_head_count_stored_as_a_number_stays_one(measure):
    frame = measure(company_size=[12.345, 250.0])
    assert frame["company_size"].tolist() == [12.345, 250.0]


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("ada@firm.example", "corporate"),
        ("Ada@GMAIL.com", "free-mail"),
        ("nobody", "invalid"),
        ("a b@firm.example", "invalid"),
        ("ada@firm", "invalid"),
        (None, None),
    ],
)
def test_an_address_is_reduced_to_its_kind(measure, address, kind):
    found = measure(role="personal", email=[address, "x"])["email_kind"].iloc[0]
    assert (None if pd.isna(found) else found) == kind


@pytest.mark.parametrize(
    ("first", "last", "flag"),
    [
        ("Ada", "Lovelace", 0),
        ("test", "Lovelace", 1),
        ("Ada", "xxx", 1),
        ("A", "Lovelace", 1),
        ("Ada", "L0velace", 1),
        ("Ada", None, 0),
        (None, "asdfgh", 1),
        (None, None, None),
    ],
)
def test_implausible_names_are_flagged(measure, first, last, flag):
    frame = measure(role="personal", first_name=[first, "Ada"], last_name=[last, "Byron"])
    found = frame["name_implausible"].iloc[0]
    assert (None if pd.isna(found) else found) == flag


@pytest.mark.parametrize(
    ("phone", "flag"),
    [
        ("+49 151 7304219", 0),
        ("0000000000", 1),
        ("123456789", 1),
        ("12", 1),
        ("+49 151 7304219 7304219", 1),
        (None, None),
    ],
)
def test_implausible_phone_numbers_are_flagged(measure, phone, flag):
    found = measure(role="personal", phone=[phone, "x"])["phone_implausible"].iloc[0]
    assert (None if pd.isna(found) else found) == flag


def test_the_share_of_fields_filled_in_leaves_values_out(tables, snapshots, spine):
    frame = firmographic_features(tables, snapshots).table.order_by("lead_id", "as_of").to_pandas()
    asked = [each.name for each in tables.attributes if each.role != "value"]
    leads = tables.leads.to_pandas().set_index("lead_id")[asked]
    expected = leads.notna().mean(axis=1).reindex(spine["lead_id"]).tolist()
    assert frame["fields_filled_in"].tolist() == pytest.approx(expected)


def test_other_columns_stay_as_they_are(tables, snapshots, spine):
    frame = firmographic_features(tables, snapshots).table.order_by("lead_id", "as_of").to_pandas()
    leads = tables.leads.to_pandas().set_index("lead_id").reindex(spine["lead_id"])
    for column in ("industry", "lead_site_visits"):
        assert frame[column].fillna(-1).tolist() == leads[column].fillna(-1).tolist()
    assert set(frame["lead_site_visits"].dropna()) == {3.0, 1204.0, 0.5}
