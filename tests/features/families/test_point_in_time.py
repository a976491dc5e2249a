"""The proof: nothing that happens, or becomes known, at or after `as_of` moves a feature of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadscore.features.contract.contract import CONTRACT_FILE, load_contract
from leadscore.features.contract.table_sources import OUTCOME_STAGES
from leadscore.features.families.feature_table import build_features
from leadscore.features.point_in_time.snapshots import nightly_snapshots, training_snapshots
from leadscore.features.tables.open_tables import open_tables

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


HELD = """
[leads]
path = "leads.csv"
lead_id = "id"
{}
[leads.columns]
status = "firmographic"
size = "firmographic:number"
source = "channel.source"
{}
[outcomes]
path = "outcomes.csv"
"""
TRACKED = ("status", "size", "source")
WORDS = ("", "1", "2", "30")
LEAD_IDS = tuple("abcde")
HELD_NIGHT = NIGHTS[1]
# lead, hours before the night, column, value; of `e` nothing is known before it
PAST = [
    *(("a", 700, column, "1") for column in TRACKED),
    *(("b", 700, column, "2") for column in TRACKED),
    ("a", 400, "status", "30"),
    ("a", 400, "size", ""),
    ("a", 50, "source", "2"),
    ("b", 1, "status", ""),
    ("c", 100, "size", "30"),
]
later_changes = st.tuples(
    st.sampled_from(LEAD_IDS),
    st.one_of(st.just(0), st.integers(1, 2000)),
    st.sampled_from(TRACKED),
    st.sampled_from(WORDS),
)


def changed_rows(later):
    """Return changes and today's leads: each change knows what the column held before it."""
    changes = [(lead, -hours, column, word) for lead, hours, column, word in PAST]
    changes = sorted([*changes, *later], key=lambda each: each[1])
    now = {(lead, column): "1" for lead in LEAD_IDS for column in TRACKED}
    rows = []
    for lead, hours, column, word in changes:
        moment = HELD_NIGHT + pd.Timedelta(hours=hours)
        rows.append((lead, moment, column, now[lead, column], word))
        now[lead, column] = word
    return rows, now


def as_changes(later):
    """Write a history of changes; today's values are those after all of them."""
    rows, now = changed_rows(later)
    leads = [(lead, "2023-12-01", *(now[lead, each] for each in TRACKED)) for lead in LEAD_IDS]
    return {
        "leads": pd.DataFrame(leads, columns=["id", "created_at", *TRACKED]),
        "history": pd.DataFrame(rows, columns=["lead_id", "changed_at", "field", "old", "new"]),
    }


def as_versions(later):
    """Write a row a version; of a lead that has none yet one comes after the night."""
    rows, _now = changed_rows(later)
    held = {lead: dict.fromkeys(TRACKED, "1") for lead in LEAD_IDS}
    versions = []
    for lead, moment, column, _old, word in rows:
        held[lead][column] = word
        versions.append((lead, "2023-12-01", moment, *held[lead].values()))
    last = HELD_NIGHT + pd.Timedelta(days=MOST)
    versions += [(lead, "2023-12-01", last, "1", "1", "1") for lead in LEAD_IDS]
    return {"leads": pd.DataFrame(versions, columns=["id", "created_at", "since", *TRACKED])}


WITH_OLD = '[leads.history]\npath = "history.csv"\nold = "old"'
WITHOUT_OLD = (
    '[leads.history]\npath = "history.csv"\n'
    'fields = {status = "status", size = "size", source = "source"}'
)
WAYS = {
    "versions": (HELD.format('valid_from = "since"', ""), as_versions),
    "changes": (HELD.format("", WITH_OLD), as_changes),
    "new values alone": (HELD.format("", WITHOUT_OLD), as_changes),
}


@pytest.fixture(scope="module")
def held_features(tmp_path_factory):
    """Build the features of all leads on three nights, and those in `tables.leads`."""

    def built(way, later):
        folder = tmp_path_factory.mktemp("held")
        contract, frames = WAYS[way]
        for name, frame in frames(later).items():
            frame.to_csv(folder / f"{name}.csv", index=False)
        (folder / "outcomes.csv").write_text("lead_id,occurred_at,stage\na,2025-06-01,won\n")
        (folder / CONTRACT_FILE).write_text(contract)
        moments = [HELD_NIGHT - pd.Timedelta(days=days) for days in (0, 3, 20)]
        spine = pd.DataFrame(
            [(lead, moment) for lead in LEAD_IDS for moment in moments],
            columns=["lead_id", "as_of"],
        )
        with open_tables(load_contract(folder), known_by=HELD_NIGHT.to_pydatetime()) as tables:
            features = build_features(tables, ibis.memtable(spine), kinds=()).to_pandas()
            return features, tables.leads.order_by("lead_id").to_pandas()

    return built


@pytest.mark.parametrize("way", list(WAYS))
def test_no_version_from_the_night_on_moves_a_feature(held_features, way):
    before, leads = held_features(way, [])
    assert set(before["lead_status"].dropna()) >= {"2", "30"}

    @settings(max_examples=12, deadline=None, derandomize=True)
    @given(later=st.lists(later_changes, min_size=1, max_size=12))
    def unmoved(later):
        after, then = held_features(way, later)
        pd.testing.assert_frame_equal(after, before, check_exact=True)
        pd.testing.assert_frame_equal(then, leads, check_exact=True)

    unmoved()


@pytest.mark.parametrize("way", list(WAYS))
def test_a_version_from_just_before_the_night_does_move_features(held_features, way):
    before, _leads = held_features(way, [])
    after, then = held_features(way, [("a", -0.001, "status", "1")])
    assert not after.equals(before)
    assert then["lead_status"].iloc[0] == "1"
