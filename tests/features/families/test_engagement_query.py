from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import ibis
import numpy as np
import pandas as pd
import pytest

from leadscore.features.core.errors import DataError
from leadscore.features.families.engagement_query import common_kinds, engagement_features

KINDS = ("page_view", "Reactive ü")
# Which kinds each prefix counts, by the contract of the fixture and the kinds above.
GROUPS = {
    "email_sent": ["email_sent"],
    "email_opened": ["email_open"],
    "sales_touch": ["call"],
    "interest": ["pricing_view", "webinar"],
    "page_view": ["page_view"],
    "reactive_u": ["Reactive ü"],
    "other_kinds": ["once in a while"],
}
GROUPS["activity"] = sorted({kind for kinds in GROUPS.values() for kind in kinds})
GROUPS["activity"] = [kind for kind in GROUPS["activity"] if kind not in {"email_sent", "call"}]


@pytest.fixture(scope="module")
def frame(tables, snapshots):
    built = engagement_features(tables, snapshots, kinds=KINDS)
    return built.table.order_by("lead_id", "as_of").to_pandas().set_index(["lead_id", "as_of"])


@pytest.fixture(scope="module")
def seen(tables, spine):
    """Every event that a snapshot may know, worked out in plain pandas."""
    pairs = spine.merge(tables.events.to_pandas(), on="lead_id")
    known = (pairs["occurred_at"] < pairs["as_of"]) & (pairs["recorded_at"] < pairs["as_of"])
    pairs = pairs[known].copy()
    pairs["age"] = pairs["as_of"] - pairs["occurred_at"]
    # The last 24 hours are day 0; an event exactly a day old still belongs to them.
    pairs["age_days"] = np.ceil(pairs["age"] / pd.Timedelta(days=1)).astype(int) - 1
    return pairs


def by_snapshot(rows):
    return rows.groupby(["lead_id", "as_of"])


def assert_same(found, expected, *, nothing):
    expected = expected.reindex(found.index).astype("float64").fillna(nothing)
    pd.testing.assert_series_equal(found, expected, check_names=False, rtol=1e-9)


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("days", [1, 7, 30, 90])
def test_a_window_counts_the_events_of_whole_days_back(frame, seen, group, days):
    rows = seen[seen["kind"].isin(GROUPS[group]) & (seen["age"] <= pd.Timedelta(days=days))]
    assert_same(frame[f"{group}_{days}d"], by_snapshot(rows).size(), nothing=0)


@pytest.mark.parametrize("group", GROUPS)
def test_ever_counts_all_known_events(frame, seen, group):
    rows = seen[seen["kind"].isin(GROUPS[group])]
    assert len(rows)
    assert_same(frame[f"{group}_ever"], by_snapshot(rows).size(), nothing=0)


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize(("suffix", "extreme"), [("first", "max"), ("latest", "min")])
def test_recency_is_in_days_and_unknown_where_nothing_happened(frame, seen, group, suffix, extreme):
    rows = seen[seen["kind"].isin(GROUPS[group])]
    days = by_snapshot(rows)["age"].agg(extreme) / pd.Timedelta(days=1)
    assert_same(frame[f"{group}_days_since_{suffix}"], days, nothing=np.nan)


@pytest.mark.parametrize("group", GROUPS)
def test_a_faded_count_halves_with_each_half_life(frame, seen, group):
    rows = seen[seen["kind"].isin(GROUPS[group])]
    weights = 2.0 ** (-rows["age_days"] / 7.0)
    faded = weights.groupby([rows["lead_id"], rows["as_of"]]).sum()
    assert_same(frame[f"{group}_faded"], faded, nothing=0)


def test_active_days_are_different_days_with_activity(frame, seen):
    own = seen[seen["kind"].isin(GROUPS["activity"])]
    assert_same(frame["active_days_ever"], by_snapshot(own)["age_days"].nunique(), nothing=0)
    lately = own[own["age_days"] < 30]
    assert_same(frame["active_days_30d"], by_snapshot(lately)["age_days"].nunique(), nothing=0)


def test_the_longest_silence_is_the_widest_gap_between_active_days(frame, seen):
    def widest(days):
        apart = np.diff(np.unique(days))
        return float(apart.max()) if len(apart) else np.nan

    own = seen[seen["kind"].isin(GROUPS["activity"])]
    silence = by_snapshot(own)["age_days"].agg(widest)
    assert silence.notna().any()
    assert_same(frame["longest_silence_days"], silence, nothing=np.nan)


