from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from leadscore.cli.screens.comparison_table import comparison_table
from leadscore.features.contract.contract import load_contract
from leadscore.features.core.errors import TooLittleData
from leadscore.training.registry.mlflow_run import Trained
from leadscore.training.registry.registry import Registry
from leadscore.training.workflow.compare_versions import (
    BANDS,
    Comparison,
    compare_stage,
    compare_versions,
)
from tests.terminal import printed

if TYPE_CHECKING:
    from pathlib import Path

LEADS = 1000
random = np.random.default_rng(2)
MARGIN = pd.Series(np.repeat(random.normal(-1, 1.5, LEADS), 2))
ROWS = pd.DataFrame(
    {
        "lead_id": np.repeat([f"L{number:04}" for number in range(LEADS)], 2),
        "as_of": pd.Timestamp("2026-01-01") + pd.to_timedelta(np.tile([0, 7], LEADS), unit="D"),
        "account": pd.Series([None] * 2 * LEADS, dtype="str"),
        "y_sql": (random.random(2 * LEADS) < expit(MARGIN)).astype(float),
        "first_p_sql": expit(MARGIN + random.normal(0, 1.5, 2 * LEADS)),
        "second_p_sql": expit(MARGIN),
    }
)


def test_the_difference_is_second_minus_first_with_a_paired_interval() -> None:
    found = compare_stage(ROWS, "sql")
    gap = found.difference.T
    for metric in ("auc", "log_loss"):
        own = found.second.T[metric]["value"] - found.first.T[metric]["value"]
        assert gap[metric]["value"] == pytest.approx(own)
    assert gap["auc"]["low"] > 0
    assert gap["log_loss"]["high"] < 0
    paired = gap["auc"]["high"] - gap["auc"]["low"]
    alone = found.first.T["auc"]["high"] - found.first.T["auc"]["low"]
    assert paired < 2 * alone
    assert (found.leads, found.snapshots, found.reached) == (LEADS, 2 * LEADS, ROWS["y_sql"].sum())


def test_moves_count_each_lead_once_at_its_latest_snapshot() -> None:
    found = compare_stage(ROWS, "sql")
    words = [band for _, band in BANDS]
    assert list(found.moves.index) == list(found.moves.columns) == words
    shares = np.diff([0.0, *(limit for limit, _ in BANDS)])
    np.testing.assert_allclose(found.moves.sum(axis=0), shares, atol=1e-9)
    np.testing.assert_allclose(found.moves.sum(axis=1), shares, atol=1e-9)
    stayed = found.moves.loc["best tenth", "best tenth"]
    assert found.new_in_best == pytest.approx((0.1 - stayed) / 0.1)
    latest = ROWS[ROWS["as_of"] == ROWS["as_of"].max()]
    rank = latest["first_p_sql"].corr(latest["second_p_sql"], method="spearman")
    assert found.rank_correlation == pytest.approx(rank)


def test_the_examples_are_the_leads_that_change_most() -> None:
    latest = ROWS[ROWS["as_of"] == ROWS["as_of"].max()]
    change = (latest["second_p_sql"] - latest["first_p_sql"]).abs()
    most = latest.loc[change.sort_values(ascending=False).index[:10]]
    found = compare_stage(ROWS, "sql").examples
    assert found["lead_id"].tolist() == most["lead_id"].tolist()
    assert found["second"].tolist() == most["second_p_sql"].tolist()


def test_the_same_propensities_move_nobody() -> None:
    found = compare_stage(ROWS.assign(second_p_sql=ROWS["first_p_sql"]), "sql")
    assert (found.difference["value"] == 0).all()
    assert found.rank_correlation == pytest.approx(1)
    assert found.new_in_best == 0


def test_the_table_names_the_better_version_and_fits_100_columns() -> None:
    stages = {"sql": compare_stage(ROWS, "sql")}
    comparison = Comparison("acme", "3", "5", pd.Timestamp("2026-01-01"), stages, ["Look out."])
    text = printed(comparison_table(comparison))
    assert "acme: version 5 against version 3" in text
    assert "created from 1 January 2026 on" in text
    assert "sql: 1,000 leads, 2,000 snapshots" in text
    auc = next(line for line in text.splitlines() if line.startswith("AUC"))
    assert auc.rstrip().endswith("version 5")
    assert f"{stages['sql'].new_in_best:.0%} of the best tenth would be other leads" in text
    assert stages["sql"].examples["lead_id"].iloc[0] in text
    assert "! Look out." in text


def test_the_record_holds_what_the_table_shows() -> None:
    stage = compare_stage(ROWS, "sql")
    record = Comparison("acme", "3", "5", None, {"sql": stage}, []).to_record()
    [own] = json.loads(json.dumps(record, default=str))["stages"]
    assert own["difference"]["auc"]["value"] == stage.difference.T["auc"]["value"]
    assert own["moves"]["best tenth"] == stage.moves.loc["best tenth"].to_dict()
    assert len(own["examples"]) == 10


@pytest.fixture
def registry(own_project: Path) -> Registry:
    return Registry(own_project, load_contract(own_project).name)


def register_again(registry: Registry, *learnt: str, **tags: str) -> str:
    one = registry.champion()
    one.model.attributes_ = [*one.model.attributes_, *learnt]
    own = {**one.tags, **tags}
    return registry.register(
        Trained(one.model, one.judged, one.catalogue, one.evidence, {}, {}, own, {})
    )


def test_only_leads_that_neither_learnt_from_are_compared_on(registry: Registry) -> None:
    since = pd.Timestamp(registry.champion().tags["held_out_from"]) + pd.Timedelta(days=40)
    later = register_again(registry, held_out_from=since.isoformat())
    found = compare_versions(registry.directory, "1", later)
    assert found.since is not None
    assert found.since >= since
    assert list(found.stages) == ["sql"] or list(found.stages) == ["sql", "won"]
    assert (found.stages["sql"].difference["value"] == 0).all()
    everybody = compare_versions(registry.directory, "1", "1")
    assert found.stages["sql"].leads < everybody.stages["sql"].leads


def test_without_leads_unknown_to_both_it_says_what_to_wait_for(registry: Registry) -> None:
    later = register_again(registry, held_out_from="2099-01-01")
    with pytest.raises(TooLittleData, match=r"only 0 matured leads are unknown to both.*Wait"):
        compare_versions(registry.directory, "1", later)


def test_a_column_the_audit_leaves_out_is_hidden_and_said(registry: Registry) -> None:
    version = register_again(registry, "sales_grade")
    found = compare_versions(registry.directory, "1", version)
    assert [caution for caution in found.cautions if "learnt from sales_grade" in caution]
