from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from leadscore.training.dataset.stage_rows import SINCE_SQL, stage_part
from leadscore.training.registry.registry import Registry
from leadscore.training.report.tables import won_given_sql_table

if TYPE_CHECKING:
    from leadscore.training.report.report_data import Facts
    from tests.conftest import Project


def test_held_out_sqls_have_both_intervals(project: Project, funnel_facts: Facts) -> None:
    prepared = project.trained.prepared
    rows = project.trained.evaluation.held_out["won"]
    (won,) = [each for each in funnel_facts.stages if each.stage == "won"]
    table = won.won_given_sql
    part = stage_part(prepared.labels, prepared.split, "won").loc[rows.index]
    assert table["snapshots"].sum() == (part == "test").sum() > 0
    assert table["promised"].is_monotonic_increasing
    assert (table["promised_low"] < table["promised"]).all()
    assert (table["promised"] < table["promised_high"]).all()
    assert ((table["low"] <= table["realised"]) & (table["realised"] <= table["high"])).all()
    assert len(won_given_sql_table(table).rows) == len(table)


def test_p_won_is_p_sql_times_p_won_given_sql(project: Project, funnel_facts: Facts) -> None:
    registry = Registry(project.directory, project.trained.name)
    model, frame = registry.load("1").model, project.trained.prepared.frame
    p, once = model.predict(frame), model.won_given_sql(frame)
    pd.testing.assert_series_equal(p["p_won"], p["p_sql"] * once["p"], check_names=False)
    assert once["p"].between(once["low"], once["high"]).all()
    assert (p.loc[frame[SINCE_SQL].notna(), "p_sql"] == 1).all()


def test_a_single_stage_has_no_table(flat_facts: Facts) -> None:
    assert all(each.won_given_sql.empty for each in flat_facts.stages)
