from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from leadscore.training.dataset.data_sufficiency import Viability
from leadscore.training.dataset.training_data import Prepared
from leadscore.training.evaluation.conversion_drift import PriorShift, prior_shift

if TYPE_CHECKING:
    from leadscore.training.model.funnel_model import FunnelModel
    from tests.training.conftest import Funnel


@pytest.fixture(scope="module")
def shift(model: FunnelModel, funnel: Funnel) -> PriorShift:
    found = prior_shift(model, _prepared(funnel), "sql")
    assert found is not None
    return found


def _prepared(funnel: Funnel, *, young_from: str = "2025-11-05") -> Prepared:
    frame = funnel.labels.frame
    young = frame["as_of"] >= young_from
    labels = replace(
        funnel.labels,
        frame=frame.assign(y_sql=frame["y_sql"].mask(young), y_won=frame["y_won"].mask(young)),
    )
    viable = Viability((), None, ())
    return Prepared(
        funnel.frame, labels, funnel.split, [], funnel.catalogue, (), [], [], [], [], viable
    )


def test_months_that_taught_have_no_promise_and_held_out_ones_do(
    shift: PriorShift, funnel: Funnel
) -> None:
    table, from_month = shift.by_month, f"{funnel.split.test_from:%Y-%m}"
    assert table["month"].is_monotonic_increasing
    assert (table["promised"].notna() == (table["month"] >= from_month)).all()
    assert table["promised"].notna().any()
    assert (table["low"] <= table["realised"]).all()
    assert (table["realised"] <= table["high"]).all()
    assert (table["reached"] <= table["leads"]).all()


def test_the_newest_leads_are_those_whose_horizon_has_not_passed(
    shift: PriorShift, funnel: Funnel
) -> None:
    frame = funnel.labels.frame
    first = frame.drop_duplicates("lead_id")
    young = first[(first["as_of"] >= "2025-11-05") & ~first["is_sql"]]
    assert shift.leads_now == len(young)
    truth = young["y_sql"].mean()
    assert shift.rate_now_low < truth < shift.rate_now_high
    assert shift.promised_now == pytest.approx(truth, abs=0.1)


def test_the_sentence_has_the_figures_and_what_they_assume(shift: PriorShift) -> None:
    assert f"{shift.learnt_rate:.1%} reached SQL" in shift.sentence
    assert f"{shift.rate_now:.1%} will" in shift.sentence
    assert "assumes that only the rate has changed" in shift.sentence


def test_where_nothing_is_young_only_the_months_are_told(
    model: FunnelModel, funnel: Funnel
) -> None:
    found = prior_shift(model, _prepared(funnel, young_from="2030-01-01"), "sql")
    assert found is not None
    assert found.leads_now == 0
    assert np.isnan(found.rate_now)
    assert "held-out months" in found.sentence
    assert "assumes" not in found.sentence


def test_where_nothing_has_a_date_there_is_nothing_to_tell(
    model: FunnelModel, funnel: Funnel
) -> None:
    undated = replace(_prepared(funnel), split=replace(funnel.split, by_time=False))
    assert prior_shift(model, undated, "sql") is None
