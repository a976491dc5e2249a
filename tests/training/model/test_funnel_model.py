from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadscore.features.core.errors import ModelMismatch, TooLittleData
from leadscore.training.dataset.labels import Labels
from leadscore.training.dataset.splits import parts_of_stage, split_by_time
from leadscore.training.dataset.stage_rows import (
    MIN_JUDGED,
    MIN_POSITIVES,
    SINCE_SQL,
    count_stages,
    stage_part,
    too_little,
)
from leadscore.training.model.funnel_model import FunnelModel
from leadscore.training.model.hyperparameter_search import Search

if TYPE_CHECKING:
    from tests.training.conftest import Funnel

numbers = st.one_of(st.none(), st.floats(allow_nan=False, width=32))


@settings(max_examples=60, deadline=None)
@given(
    fit=numbers,
    visits=numbers,
    source=st.one_of(st.none(), st.text(max_size=8)),
    since=st.one_of(st.none(), st.floats(0, 1e6)),
)
def test_p_won_never_exceeds_p_sql(
    model: FunnelModel,
    fit: float | None,
    visits: float | None,
    source: str | None,
    since: float | None,
) -> None:
    row = pd.DataFrame(
        {
            "fit": pd.Series([fit], dtype="float64"),
            "visits": pd.Series([visits], dtype="float64"),
            "source": pd.Series([source], dtype="str"),
            SINCE_SQL: pd.Series([since], dtype="float64"),
        }
    )
    p = model.predict(row).iloc[0]
    assert 0 <= p["p_won"] <= p["p_sql"] <= 1


def test_a_lead_that_is_an_sql_has_a_p_sql_of_one(model: FunnelModel, funnel: Funnel) -> None:
    p = model.predict(funnel.frame)
    is_sql = funnel.labels.frame["is_sql"]
    assert (p.loc[is_sql, "p_sql"] == 1).all()
    assert (p.loc[~is_sql, "p_sql"] < 1).all()
    assert (p.loc[is_sql, "p_won"] < 1).all()


def test_won_is_learnt_from_sqls_alone_but_judged_on_all(funnel: Funnel) -> None:
    learnt = stage_part(funnel.labels, funnel.split, "won") == "learn"
    judged = parts_of_stage(funnel.labels, funnel.split, "won") == "test"
    frame = funnel.labels.frame
    assert (frame.loc[learnt, "is_sql"] | (frame.loc[learnt, "y_sql"] == 1)).all()
    assert (frame.loc[judged, "y_sql"] == 0).any()


def test_features_that_never_vary_are_left_out(model: FunnelModel) -> None:
    assert "empty" not in model.features_
    assert model.features_ == ["fit", "visits", "source", SINCE_SQL]
    assert model.text_ == ["source"]


def test_columns_that_the_model_does_not_know_are_passed_over(
    model: FunnelModel, funnel: Funnel
) -> None:
    pd.testing.assert_frame_equal(
        model.predict(funnel.frame), model.predict(funnel.frame.drop(columns="empty"))
    )


def test_a_lead_alone_has_the_propensities_it_has_among_all(
    model: FunnelModel, funnel: Funnel
) -> None:
    rows = funnel.frame.head(100)
    alone = pd.concat([model.predict(rows.iloc[[place]]) for place in range(len(rows))])
    pd.testing.assert_frame_equal(alone, model.predict(rows), check_exact=True)
    assert alone["p_sql"].nunique() > 50


def test_leads_without_features_are_told_how_to_get_them(model: FunnelModel) -> None:
    leads = pd.DataFrame({"lead_id": ["L1"], "created_at": ["2026-01-01"]})
    with pytest.raises(ModelMismatch) as told:
        model.predict(leads)
    assert "lacks 'fit', 'visits', 'source', 'hours_since_sql' of the 4" in str(told.value)
    assert "`leadscore.feature_frame` makes such a frame" in str(told.value)
    assert "\n" not in str(told.value)


def test_the_typical_lead_has_medians_and_commonest_words(
    model: FunnelModel, funnel: Funnel
) -> None:
    learn = funnel.split.side == "learn"
    assert model.typical_["visits"] == funnel.frame.loc[learn, "visits"].median()
    assert model.typical_["source"] == "web"


def test_a_funnel_of_one_stage_leaves_the_other_empty(funnel: Funnel) -> None:
    labels = Labels(funnel.labels.frame, ("sql",))
    fitted = FunnelModel().fit(
        funnel.frame,
        labels,
        split_by_time(labels),
        catalogue=funnel.catalogue,
        search=Search(seconds=0),
    )
    p = fitted.predict(funnel.frame)
    assert p["p_won"].isna().all()
    assert p["p_sql"].notna().all()
    assert fitted.first_stage == "sql"


def test_stages_are_counted_by_part(funnel: Funnel) -> None:
    counts = count_stages(funnel.labels, funnel.split)
    part = stage_part(funnel.labels, funnel.split, "sql")
    y = funnel.labels.frame["y_sql"]
    assert [each.stage for each in counts] == ["sql", "won"]
    assert counts[0].learn_rows == (part == "learn").sum()
    assert counts[0].test_positives == ((part == "test") & (y == 1)).sum()


@pytest.mark.parametrize(("outcome", "told"), [(1, "reached sql"), (0, "did not reach sql")])
def test_too_few_of_an_outcome_is_told_with_the_least(
    funnel: Funnel, outcome: int, told: str
) -> None:
    frame = funnel.labels.frame.copy()
    frame["y_sql"] = 1.0 - outcome
    frame.loc[: MIN_POSITIVES - 2, "y_sql"] = float(outcome)
    labels = Labels(frame, ("sql",))
    shortage = too_little(labels, split_by_time(labels), "sql")
    assert told in shortage
    assert f"{MIN_POSITIVES} and {MIN_JUDGED} are the least" in shortage
    with pytest.raises(TooLittleData, match=r"horizon_days\.sql"):
        FunnelModel().fit(funnel.frame, labels, split_by_time(labels), catalogue=funnel.catalogue)


def test_plenty_is_not_too_little(funnel: Funnel) -> None:
    assert too_little(funnel.labels, funnel.split, "sql") == ""


def test_a_model_does_not_hang_on_the_order_of_the_rows(model: FunnelModel, funnel: Funnel) -> None:
    order = np.random.default_rng(0).permutation(len(funnel.frame))
    labels = Labels(funnel.labels.frame.iloc[order], funnel.labels.stages)
    shuffled = FunnelModel().fit(
        funnel.frame.iloc[order],
        labels,
        split_by_time(labels),
        catalogue=funnel.catalogue,
        search=Search(seconds=0),
    )
    pd.testing.assert_frame_equal(model.predict(funnel.frame), shuffled.predict(funnel.frame))
