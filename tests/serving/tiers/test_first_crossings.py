from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadscore.serving.tiers.first_crossings import Evidence, Reached

if TYPE_CHECKING:
    from collections.abc import Sequence

Snapshot = tuple[int, int, float, float]


def evidence(rows: Sequence[Snapshot]) -> Evidence:
    """Arrange snapshots: lead, day, chance, outcome."""
    frame = pd.DataFrame(rows, columns=["lead", "day", "p_sql", "y_sql"])
    frame = frame.astype({"lead": int, "day": int, "p_sql": float, "y_sql": float})
    frame["as_of"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(frame["day"], unit="D")
    return Evidence.of(frame, "sql")


RISING = [(1, 0, 0.1, 1.0), (1, 5, 0.4, 1.0), (1, 9, 0.3, 0.0), (2, 0, 0.2, 0.0)]


@pytest.mark.parametrize(
    ("cut_off", "leads", "positives"),
    [(0.0, 2, 1), (0.1, 2, 1), (0.2, 2, 1), (0.3, 1, 1), (0.4, 1, 1), (0.41, 0, 0)],
)
def test_a_lead_counts_once_whatever_the_cut_off(
    cut_off: float, leads: int, positives: int
) -> None:
    assert evidence(RISING).reached(cut_off) == Reached(leads, positives)


def test_a_lead_is_judged_when_it_first_reaches_the_cut() -> None:
    too_late = evidence([(1, 0, 0.1, 1.0), (1, 5, 0.4, 0.0)])  # the outcome came in between
    assert too_late.reached(0.1) == Reached(1, 1)
    assert too_late.reached(0.2) == Reached(1, 0)


def test_of_one_moment_the_higher_chance_and_the_worse_verdict_count() -> None:
    same_day = evidence([(1, 0, 0.3, 1.0), (1, 0, 0.5, 1.0), (1, 0, 0.5, 0.0)])
    assert same_day.reached(0.2) == Reached(1, 0)


def test_what_is_not_known_is_no_evidence() -> None:
    some = evidence([*RISING, (3, 0, 0.9, np.nan), (4, 0, np.nan, 1.0)])
    assert some.leads == 2
    assert some.reached(0.0) == Reached(2, 1)


def test_the_best_snapshots_have_a_lowest_chance() -> None:
    some = evidence(RISING)
    assert [some.chance_of_best(count) for count in (0, 1, 3, 99)] == [None, 0.4, 0.2, 0.1]
    assert evidence([]).chance_of_best(3) is None
    assert evidence([]).leads == 0


SNAPSHOTS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 5), st.floats(0, 1), st.sampled_from([0.0, 1.0])),
    max_size=25,
)


@given(rows=SNAPSHOTS, cut_off=st.floats(0, 1), data=st.data())
def test_it_is_what_walking_through_each_leads_snapshots_finds(
    rows: list[Snapshot], cut_off: float, data: st.DataObject
) -> None:
    first: dict[int, float] = {}
    for lead, _day, chance, outcome in sorted(rows, key=lambda row: (row[1], -row[2], row[3])):
        if chance >= cut_off:
            first.setdefault(lead, outcome)
    shuffled = data.draw(st.permutations(rows))
    expected = Reached(len(first), int(sum(first.values())))
    assert evidence(shuffled).reached(cut_off) == expected
