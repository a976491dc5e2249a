from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from leadscore.features.families.sales_history import history_features

HOUR, DAY = pd.Timedelta(hours=1), pd.Timedelta(days=1)


@pytest.fixture(scope="module")
def frame(tables, snapshots):
    built = history_features(tables, snapshots).table.order_by("lead_id", "as_of").to_pandas()
    return built.set_index(["lead_id", "as_of"])


@pytest.fixture(scope="module")
def seen(tables, spine):
    """Every outcome that a snapshot may know, worked out in plain pandas."""
    pairs = spine.merge(tables.outcomes.to_pandas(), on="lead_id")
    known = pairs[["occurred_at", "recorded_at"]].max(axis=1) < pairs["as_of"]
    return pairs[known].assign(age=lambda rows: rows["as_of"] - rows["occurred_at"])


def of_stage(seen, stage):
    return seen[seen["stage"] == stage].groupby(["lead_id", "as_of"])


@pytest.mark.parametrize("stage", ["mql", "accepted", "sql"])
def test_hours_since_a_step_count_from_its_latest_time(frame, seen, stage):
    expected = of_stage(seen, stage)["age"].min() / HOUR
    assert len(expected)
    expected = expected.reindex(frame.index)
    pd.testing.assert_series_equal(frame[f"hours_since_{stage}"], expected, check_names=False)


@pytest.mark.parametrize("stage", ["rejected", "recycled"])
def test_setbacks_are_counted_and_dated(frame, seen, stage):
    groups = of_stage(seen, stage)
    times = groups.size().reindex(frame.index, fill_value=0).astype("float64")
    days = (groups["age"].min() / DAY).reindex(frame.index)
    assert times.sum() > 0
    pd.testing.assert_series_equal(frame[f"{stage}_times"], times, check_names=False)
    pd.testing.assert_series_equal(frame[f"days_since_{stage}"], days, check_names=False)


def test_the_latest_reason_is_told_by_its_group(frame, seen):
    grouped = {"no budget": "not_now", "no time": "not_now", "wrong fit": "wrong fit"}
    rows = seen[(seen["stage"] == "rejected") & seen["reason"].notna()].sort_values("occurred_at")
    latest = rows.groupby(["lead_id", "as_of"])["reason"].last().map(grouped)
    assert set(latest) == {"not_now", "wrong fit"}
    found = frame["rejected_reason"].dropna()
    pd.testing.assert_series_equal(
        found.sort_index(), latest.sort_index(), check_names=False, check_dtype=False
    )


def test_age_hour_and_weekday_come_from_the_creation_date(frame, tables):
    created = tables.leads.to_pandas().set_index("lead_id")["created_at"]
    own = created.reindex(frame.index.get_level_values("lead_id")).to_numpy()
    age = (frame.index.get_level_values("as_of") - own) / DAY
    np.testing.assert_allclose(frame["lead_age_days"], age)
    np.testing.assert_array_equal(frame["created_hour"], pd.DatetimeIndex(own).hour)
    np.testing.assert_array_equal(frame["created_weekday"], pd.DatetimeIndex(own).day_of_week)


def test_a_file_without_outcomes_or_dates_has_no_history(tables, snapshots):
    flat = replace(tables, outcomes=None, data_end=None)
    assert history_features(flat, snapshots).features == ()


def test_a_file_without_outcomes_knows_when_the_lead_was_created(tables, snapshots):
    names = [
        each.name for each in history_features(replace(tables, outcomes=None), snapshots).features
    ]
    assert names == ["created_hour", "created_weekday"]
