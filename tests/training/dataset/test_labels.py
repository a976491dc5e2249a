from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd
import pytest

from leadscore.training.dataset.labels import label_snapshots, stages_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from leadscore.features.tables.tables import Tables

    Open = Callable[..., Tables]

NIGHT = "2026-02-01"  # the SQL horizon ends on 11 February, the won horizon on 3 March


def label(tables: Tables, lead: str = "A", as_of: str = NIGHT) -> pd.Series:
    spine = pd.DataFrame({"lead_id": [lead], "as_of": [pd.Timestamp(as_of)]})
    return label_snapshots(tables, ibis.memtable(spine)).frame.iloc[0]


@pytest.mark.parametrize(
    ("at", "reached"),
    [
        ("2026-02-01 00:00:00", 1.0),  # the window holds its first moment
        ("2026-02-10 23:59:59", 1.0),
        ("2026-02-11 00:00:00", 0.0),  # and not its last
        ("2026-05-01", 0.0),
    ],
)
def test_the_window_of_an_outcome_is_half_open(
    open_outcomes: Open, at: str, reached: float
) -> None:
    assert label(open_outcomes(("A", at, "sql")))["y_sql"] == reached


def test_a_lead_with_no_outcome_did_not_reach_it(open_outcomes: Open) -> None:
    found = label(open_outcomes(("B", "2026-02-02", "sql"), ("B", "2026-02-03", "won")))
    assert (found["y_sql"], found["y_won"]) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("ends", "known"), [("2026-02-10 23:59:59", False), ("2026-02-11 00:00:00", True)]
)
def test_a_horizon_that_passes_the_end_of_the_data_is_unknown(
    open_outcomes: Open, ends: str, *, known: bool
) -> None:
    found = label(open_outcomes(("B", "2026-02-02", "sql"), ends=ends))
    assert pd.notna(found["y_sql"]) == known


def test_an_early_success_with_an_open_horizon_is_unknown_too(open_outcomes: Open) -> None:
    tables = open_outcomes(("A", "2026-02-02", "sql"), ends="2026-02-05")
    assert np.isnan(label(tables)["y_sql"])


def test_each_label_says_when_it_became_known(open_outcomes: Open) -> None:
    found = label(open_outcomes(("A", "2026-02-02", "sql"), ("A", "2026-02-03", "won")))
    assert found["known_sql_at"] == pd.Timestamp("2026-02-11")
    assert found["known_won_at"] == pd.Timestamp("2026-03-03")


def test_won_without_becoming_an_sql_in_time_does_not_count(open_outcomes: Open) -> None:
    tables = open_outcomes(("A", "2026-02-20", "sql"), ("A", "2026-02-25", "won"))
    found = label(tables)
    assert (found["y_sql"], found["y_won"]) == (0.0, 0.0)


def test_won_counts_when_the_sql_came_in_time(open_outcomes: Open) -> None:
    tables = open_outcomes(("A", "2026-02-05", "sql"), ("A", "2026-02-25", "won"))
    found = label(tables)
    assert (found["y_sql"], found["y_won"]) == (1.0, 1.0)


def test_whoever_is_won_was_an_sql_by_then(open_outcomes: Open) -> None:
    tables = open_outcomes(("A", "2026-02-05", "won"), ("B", "2026-02-06", "sql"))
    found = label(tables)
    assert (found["y_sql"], found["y_won"]) == (1.0, 1.0)


def test_an_sql_has_its_sql_label_behind_it(open_outcomes: Open) -> None:
    tables = open_outcomes(("A", "2026-01-20", "sql"), ("A", "2026-02-25", "won"))
    found = label(tables)
    assert found["is_sql"]
    assert np.isnan(found["y_sql"])
    assert found["y_won"] == 1.0


def test_an_sql_recorded_late_is_not_yet_known_but_no_sql_to_come(open_outcomes: Open) -> None:
    tables = open_outcomes(
        ("A", "2026-01-31", "sql", "2026-02-04"), ("A", "2026-02-25", "won", "2026-02-25")
    )
    found = label(tables)
    assert not found["is_sql"]
    assert np.isnan(found["y_sql"])
    assert found["y_won"] == 1.0


def test_a_win_recorded_late_is_no_win_to_come(open_outcomes: Open) -> None:
    tables = open_outcomes(
        ("A", "2026-01-20", "sql", "2026-01-20"), ("A", "2026-01-31", "won", "2026-02-04")
    )
    found = label(tables)
    assert found["is_sql"]
    assert np.isnan(found["y_won"])


def test_an_outcome_that_happens_in_time_counts_however_late_it_is_recorded(
    open_outcomes: Open,
) -> None:
    tables = open_outcomes(("A", "2026-02-05", "sql", "2026-04-01"))
    assert label(tables)["y_sql"] == 1.0


def test_the_stages_are_those_that_the_outcomes_mention(open_outcomes: Open) -> None:
    assert stages_of(open_outcomes(("A", "2026-02-05", "won"))) == ("won",)


def test_both_stages_come_in_the_order_of_the_funnel(open_outcomes: Open) -> None:
    tables = open_outcomes(("A", "2026-02-05", "won"), ("B", "2026-02-05", "sql"))
    assert stages_of(tables) == ("sql", "won")
