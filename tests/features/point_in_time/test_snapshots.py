from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest

from leadscore.features.point_in_time.snapshots import (
    NO_DATE,
    listed_snapshots,
    next_midnight,
    nightly_snapshots,
    training_snapshots,
)

DAY = pd.Timedelta(days=1)
NIGHT = datetime(2024, 3, 1)
FLAT = """
[leads]
path = "leads.csv"
lead_id = "id"
target = "won"
[leads.columns]
size = "firmographic"
"""


@pytest.fixture(scope="module")
def created(tables):
    return tables.leads.to_pandas().set_index("lead_id")["created_at"]


def test_training_looks_at_each_open_lead_at_every_age(tables, spine, created, closed_at):
    expected = [
        (lead_id, night)
        for lead_id, moment in created.sort_index().items()
        for age in (0, 2, 7, 21, 60)
        if (night := moment.normalize() + (1 + age) * DAY) <= pd.Timestamp(tables.data_end)
        and not closed_at.get(lead_id, pd.Timestamp.max) < night
    ]
    assert list(spine.itertuples(index=False, name=None)) == expected


def test_a_night_holds_the_leads_created_before_it_and_still_open(tables, created, closed_at):
    frame = nightly_snapshots(tables, as_of=NIGHT).to_pandas()
    closed = closed_at.index[closed_at < NIGHT]
    expected = created.index[created < NIGHT].difference(closed)
    assert 0 < len(expected) < (created < NIGHT).sum()
    assert sorted(frame["lead_id"]) == sorted(expected)
    assert set(frame["as_of"]) == {pd.Timestamp(NIGHT)}


def test_a_list_is_looked_at_as_far_as_it_is_asked_for(tables, created):
    wanted = sorted(created.index[:7])
    frame = listed_snapshots(tables, [*wanted, "nobody"], as_of=NIGHT).to_pandas()
    assert sorted(frame["lead_id"]) == wanted
    assert set(frame["as_of"]) == {pd.Timestamp(NIGHT)}


@pytest.mark.parametrize(
    ("targets", "scored"), [(["1", "0", ""], ["2"]), (["1", "0", "0"], ["1", "2"])]
)
def test_in_a_flat_file_the_undecided_are_open(write_project, open_project, targets, scored):
    lines = [f"{number},5,{target}" for number, target in enumerate(targets)]
    contract = write_project(FLAT, leads__csv="\n".join(["id,size,won", *lines]) + "\n")
    frame = nightly_snapshots(open_project(contract), as_of=NIGHT).to_pandas()
    assert sorted(frame["lead_id"]) == scored


def test_a_flat_file_without_dates_is_looked_at_once(write_project, open_project):
    contract = write_project(FLAT, leads__csv="id,size,won\na,5,1\nb,6,0\n")
    frame = training_snapshots(open_project(contract), ages_days=(0, 7)).to_pandas()
    assert sorted(frame["lead_id"]) == ["a", "b"]
    assert set(frame["as_of"]) == {pd.Timestamp(NO_DATE)}


def test_a_flat_file_with_dates_is_looked_at_on_the_first_night(write_project, open_project):
    contract = write_project(
        FLAT.replace("target", 'created_at = "made"\ntarget'),
        leads__csv="id,size,won,made\na,5,1,2024-01-01 00:00\nb,6,0,2024-01-02 23:59\nc,1,1,\n",
    )
    frame = training_snapshots(open_project(contract), ages_days=(0, 7)).to_pandas()
    nights = frame.set_index("lead_id")["as_of"].to_dict()
    assert nights == {"a": pd.Timestamp("2024-01-02"), "b": pd.Timestamp("2024-01-03")}


def test_the_next_midnight_is_the_moment_itself_at_midnight():
    assert next_midnight(NIGHT) == NIGHT
    assert next_midnight(NIGHT.replace(microsecond=1)) == datetime(2024, 3, 2)
