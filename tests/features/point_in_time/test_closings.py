from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pandas as pd
import pytest

from leadscore.features.point_in_time.closings import listed_closings, still_open

NIGHT = datetime(2024, 3, 1)


def test_of_a_list_those_are_closed_who_were_known_to_be_by_then(tables, closed_at):
    frame = listed_closings(tables, as_of=NIGHT).to_pandas()
    expected = closed_at.index[closed_at < NIGHT]
    assert 0 < len(expected) < len(closed_at)
    assert set(frame["lead_id"]) == set(expected)


def test_a_lead_is_open_until_its_end_was_known(tables, closed_at):
    spine = tables.leads.select("lead_id", as_of=pd.Timestamp(NIGHT))
    found = set(still_open(tables, spine).to_pandas()["lead_id"])
    every = set(tables.leads.to_pandas()["lead_id"])
    assert found == every - set(closed_at.index[closed_at < NIGHT])


def test_without_outcomes_every_lead_is_open_and_none_closed(tables):
    flat = replace(tables, outcomes=None)
    spine = tables.leads.select("lead_id", as_of=pd.Timestamp(NIGHT))
    assert still_open(flat, spine).equals(spine)
    assert len(listed_closings(flat, as_of=NIGHT).to_pandas()) == 0


REOPENED = """
[leads]
path = "leads.csv"
lead_id = "id"
created_at = "created"
[outcomes]
path = "outcomes.csv"
lead_id = "id"
occurred_at = "at"
stage = "stage"
recorded_at = "entered"
"""
OUTCOMES = """id,at,stage,entered
A,2024-01-10,lost,2024-01-10
A,2024-02-01,sql,2024-02-03
B,2024-01-10,sql,2024-01-10
B,2024-01-20,lost,2024-01-20
C,2024-01-10,won,2024-01-10
C,2024-01-20,sql,2024-01-20
D,2024-01-10,lost,2024-01-10
D,2024-02-01,recycled,2024-02-01
D,2024-03-01,lost,2024-03-01
"""


@pytest.mark.parametrize(
    ("night", "expected"),
    [
        ("2024-01-05", "ABCD"),
        ("2024-01-11", "B"),
        ("2024-02-02", "D"),
        ("2024-02-04", "AD"),
        ("2024-03-02", "A"),
    ],
)
def test_a_lost_lead_is_open_again_once_it_is_known_to_have_moved_on(
    write_project, open_project, night, expected
):
    leads = "id,created\nA,2024-01-01\nB,2024-01-01\nC,2024-01-01\nD,2024-01-01\n"
    tables = open_project(write_project(REOPENED, leads__csv=leads, outcomes__csv=OUTCOMES))
    as_of = datetime.fromisoformat(night)
    spine = tables.leads.select("lead_id", as_of=pd.Timestamp(as_of))
    assert "".join(sorted(still_open(tables, spine).to_pandas()["lead_id"])) == expected
    closed = set(listed_closings(tables, as_of=as_of).to_pandas()["lead_id"])
    assert closed == set("ABCD") - set(expected)
