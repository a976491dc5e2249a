from __future__ import annotations

import pytest

CONTRACT = """
[leads]
path = "leads.csv"
[events]
path = "events.csv"
timezone = "Europe/Amsterdam"
[outcomes]
path = "outcomes.csv"
"""


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("2024-03-31 01:30:00", "2024-03-31 00:30:00"),  # the last of winter time
        ("2024-03-31 03:30:00", "2024-03-31 01:30:00"),  # the first of summer time
        ("2024-10-27 01:30:00", "2024-10-26 23:30:00"),
        ("2024-10-27 04:30:00", "2024-10-27 03:30:00"),
        ("2024-07-01 12:00:00Z", "2024-07-01 12:00:00"),  # a zone of its own
    ],
)
def test_moments_of_a_table_are_read_in_its_time_zone(read, local, utc):
    rows = read(
        CONTRACT,
        leads__csv="lead_id,created_at\na,2024-01-01 12:00:00\n",
        events__csv=f"lead_id,occurred_at,kind\na,{local},call\n",
        outcomes__csv="lead_id,occurred_at,stage\na,2024-12-01 12:00:00,won\n",
    )
    assert str(rows["events"]["occurred_at"].iloc[0]) == utc
    # The other tables have no zone of their own.
    assert str(rows["leads"]["created_at"].iloc[0]) == "2024-01-01 12:00:00"
    assert str(rows["outcomes"]["occurred_at"].iloc[0]) == "2024-12-01 12:00:00"


def test_what_is_no_moment_is_shown_as_it_was_written(read):
    found = read(
        CONTRACT + "[reading]\nmax_quarantine_share = 1\n",
        leads__csv="lead_id,created_at\na,2024-01-01\n",
        events__csv="lead_id,occurred_at,kind\na,yesterday,call\n",
        outcomes__csv="lead_id,occurred_at,stage\na,2024-12-01,won\n",
    )
    assert found["faults"]["value"].tolist() == ["yesterday"]
