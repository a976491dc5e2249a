from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from leadscore.training.dataset.data_sufficiency import (
    NotViable,
    StageViability,
    stage_viability,
    viability,
)
from leadscore.training.dataset.labels import Labels
from leadscore.training.dataset.splits import Split, split_at_random, split_by_time

STAGE = "sql"


def made(
    leads: int, reached: int, *, days: int = 300, dated: bool = True, young: int = 0
) -> tuple[Labels, Split]:
    """One snapshot a lead, evenly over the days; every so manyth lead reaches the stage."""
    number = np.arange(leads)
    created = pd.Timestamp("2025-01-01") + pd.to_timedelta(number * days / leads, unit="D")
    outcome = np.zeros(leads)
    outcome[np.linspace(0, leads - 1, reached).astype(int)] = 1.0
    outcome[leads - young :] = np.nan
    frame = pd.DataFrame(
        {
            "lead_id": [f"L{each:05}" for each in number],
            "as_of": created,
            "created_at": created if dated else pd.NaT,
            "account": pd.Series([None] * leads, dtype="str"),
            "is_sql": False,
            "y_sql": outcome,
            "known_sql_at": created + pd.Timedelta(days=10) if dated else pd.NaT,
        }
    )
    labels = Labels(frame, (STAGE,))  # type: ignore[arg-type]
    split = split_by_time(labels) if dated else split_at_random(labels, frame["lead_id"])
    return labels, split


def found(leads: int, reached: int, **how: object) -> StageViability:
    return stage_viability(*made(leads, reached, **how), STAGE)  # type: ignore[arg-type]


def test_enough_of_both_outcomes_is_no_shortage() -> None:
    stage = found(1000, 100)
    assert stage.shortage == ""
    assert (stage.reached.leads, stage.missed.leads) == (100, 900)
    assert stage.reached.learn + stage.reached.test <= 100


def test_what_is_lacking_is_told_in_leads_and_in_time_at_the_current_rate() -> None:
    stage = found(1000, 20)
    assert stage.reached.a_month == pytest.approx(20 / 300 * 30.44, rel=0.1)
    assert "30 and 5 are the least" in stage.shortage
    # 14 teach, so that 16 more must, which takes 22 on both sides: at two a month eleven months.
    assert "about 22 more leads that reached sql: at 2 a month" in stage.shortage
    assert stage.shortage.endswith("or shorten `horizon_days.sql`.")
    assert "that takes about 11 months" in stage.shortage


def test_without_dates_nobody_can_say_how_long_it_takes() -> None:
    stage = found(1000, 20, dated=False)
    assert stage.reached.a_month is None
    assert stage.by_month.empty
    assert "nobody can say how long" in stage.shortage
    assert "horizon_days" not in stage.shortage


def test_where_no_lead_has_matured_nothing_is_counted() -> None:
    labels, _ = made(100, 10)
    labels.frame["y_sql"] = np.nan
    stage = stage_viability(labels, None, STAGE)
    assert (stage.reached.leads, stage.missed.learn, stage.missed.test) == (0, 0, 0)
    assert stage.unknown == 1
    assert stage.shortage


def test_the_base_rate_is_told_by_month_of_creation() -> None:
    labels, split = made(1200, 120, days=365, young=150)
    table = stage_viability(labels, split, STAGE).by_month
    assert table["month"].tolist() == [f"2025-{month:02}" for month in range(1, 13)]
    assert table["leads"].sum() == 1200
    assert table["matured"].sum() == 1050
    assert table["reached"].sum() == (labels.frame["y_sql"] == 1).sum()
    matured = table["matured"] > 0
    rate = table["reached"] / table["matured"]
    assert table.loc[matured, "rate"].tolist() == rate[matured].tolist()
    assert table.loc[~matured, "rate"].isna().all()


def test_a_lead_of_many_snapshots_is_one_lead() -> None:
    labels, _ = made(1000, 100)
    twice = pd.concat([labels.frame, labels.frame], ignore_index=True)
    doubled = Labels(twice, labels.stages)
    stage = stage_viability(doubled, split_by_time(doubled), STAGE)
    assert stage.reached.leads == 100
    assert stage.reached.learn + stage.reached.test > 100


def test_won_counts_among_those_that_reached_sql() -> None:
    labels, split = made(1000, 400)
    won = (labels.frame["y_sql"] == 1) & (np.arange(1000) % 3 == 0)
    frame = labels.frame.assign(y_won=won.astype(float), known_won_at=labels.frame["known_sql_at"])
    both = Labels(frame, ("sql", "won"))
    stage = stage_viability(both, split, "won")
    assert stage.reached.leads + stage.missed.leads == 400
    assert stage.reached.leads == won.sum()


def test_a_short_history_and_mostly_young_labels_are_cautioned() -> None:
    labels, split = made(1000, 300, days=50, young=600)
    told = " ".join(viability(labels, (stage_viability(labels, split, STAGE),)).cautions)
    assert "50 days long" in told
    assert "60% of the sql labels are not yet known" in told
    assert "most of them" in told


def test_a_long_history_that_has_matured_is_not_cautioned() -> None:
    labels, split = made(1000, 300)
    assert viability(labels, (stage_viability(labels, split, STAGE),)).cautions == ()


def test_a_refusal_carries_what_there_is() -> None:
    labels, split = made(1000, 20)
    summed = viability(labels, (stage_viability(labels, split, STAGE),))
    with pytest.raises(NotViable, match="Collect about 22 more leads") as refused:
        raise NotViable(summed)
    assert refused.value.viability is summed


@pytest.mark.parametrize(
    ("leads", "reached", "days", "words"),
    [
        (100, 30, 60, "weeks"),
        (9000, 3, 900, "more than two years"),
        (1000, 0, 300, "waiting alone will not do"),
        (1000, 990, 300, "that did not reach sql"),
    ],
)
def test_a_shortage_names_the_outcome_and_the_wait(
    leads: int, reached: int, days: int, words: str
) -> None:
    assert words in found(leads, reached, days=days).shortage
