from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd
import pytest

from leadscore.training.dataset.labels import label_snapshots, night_weights, stages_of

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


@pytest.mark.parametrize(
    ("sql_at", "won_at", "labels"),
    [
        ("2026-02-20", "2026-02-25", (0.0, 0.0)),  # an SQL too late: the win does not count
        ("2026-02-05", "2026-02-25", (1.0, 1.0)),
        (None, "2026-02-05", (1.0, 1.0)),  # whoever is won was an SQL by then
    ],
)
def test_a_win_counts_when_the_sql_came_in_time(
    open_outcomes: Open, sql_at: str | None, won_at: str, labels: tuple[float, float]
) -> None:
    rows = [("A", won_at, "won"), ("A", sql_at, "sql") if sql_at else ("B", won_at, "sql")]
    found = label(open_outcomes(*rows))
    assert (found["y_sql"], found["y_won"]) == labels


@pytest.mark.parametrize(
    ("sql", "won", "expected"),
    [
        # an SQL by then has no SQL label
        (("2026-01-20", "2026-01-20"), ("2026-02-25", "2026-02-25"), (True, np.nan, 1.0)),
        # an SQL recorded late is not yet known, but none to come either
        (("2026-01-31", "2026-02-04"), ("2026-02-25", "2026-02-25"), (False, np.nan, 1.0)),
        # a win recorded late is no win to come
        (("2026-01-20", "2026-01-20"), ("2026-01-31", "2026-02-04"), (True, np.nan, np.nan)),
        # an outcome that happens in time counts however late it is recorded
        (("2026-02-05", "2026-04-01"), ("2026-02-25", "2026-05-01"), (False, 1.0, 1.0)),
    ],
)
def test_labels_go_by_when_it_happened_and_is_sql_by_when_it_was_recorded(
    open_outcomes: Open, sql: tuple[str, str], won: tuple[str, str], expected: tuple[object, ...]
) -> None:
    found = label(open_outcomes(("A", sql[0], "sql", sql[1]), ("A", won[0], "won", won[1])))
    np.testing.assert_equal((found["is_sql"], found["y_sql"], found["y_won"]), expected)


def test_the_stages_are_those_that_the_outcomes_mention_in_the_order_of_the_funnel(
    open_outcomes: Open,
) -> None:
    won, sql = ("A", "2026-02-05", "won"), ("B", "2026-02-05", "sql")
    assert stages_of(open_outcomes(won)) == ("won",)
    assert stages_of(open_outcomes(won, sql)) == ("sql", "won")


def test_a_snapshot_counts_for_the_nights_until_the_next_age() -> None:
    age = pd.to_timedelta(pd.Series([0.4, 1.0, 2.0, 2.9, 7.5, 30]), unit="D")
    weight = night_weights(age, (0, 2, 7))  # stands for 2, 5, and again 5 nights
    np.testing.assert_allclose(weight**2, [2, 2, 5, 5, 5, 5])
    assert night_weights(age, (0,)).tolist() == [1] * 6
