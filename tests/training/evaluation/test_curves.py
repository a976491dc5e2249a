from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import auc, roc_auc_score

from leadscore.training.evaluation.curves import (
    CURVE_POINTS,
    decile_table,
    gains_table,
    ranking_table,
    reliability_table,
    spread_table,
)


def draw(leads: int = 1000, top: float = 0.5) -> tuple[pd.Series, pd.Series]:
    random = np.random.default_rng(0)
    p = pd.Series(random.uniform(0, top, leads))
    return pd.Series((random.random(leads) < p).astype(float)), p


def test_reliability_compares_tenths_lowest_first() -> None:
    y, p = draw()
    table = reliability_table(y, p)
    assert table["leads"].tolist() == [100] * 10
    assert table["promised"].is_monotonic_increasing
    assert (table["promised"] * table["leads"]).sum() == pytest.approx(p.sum())
    assert (table["realised"] * table["leads"]).sum() == pytest.approx(y.sum())
    assert ((table["low"] <= table["realised"]) & (table["realised"] <= table["high"])).all()


def test_rows_that_share_their_luck_make_the_interval_wider() -> None:
    y, p = draw()
    thrice = pd.Index(np.repeat(y.index, 3))
    cluster = pd.Series(thrice.astype("str"))
    same, promised = y.loc[thrice].reset_index(drop=True), p.loc[thrice].reset_index(drop=True)
    own = reliability_table(same, promised)
    shared = reliability_table(same, promised, cluster)
    assert (shared["high"] - shared["low"] > own["high"] - own["low"]).all()


def test_leads_with_one_propensity_stay_together() -> None:
    y = pd.Series(np.repeat([1.0, 0.0], [30, 70]))
    p = pd.Series(0.3, index=y.index)
    table = reliability_table(y, p)
    assert table[["leads", "realised"]].to_numpy().tolist() == [[100, 0.3]]
    gains = gains_table(y, p)
    assert gains["conversions"].tolist() == pytest.approx(gains["leads"].tolist())
    assert gains["lift"].dropna().tolist() == pytest.approx([1.0] * 100)


def test_deciles_begin_with_the_best_leads() -> None:
    table = decile_table(*draw())
    assert table["tenth"].tolist() == list(range(1, 11))
    assert table["promised"].is_monotonic_decreasing


def test_gains_rise_from_none_to_all() -> None:
    table = gains_table(*draw())
    assert (table["conversions"].iloc[0], table["conversions"].iloc[-1]) == (0.0, 1.0)
    assert table["conversions"].is_monotonic_increasing
    assert table["conversions"].mean() > 0.55


def test_a_perfect_ranking_finds_all_among_as_many() -> None:
    y = pd.Series(np.repeat([1.0, 0.0], [20, 80]))
    table = gains_table(y, y).set_index("leads")
    assert table["conversions"].loc[0.2] == pytest.approx(1)
    assert table["lift"].loc[0.1] == pytest.approx(5)


def test_a_thinned_curve_keeps_its_area() -> None:
    y, p = draw(5000)
    table = ranking_table(y, p)
    assert len(table) <= CURVE_POINTS + 1
    assert auc(table["false_alarms"], table["found"]) == pytest.approx(
        roc_auc_score(y, p), abs=3e-3
    )
    assert table["precision"].iloc[-1] == pytest.approx(y.mean())


def test_tied_leads_are_one_point_of_the_curve() -> None:
    y = pd.Series([1.0, 0.0, 0.0, 1.0])
    table = ranking_table(y, pd.Series([0.5, 0.5, 0.1, 0.1]))
    assert table["found"].tolist() == [0.0, 0.5, 1.0]
    assert table["false_alarms"].tolist() == [0.0, 0.5, 1.0]


def test_the_spread_counts_every_lead_once() -> None:
    y, p = draw()
    p.iloc[0] = 0.99  # beyond the last band, and counted in it
    table = spread_table(y, p)
    assert table["leads"].sum() == len(y)
    assert table.groupby("outcome")["share"].sum().tolist() == pytest.approx([1.0, 1.0])
    assert table["high"].max() < 0.99
