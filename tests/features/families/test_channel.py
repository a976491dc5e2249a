from __future__ import annotations

from dataclasses import replace

import ibis
import numpy as np
import pandas as pd
import pytest

from leadscore.features.families.channel import channel_features

DAY = pd.Timedelta(days=1)


@pytest.fixture(scope="module")
def frame(tables, snapshots):
    return built(tables, snapshots)


def built(tables, snapshots):
    found = channel_features(tables, snapshots).table.order_by("lead_id", "as_of").to_pandas()
    return found.set_index(["lead_id", "as_of"])


def test_the_channel_of_creation_is_kept_as_it_is(tables, frame):
    source = tables.leads.to_pandas().set_index("lead_id")["source"]
    own = source.reindex(frame.index.get_level_values("lead_id"))
    assert frame["source"].fillna("-").tolist() == own.fillna("-").tolist()


def test_touches_are_the_latest_and_the_number_of_different_ones(tables, spine, frame):
    pairs = spine.merge(tables.events.to_pandas(), on="lead_id").dropna(subset="source")
    known = pairs[pairs[["occurred_at", "recorded_at"]].max(axis=1) < pairs["as_of"]]
    groups = known.sort_values(["occurred_at", "source"]).groupby(["lead_id", "as_of"])["source"]
    latest = groups.last().reindex(frame.index)
    number = groups.nunique().reindex(frame.index, fill_value=0)
    assert frame["touch_source"].fillna("-").tolist() == latest.fillna("-").tolist()
    assert frame["distinct_sources"].tolist() == number.tolist()


def test_touches_with_several_places_are_told_place_by_place(tables):
    as_of = pd.Timestamp("2024-06-10")
    touches = [  # of two at the same moment the later in the alphabet
        ("X", 5, "web", "cpc"), ("X", 3, "fair", None), ("X", 1, None, "email"),
        ("X", 1, None, "search"), ("X", 1, None, None), ("X", 0, "late", "late"),
        ("Y", 2, None, None), ("Z", 2, "web", None), ("Z", 2, "web", None),
    ]  # fmt: skip
    events = pd.DataFrame(touches, columns=["lead_id", "days", "source", "medium"])
    events["occurred_at"] = events["recorded_at"] = as_of - events.pop("days") * DAY
    own = replace(
        tables,
        events=ibis.memtable(events.assign(kind="visit", value=np.nan)),
        event_terms=("source", "medium"),
    )
    found = built(own, ibis.memtable({"lead_id": ["X", "Y", "Z"], "as_of": [as_of] * 3}))
    assert found["touch_source"].fillna("-").tolist() == ["fair", "-", "web"]
    assert found["touch_medium"].fillna("-").tolist() == ["search", "-", "-"]
    assert found["distinct_sources"].tolist() == [2, 0, 1]
    assert found["distinct_mediums"].tolist() == [3, 0, 0]
