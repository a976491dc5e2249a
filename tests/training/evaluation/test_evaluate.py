from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from leadscore.training.dataset.splits import parts_of_stage
from leadscore.training.evaluation.evaluate import evidence_of

if TYPE_CHECKING:
    from tests.conftest import Project


def test_every_stage_is_judged_on_the_leads_held_out_for_it(project: Project) -> None:
    prepared, evaluation = project.trained.prepared, project.trained.evaluation
    for stage in ("sql", "won"):
        held_out = parts_of_stage(prepared.labels, prepared.split, stage) == "test"
        rows = evaluation.held_out[stage]
        assert rows.index.equals(prepared.labels.frame.index[held_out])
        assert rows["outcome"].isin([0, 1]).all()


def test_model_and_baselines_are_measured_on_the_same_rows(project: Project) -> None:
    evaluation = project.trained.evaluation
    for stage, rows in evaluation.held_out.items():
        baselines = {"overall_rate", "recency", "points_table", "logistic_regression"}
        assert set(evaluation.baselines[stage]) == baselines
        tables = evaluation.baselines[stage] | {
            "propensity": evaluation.metrics[stage],
            "points_rules": evaluation.points_metrics[stage],
        }
        for name, table in tables.items():
            auc = roc_auc_score(rows["outcome"], rows[name])
            assert table.loc["auc", "value"] == pytest.approx(auc)


def test_leads_of_one_account_are_one_cluster(project: Project) -> None:
    frame = project.trained.prepared.labels.frame
    rows = project.trained.evaluation.held_out["sql"]
    account = frame.loc[rows.index, "account"]
    known = account.notna()
    assert rows["cluster"][known].groupby(account[known]).nunique().max() == 1
    assert rows["cluster"].nunique() < rows["lead_id"].nunique()


def test_the_evidence_numbers_leads_and_names_none(project: Project) -> None:
    evidence = project.trained.evaluation.evidence
    assert list(evidence) == ["lead", "as_of", "p_sql", "y_sql", "p_won", "y_won"]
    assert pd.api.types.is_integer_dtype(evidence["lead"])
    assert not evidence.select_dtypes(["object", "str"]).columns.any()


def test_the_evidence_holds_no_training_lead(project: Project) -> None:
    prepared = project.trained.prepared
    propensity = pd.DataFrame({"p_sql": 0.5, "p_won": 0.5}, index=prepared.frame.index)
    evidence = evidence_of(prepared, propensity)
    assert len(evidence) > 100
    learnt = pd.Series(data=False, index=prepared.labels.frame.index)
    for stage in ("sql", "won"):
        learnt |= parts_of_stage(prepared.labels, prepared.split, stage) == "learn"
    codes = pd.factorize(prepared.labels.frame["lead_id"])[0]
    assert not set(evidence["lead"]) & set(codes[learnt])


def test_the_evidence_of_p_won_never_exceeds_that_of_p_sql(project: Project) -> None:
    evidence = project.trained.evaluation.evidence.dropna(subset=["p_sql", "p_won"])
    assert (evidence["p_won"] <= evidence["p_sql"]).all()


def test_the_scorecard_ranks_nearly_as_well(project: Project) -> None:
    prepared, evaluation = project.trained.prepared, project.trained.evaluation
    rows = evaluation.held_out["sql"]
    points = evaluation.points["sql"]
    assert 4 <= len(points.rules) <= 12
    words = {each.name for each in prepared.catalogue}
    assert {rule.feature for rule in points.rules} <= words
    assert (
        evaluation.metrics["sql"].loc["auc", "value"]
        < evaluation.points_metrics["sql"].loc["auc", "value"] + 0.05
    )
    promised = points.propensity(prepared.frame.loc[rows.index])
    pd.testing.assert_series_equal(rows["points_rules"], promised, check_names=False)
