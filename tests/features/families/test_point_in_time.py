"""The proof: nothing that happens, or becomes known, at or after `as_of` moves a feature of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadscore.features.contract.table_sources import OUTCOME_STAGES
from leadscore.features.families.feature_table import build_features
from leadscore.features.point_in_time.snapshots import nightly_snapshots, training_snapshots

# Columns that are as they are whatever happens.
STATIC = ("Company size", "Annual revenue", "Job title", "Site visits", "Phone", "First name")
# Before any stage was reached, early on, and in the thick of it.
NIGHTS = [pd.Timestamp(day) for day in ("2024-01-04", "2024-02-01", "2024-04-10")]
KINDS = ("page_view", "not yet seen")
GROUPS = {"email_sent": ("email_sent",), "email_opened": ("email_open",)}
MOST = 400  # days that a change may lie before or after the night


@dataclass(frozen=True)
class Change:
    """Something that happens to one table, unknown at the night in question.

    `late` rows happened before the night and were recorded at or after it.
    """

    action: str
    row: int
    late: bool
    seconds: int
    word: int


changes = st.builds(
    Change,
    action=st.sampled_from(["insert", "change", "delete"]),
    row=st.integers(0, 10_000),
    late=st.booleans(),
    seconds=st.one_of(st.just(0), st.integers(0, MOST * 86_400)),
    word=st.integers(0, 50),
)


class Bench:
    """The company in one database, rebuilt after each change."""

    def __init__(self, tables):
        # Every column costs time and few of them are unlike the rest.
        events = tables.contract.events.model_copy(update={"groups": GROUPS})
        contract = tables.contract.model_copy(update={"events": events})
        self.tables = replace(tables.without(STATIC), contract=contract)
        self.unchanged: dict[tuple, pd.DataFrame] = {}
        self.connection = ibis.duckdb.connect()
        self.frames = {
            name: getattr(tables, name).to_pandas() for name in ("leads", "events", "outcomes")
        }

    def put(self, **frames):
        """Return the same tables with other rows."""
        stored = {
            name: self.connection.create_table(
                name, frame, schema=getattr(self.tables, name).schema(), overwrite=True
            )
            for name, frame in (self.frames | frames).items()
        }
        return replace(self.tables, **stored)

    def features(self, tables, night, kinds):
        """Build the night's features, and those of earlier nights of the same leads."""
        nights = [night - pd.Timedelta(days=age) for age in (0, 3, 30)]
        spines = [nightly_snapshots(tables, as_of=each.to_pydatetime()) for each in nights]
        # Stored, or every family would work it out again.
        spine = self.connection.create_table("spine", ibis.union(*spines), overwrite=True)
        return build_features(tables, spine, kinds=kinds).to_pandas()

    def before(self, night, kinds=KINDS):
        """Build the same with nothing changed."""
        if (night, kinds) not in self.unchanged:
            self.unchanged[night, kinds] = self.features(self.put(), night, kinds)
        return self.unchanged[night, kinds]

    def changed(self, name, night, edits):
        """Insert, change and delete rows of a table that the night does not know."""
        frame = self.frames[name]
        known_at = frame[["occurred_at", "recorded_at"]].max(axis=1)
        past, future = frame[known_at < night], frame[known_at >= night].to_dict("records")
        for edit in edits:
            place = edit.row % len(future) if future else 0
            if edit.action != "insert" and future:
                del future[place]
            if edit.action != "delete":
                future.insert(place, self.row(name, night, edit))
        return pd.concat([past, pd.DataFrame(future, columns=frame.columns).astype(frame.dtypes)])

    def row(self, name, night, edit):
        apart = pd.Timedelta(seconds=edit.seconds)
        occurred = night - apart - pd.Timedelta(seconds=1) if edit.late else night + apart
        moments = {"occurred_at": occurred, "recorded_at": max(occurred, night)}
        lead_id = self.frames["leads"]["lead_id"].iloc[edit.row % 60]
        if name == "events":
            kinds = ["page_view", "email_sent", "email_open", "call", "not yet seen", "new"]
            own = {"kind": kinds[edit.word % 6], "value": 9.5, "source": f"site {edit.word % 3}"}
        else:
            own = {"stage": OUTCOME_STAGES[edit.word % 7], "reason": "no time", "amount": 1e6}
        return {"lead_id": lead_id, **moments, **own}

    def newcomers(self, night, edits):
        """Take away the leads created later, and let others come in their place."""
        leads = self.frames["leads"]
        rows = []
        for number, edit in enumerate(edits):
            like = leads.iloc[edit.row % len(leads)].to_dict()
            created = night + pd.Timedelta(seconds=edit.seconds)
            rows.append(like | {"lead_id": f"new {number}", "created_at": created})
        later = pd.DataFrame(rows, columns=leads.columns).astype(leads.dtypes)
        return pd.concat([leads[leads["created_at"] < night], later])


