"""A flat file's No of a young lead may only mean not yet; that is said where the rates show it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from leadscore.features.contract.contract import CONTRACT_FILE, load_contract
from leadscore.features.tables.open_tables import open_tables
from leadscore.training.dataset.label_maturity import young_leads_caution

if TYPE_CHECKING:
    from pathlib import Path

FLAT = """
[leads]
path = "leads.csv"
target = "won"

[horizon_days]
won = 90
"""
LEADS = 800


def said(folder: Path, *, of_young: float, from_day: int = 340, dated: bool = True) -> str | None:
    """Ask of leads over 400 days, a fifth of the older of which were won."""
    random = np.random.default_rng(3)
    days = np.linspace(0, 400, LEADS)
    won = (random.random(LEADS) < np.where(days > from_day, of_young, 0.2)).astype(int)
    frame = pd.DataFrame({"lead_id": [f"L{row}" for row in range(LEADS)], "won": won})
    if dated:
        frame["created_at"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(days, unit="D")
    frame.to_csv(folder / "leads.csv", index=False)
    (folder / CONTRACT_FILE).write_text(FLAT)
    with open_tables(load_contract(folder)) as tables:
        leads = tables.leads.to_pandas().rename(columns={"target": "y_won"})
        return young_leads_caution(tables, leads, "won")


def test_young_leads_that_hardly_converted_are_named_with_both_rates(tmp_path: Path) -> None:
    found = said(tmp_path, of_young=0.03)
    assert found is not None
    assert re.match(r"Of the \d+ leads of the last \d+ days \d\.\d% reached won, of the", found)
    assert re.search(r"older ones \d\d\.\d%\.", found)
    assert "may only mean not yet" in found


def test_a_month_is_enough_where_the_rest_of_the_horizon_had_its_time(tmp_path: Path) -> None:
    found = said(tmp_path, of_young=0.01, from_day=372)
    assert found is not None
    assert "leads of the last 30 days" in found


def test_young_leads_that_convert_like_the_others_are_nothing_to_say(tmp_path: Path) -> None:
    assert said(tmp_path, of_young=0.2) is None


def test_without_dates_nobody_can_tell(tmp_path: Path) -> None:
    assert said(tmp_path, of_young=0.03, dated=False) is None
