from __future__ import annotations

import pandas as pd
import pytest
from rich.console import Group

from leadscore.cli.screens.sufficiency_screen import SHOWN_MONTHS, viability_tables
from leadscore.training.dataset.data_sufficiency import Viability, stage_viability, viability
from tests.terminal import printed
from tests.training.conftest import Funnel, make_funnel


@pytest.fixture(scope="module")
def funnel() -> Funnel:
    return make_funnel()


def shown(what: Viability) -> str:
    return printed(Group(*viability_tables(what)))


def test_the_table_shows_each_stage_and_its_months(funnel: Funnel) -> None:
    labels = funnel.labels
    stages = tuple(stage_viability(labels, funnel.split, each) for each in labels.stages)
    text = shown(viability(labels, stages))
    for stage in stages:
        assert f"{stage.reached.leads:,} + {stage.missed.leads:,}" in text
        assert f"{stage.stage}: base rate by month" in text
        for row in stage.by_month.tail(SHOWN_MONTHS).to_dict("records"):
            assert f"{row['rate']:.1%}" in text
    assert "enough" in text
    assert "too little" not in text
    assert max(map(len, text.splitlines())) <= 100


def test_a_stage_without_dates_has_no_months(funnel: Funnel) -> None:
    labels = funnel.labels
    labels = type(labels)(labels.frame.assign(created_at=pd.NaT), labels.stages)
    stage = stage_viability(labels, None, "sql")
    text = shown(viability(labels, (stage,)))
    assert "no dates" in text
    assert "by month" not in text
    assert "too little" in text
