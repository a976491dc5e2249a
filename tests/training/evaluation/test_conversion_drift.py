from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from leadscore.features.core.formatting import percent
from leadscore.training.evaluation.conversion_drift import PriorShift, prior_shift
from tests.training.conftest import prepared_of

if TYPE_CHECKING:
    from leadscore.training.dataset.training_data import Prepared
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
    known = frame.assign(y_sql=frame["y_sql"].mask(young), y_won=frame["y_won"].mask(young))
    return prepared_of(funnel, labels=replace(funnel.labels, frame=known))


def test_only_held_out_months_have_a_promised_rate(shift: PriorShift, funnel: Funnel) -> None:
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
    assert shift.promised_now == pytest.approx(young["y_sql"].mean(), abs=0.1)


def test_the_sentence_has_the_rates_and_the_held_out_months(shift: PriorShift) -> None:
    assert f"{percent(shift.learnt_rate)} became SQL" in shift.sentence
    assert f"promises {percent(shift.promised_now)}" in shift.sentence
    assert "held-out months" in shift.sentence


def test_where_no_lead_is_young_only_the_months_are_compared(
    model: FunnelModel, funnel: Funnel
) -> None:
    found = prior_shift(model, _prepared(funnel, young_from="2030-01-01"), "sql")
    assert found is not None
    assert found.leads_now == 0
    assert "newest" not in found.sentence
    assert "held-out months" in found.sentence


def test_without_dates_there_are_no_months(model: FunnelModel, funnel: Funnel) -> None:
    undated = replace(_prepared(funnel), split=replace(funnel.split, by_time=False))
    assert prior_shift(model, undated, "sql") is None