@pytest.fixture(scope="module")
def bench(tables):
    return Bench(tables)


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    night=st.sampled_from(NIGHTS),
    kinds=st.sampled_from([KINDS, None]),
    events=st.lists(changes, max_size=40),
    outcomes=st.lists(changes, max_size=40),
    leads=st.lists(changes, max_size=5),
)
def test_nothing_at_or_after_the_night_moves_a_feature(  # noqa: PLR0917 - given by name
    bench, night, kinds, events, outcomes, leads
):
    before = bench.before(night, kinds)
    tables = bench.put(
        leads=bench.newcomers(night, leads),
        events=bench.changed("events", night, events),
        outcomes=bench.changed("outcomes", night, outcomes),
    )
    after = bench.features(tables, night, kinds)
    pd.testing.assert_frame_equal(after, before, check_exact=True)


@pytest.mark.parametrize("night", NIGHTS)
def test_deleting_all_that_came_later_moves_no_feature(bench, night):
    before = bench.before(night)
    past = {
        name: rows[rows[["occurred_at", "recorded_at"]].max(axis=1) < night]
        for name, rows in bench.frames.items()
        if name != "leads"
    }
    leads = bench.frames["leads"]
    tables = bench.put(leads=leads[leads["created_at"] < night], **past)
    after = bench.features(tables, night, KINDS)
    pd.testing.assert_frame_equal(after, before, check_exact=True)


@pytest.mark.parametrize("name", ["events", "outcomes"])
def test_what_becomes_known_just_before_the_night_does_move_features(bench, name):
    night = NIGHTS[-1]
    before = bench.before(night)
    moment = night - pd.Timedelta(seconds=1)
    row = bench.row(name, night, Change("insert", 30, late=False, seconds=0, word=3))
    row |= {"lead_id": before["lead_id"].iloc[-1]}
    row |= {"occurred_at": moment, "recorded_at": moment}
    frame = pd.concat([bench.frames[name], pd.DataFrame([row])], ignore_index=True)
    after = bench.features(bench.put(**{name: frame}), night, KINDS)
    assert not after.equals(before)


def test_colleagues_move_features_before_the_night_and_not_after(bench):
    night = NIGHTS[-1]
    before = bench.before(night)
    lead = bench.frames["leads"].set_index("lead_id").loc[before["lead_id"].iloc[0]]
    like = bench.frames["leads"].iloc[0].to_dict() | {"account": lead["account"]}
    for seconds, moves in ((-1, True), (0, False)):
        moment = night + pd.Timedelta(seconds=seconds)
        colleague = like | {"lead_id": "new colleague", "created_at": moment}
        leads = pd.concat(
            [bench.frames["leads"], pd.DataFrame([colleague])], ignore_index=True
        ).astype(bench.frames["leads"].dtypes)
        after = bench.features(bench.put(leads=leads), night, KINDS)
        own = after[after["lead_id"] != "new colleague"].reset_index(drop=True)
        assert (own["colleagues"].sum() > before["colleagues"].sum()) == moves
        assert own.equals(before) != moves


def test_training_and_the_nightly_job_see_the_same_features(bench):
    tables = bench.put()
    spine = training_snapshots(tables, ages_days=(0, 2, 7, 21, 60))
    snapshots = bench.connection.create_table("spine", spine, overwrite=True)
    trained = build_features(tables, snapshots, kinds=KINDS).to_pandas()
    trained = trained.set_index(["lead_id", "as_of"])
    nights = np.unique(trained.index.get_level_values("as_of"))[20::60]
    assert len(nights) > 1
    for night in nights:
        spine = nightly_snapshots(tables, as_of=pd.Timestamp(night).to_pydatetime())
        nightly = build_features(tables, spine, kinds=KINDS).to_pandas()
        nightly = nightly.set_index(["lead_id", "as_of"])
        own = trained[trained.index.get_level_values("as_of") == night]
        assert len(own)
        pd.testing.assert_frame_equal(nightly.loc[own.index], own, check_exact=True)
