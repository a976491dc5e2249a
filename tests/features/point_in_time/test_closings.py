from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pandas as pd

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