def test_the_trend_is_the_last_fortnight_less_the_one_before(frame, seen):
    own = seen[seen["kind"].isin(GROUPS["activity"]) & (seen["age_days"] < 28)]
    sign = np.where(own["age_days"] < 14, 1, -1)
    trend = pd.Series(sign, own.index).groupby([own["lead_id"], own["as_of"]]).sum()
    assert_same(frame["activity_trend_14d"], trend, nothing=0)


def test_distinct_kinds_are_those_of_the_lead_itself(frame, seen):
    own = seen[seen["kind"].isin(GROUPS["activity"])]
    assert_same(frame["distinct_kinds"], by_snapshot(own)["kind"].nunique(), nothing=0)


def test_values_of_events_add_up(frame, seen):
    assert_same(frame["event_value_ever"], by_snapshot(seen)["value"].sum(), nothing=0)
    lately = seen[seen["age_days"] < 30]
    assert_same(frame["event_value_30d"], by_snapshot(lately)["value"].sum(), nothing=0)


def test_the_open_rate_is_unknown_where_no_mail_was_sent(frame):
    expected = frame["email_opened_ever"] / frame["email_sent_ever"].replace(0, np.nan)
    pd.testing.assert_series_equal(frame["email_open_rate"], expected, check_names=False)


def test_a_kind_without_columns_folds_into_the_rest(tables, snapshots, frame):
    built = engagement_features(tables, snapshots, kinds=("Reactive ü",)).table
    folded = built.order_by("lead_id", "as_of").to_pandas()
    expected = frame["other_kinds_ever"] + frame["page_view_ever"]
    assert "page_view_ever" not in folded
    np.testing.assert_array_equal(folded["other_kinds_ever"], expected)


def test_a_kind_never_seen_in_training_counts_as_other(tables, snapshots):
    built = engagement_features(tables, snapshots, kinds=("never seen",)).table.to_pandas()
    assert (built["never_seen_ever"] == 0).all()
    assert built["other_kinds_ever"].sum() > 0


def test_common_kinds_come_commonest_first_and_leave_rare_ones_out(tables):
    counts = tables.events.to_pandas()["kind"].value_counts()
    kinds = common_kinds(tables)
    assert kinds[0] == "page_view"
    assert "once in a while" not in kinds
    assert set(kinds) == set(counts[counts >= 0.02 * counts.sum()].index)
    assert counts[list(kinds)].is_monotonic_decreasing


def test_common_kinds_look_only_at_what_was_known(tables):
    assert common_kinds(tables, known_by=datetime(2024, 1, 1)) == ()


def test_an_engine_without_lists_finds_the_same(tables, snapshots, frame):
    built = engagement_features(replace(tables, engine="postgres"), snapshots, kinds=KINDS)
    found = built.table.order_by("lead_id", "as_of").to_pandas().set_index(["lead_id", "as_of"])
    pd.testing.assert_frame_equal(found, frame)


def test_without_events_there_are_no_kinds(tables):
    assert common_kinds(replace(tables, events=None)) == ()


def test_without_events_there_is_no_engagement(tables, snapshots):
    with pytest.raises(DataError, match=r"describes no \[events\]"):
        engagement_features(replace(tables, events=None), snapshots, kinds=())


def test_windows_are_half_open(tables):
    as_of = pd.Timestamp("2024-06-10")
    seconds = {"just before": 1, "a day": 86_400, "a day and a second": 86_401, "at": 0}
    events = pd.DataFrame(
        {
            "lead_id": "X",
            "occurred_at": [as_of - pd.Timedelta(seconds=each) for each in seconds.values()],
            "kind": list(seconds),
            "value": np.nan,
            "source": "web",
        }
    ).assign(recorded_at=lambda rows: rows["occurred_at"])
    own = replace(tables, events=ibis.memtable(events), event_terms=())
    spine = ibis.memtable(pd.DataFrame({"lead_id": ["X"], "as_of": [as_of]}))
    row = engagement_features(own, spine, kinds=()).table.to_pandas().iloc[0]
    assert (row["activity_1d"], row["activity_7d"]) == (2, 3)
