from __future__ import annotations

import ibis
import pytest

from leadscore.features.shaping.lead_ids import salesforce_id

CONTRACT = """
[reading]
max_quarantine_share = 1
[leads]
path = "leads.csv"
lead_id = "lead_id"
{}
[events]
path = "events.csv"
[outcomes]
path = "outcomes.csv"
other_leads = "pass"
"""
WON = "lead_id,occurred_at,stage\na,2024-12-01,won\n"


def owners(read, settings, leads, ids, **files):
    """Return the leads of events, a day each, by the ids that the events name."""
    lines = [f"{each},2024-02-{day:02},call" for day, each in enumerate(ids, 1)]
    events = "\n".join(["lead_id,occurred_at,kind", *lines])
    files |= {"leads__csv": leads, "events__csv": events, "outcomes__csv": WON}
    rows = read(CONTRACT.format(settings), **files)["events"]
    found = zip(rows["occurred_at"].dt.day, rows["lead_id"], strict=True)
    return sorted((ids[day - 1], own) for day, own in found)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("00Q50000001AbCd", "00Q50000001AbCdEAK"),
        ("00Q50000001AbCdEAK", "00Q50000001AbCdEAK"),
        ("00Q50000001AbCdAAA", "00Q50000001AbCdAAA"),  # a wrong ending is no ending
        ("00Q5", "00Q5"),
    ],
)
def test_an_id_of_15_characters_gets_the_three_that_tell_its_capitals(given, expected):
    text = salesforce_id(ibis.literal(given))
    assert ibis.duckdb.connect().execute(text) == expected


def test_both_lengths_of_an_id_are_one_lead_and_case_tells_two_apart(read):
    leads = "lead_id,created_at\n00Q50000001AbCd,2024-01-01\n00Q50000001abcdEAA,2024-01-01\n"
    ids = ["00Q50000001AbCdEAK", "00Q50000001abcd", "00Q50000001AbCd"]
    whose = owners(read, 'ids = "salesforce"', leads, ids)
    assert [own for _id, own in whose] == [
        "00Q50000001AbCdEAK",
        "00Q50000001AbCdEAK",
        "00Q50000001abcdEAA",
    ]


def test_an_alias_stands_for_its_lead_and_for_each_where_it_has_several(read):
    leads = "lead_id,created_at,contact\na,2024-01-01,k\nb,2024-01-01,k\nc,2024-01-01,a\n"
    found = owners(read, 'aliases = ["contact"]', leads, ["k", "a", "c", "z"])
    # `a` is a lead of its own and so nobody's alias
    assert found == [("a", "a"), ("c", "c"), ("k", "a"), ("k", "b")]


def test_a_cell_may_hold_several_ids(read):
    leads = "lead_id,created_at,others\na,2024-01-01,x; y|z\n"
    found = owners(read, 'aliases = ["others"]', leads, ["x", "y", "z"])
    assert {own for _id, own in found} == {"a"}
    assert len(found) == 3


def test_merges_are_followed_to_the_lead_that_is_left(read):
    leads = """lead_id,created_at,now
a,2024-01-01,b
b,2024-01-01,c
c,2024-01-01,
x,2024-01-01,y
y,2024-01-01,x
"""
    found = owners(read, 'merged_into = "now"', leads, ["a", "b", "c", "x"])
    assert found == [("a", "c"), ("b", "c"), ("c", "c")]


def test_merges_may_stand_in_a_table_of_their_own_and_go_on_in_aliases(read):
    found = owners(
        read,
        'aliases = ["contact"]\n[leads.merged]\npath = "merged.csv"',
        "lead_id,created_at,contact\na,2024-01-01,k\n",
        ["old", "older", "k"],
        merged__csv="lead_id,alias\nk,old\nold,older\n",
    )
    assert found == [("k", "a"), ("old", "a"), ("older", "a")]
