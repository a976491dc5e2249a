from __future__ import annotations

import struct

import numpy as np
import pandas as pd
import pytest

from training.plots import draw_stage, gains_table, reliability_table


def draw(leads: int = 1000) -> tuple[pd.Series, pd.Series]:
    random = np.random.default_rng(0)
    p = pd.Series(random.uniform(0, 0.5, leads))
    return pd.Series((random.random(leads) < p).astype(float)), p


def test_reliability_compares_tenths_lowest_first() -> None:
    y, p = draw()
    table = reliability_table(y, p)
    assert table["leads"].tolist() == [100] * 10
    assert table["promised"].is_monotonic_increasing
    assert (table["promised"] * table["leads"]).sum() == pytest.approx(p.sum())
    assert (table["realised"] * table["leads"]).sum() == pytest.approx(y.sum())
    assert ((table["low"] <= table["realised"]) & (table["realised"] <= table["high"])).all()


def test_leads_with_one_propensity_share_what_came_of_them() -> None:
    y = pd.Series(np.repeat([1.0, 0.0], [30, 70]))
    p = pd.Series(0.3, index=y.index)
    assert reliability_table(y, p)["realised"].tolist() == pytest.approx([0.3] * 10)
    gains = gains_table(y, p)
    assert gains["conversions"].tolist() == pytest.approx(gains["leads"].tolist())


def test_gains_rise_from_none_to_all() -> None:
    y, p = draw()
    table = gains_table(y, p)
    assert (table["conversions"].iloc[0], table["conversions"].iloc[-1]) == (0.0, 1.0)
    assert table["conversions"].is_monotonic_increasing
    assert table["conversions"].mean() > 0.55


def test_a_perfect_ranking_finds_all_among_as_many() -> None:
    y = pd.Series(np.repeat([1.0, 0.0], [20, 80]))
    table = gains_table(y, y)
    assert table.set_index("leads")["conversions"].loc[0.2] == pytest.approx(1)


def test_the_picture_is_a_png_of_the_promised_size() -> None:
    picture = draw_stage("sql", *draw())
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", picture[16:24]) == (1500, 450)
