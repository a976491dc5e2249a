from __future__ import annotations

import pytest

from leadscore.features.core import DataError

CONTRACT = """
[leads]
path = "leads.csv"
lead_id = "lead_id"
{}
[leads.columns]
size = "firmographic:number"
[outcomes]
path = "outcomes.csv"
other_leads = "pass"
"""
WON = "lead_id,occurred_at,stage\na,2024-12-01,won\n"


def sizes(found):
    return dict(zip(found["leads"]["lead_id"], found["leads"]["lead_size"], strict=True))


@pytest.mark.parametrize("word", ["true", "1", "Yes", "ja"])
def test_rows_that_are_marked_as_deleted_do_not_count(read, word):
    leads = (
        f"lead_id,created_at,size,gone\na,2024-01-01,5,{word}\nb,2024-01-01,6,\nc,2024-01-01,7,0\n"
    )
    found = read(CONTRACT.format('deleted = ["gone"]'), leads__csv=leads, outcomes__csv=WON)
    assert sizes(found) == {"b": 6, "c": 7}


def test_a_row_with_anything_in_a_column_of_deletions_does_not_count(read):
    leads = "lead_id,created_at,size,gone\na,2024-01-01,5,2024-02-01\nb,2024-01-01,6,\n"
    found = read(CONTRACT.format('deleted_at = ["gone"]'), leads__csv=leads, outcomes__csv=WON)
    assert sizes(found) == {"b": 6}


def test_an_empty_cell_is_filled_from_the_first_other_column_that_is(read):
    leads = """lead_id,created_at,size,staff,heads
a,2024-01-01,5,8,9
b,2024-01-01,,8,9
c,2024-01-01, ,,9
"""
    contract = CONTRACT.format('otherwise = {size = ["staff", "heads"]}')
    found = read(contract, leads__csv=leads, outcomes__csv=WON)
    assert sizes(found) == {"a": 5, "b": 8, "c": 9}


@pytest.mark.parametrize(
    ("older", "newer"),
    [("2024-01-31", "2024-02-01"), ("9", "10"), ("1706659200000", "1706745600000"), ("", "1")],
)
def test_of_several_rows_of_a_lead_the_newest_holds(read, older, newer):
    leads = f"lead_id,created_at,size,at\na,2024-01-01,5,{newer}\na,2024-01-01,6,{older}\n"
    found = read(CONTRACT.format('newest_by = "at"'), leads__csv=leads, outcomes__csv=WON)
    assert sizes(found) == {"a": 5}


def test_a_lead_whose_newest_row_is_deleted_is_gone_and_does_not_come_back_as_it_was(read):
    leads = """lead_id,created_at,size,at,gone
a,2024-01-01,5,1,false
a,2024-01-01,6,2,true
b,2024-01-01,7,1,true
b,2024-01-01,8,2,false
"""
    for by in ("newest_by", "valid_from"):
        contract = CONTRACT.format(f'{by} = "at"\ndeleted = ["gone"]')
        at = leads.replace(",1,", ",2024-03-01,").replace(",2,", ",2024-04-01,")
        found = read(contract, leads__csv=at, outcomes__csv=WON)
        assert sizes(found) == {"b": 8}


def test_a_missing_column_is_named_with_its_setting(read):
    leads = "lead_id,created_at,size\na,2024-01-01,5\n"
    for setting in ('deleted = ["no"]', 'newest_by = "no"', 'merged_into = "no"'):
        name = setting.split(" ", 1)[0]
        with pytest.raises(DataError, match=f"leads.{name}"):
            read(CONTRACT.format(setting), leads__csv=leads, outcomes__csv=WON)
