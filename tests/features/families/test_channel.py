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


def past_rates(tables, spine):
    """The same figure worked out lead by lead."""
    leads = tables.leads.to_pandas().set_index("lead_id")
    outcomes = tables.outcomes.to_pandas()
    outcomes["known_at"] = outcomes[["occurred_at", "recorded_at"]].max(axis=1)
    first_sql = outcomes.loc[outcomes["stage"] == "sql", "known_at"].min()
    rates = []
    for lead_id, as_of in spine[["lead_id", "as_of"]].itertuples(index=False):
        by_sql = as_of > first_sql
        stages, horizon = (["sql", "won"], 20 * DAY) if by_sql else (["won"], 45 * DAY)
        reached_at = outcomes[outcomes["stage"].isin(stages)].groupby("lead_id")["known_at"].min()
        matured = leads[leads["source"].notna() & (leads["created_at"] + horizon <= as_of)]
        reached = reached_at.reindex(matured.index) < matured["created_at"] + horizon
        own = matured["source"] == leads.loc[lead_id, "source"]
        overall = reached.mean() if len(matured) else np.nan
        rate = (reached[own].sum() + 20 * overall) / (own.sum() + 20)
        rates.append(rate if pd.notna(leads.loc[lead_id, "source"]) else np.nan)
    return pd.Series(rates, pd.MultiIndex.from_frame(spine[["lead_id", "as_of"]]))


def test_the_past_rate_is_shrunk_to_the_overall_rate_of_matured_leads(tables, spine, frame):
    expected = past_rates(tables, spine)
    assert expected.nunique() > 20
    pd.testing.assert_series_equal(
        frame["source_past_rate"], expected, check_names=False, rtol=1e-12
    )


def test_a_channel_is_unrated_before_any_lead_has_matured(frame):
    early = frame.index.get_level_values("as_of") < pd.Timestamp("2024-01-21")
    assert early.any()
    assert frame.loc[early, "source_past_rate"].isna().all()


def test_where_the_outcomes_speak_of_no_sql_the_rate_is_of_wins(tables, snapshots, spine):
    wins = replace(tables, outcomes=tables.outcomes.filter(tables.outcomes.stage == "won"))
    found = built(wins, snapshots)["source_past_rate"]
    expected = past_rates(wins, spine)
    assert expected.notna().any()
    pd.testing.assert_series_equal(found, expected, check_names=False, rtol=1e-12)


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


def test_a_flat_file_rates_channels_by_its_target(write_project, open_project):
    lines = [
        f"{i},2024-01-{1 + i:02},{'web' if i % 2 else 'fair'},{int(i % 4 == 1)}" for i in range(8)
    ]
    contract = write_project(
        """
        [leads]
        path = "leads.csv"
        lead_id = "id"
        created_at = "created"
        target = "won"
        [leads.columns]
        from = "channel.source"
        [horizon_days]
        sql = 5
        won = 5
        """,
        leads__csv="\n".join(["id,created,from,won", *lines]),
    )
    tables = open_project(contract)
    spine = pd.DataFrame({"lead_id": ["0", "1"], "as_of": pd.Timestamp("2024-01-09")})
    # Leads 0 to 3 have matured: two from the web, of whom one converted, and two from the fair.
    rates = built(tables, ibis.memtable(spine))["source_past_rate"]
    assert rates.tolist() == pytest.approx([20 * 0.25 / 22, (1 + 20 * 0.25) / 22])


def test_without_dates_no_channel_is_rated(tables, snapshots):
    features = channel_features(replace(tables, data_end=None), snapshots).features
    assert "source_past_rate" not in [each.name for each in features]
