from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from leadscore.features.catalogue.feature import Feature
from leadscore.training.evaluation.feature_contributions import (
    DEPENDENCE_FEATURES,
    STRIP_FEATURES,
    STRIP_ROWS,
    fact_words,
)

if TYPE_CHECKING:
    from leadscore.training.report.report_data import Facts


def feature(name: str, fact: str) -> Feature:
    return Feature(name, "engagement", "number", "events", f"{name} in words", fact)


def test_a_fact_of_one_feature_has_its_words_and_one_of_several_its_own() -> None:
    words = fact_words([feature("a_7d", "a_kind"), feature("a_30d", "a_kind"), feature("b", "b")])
    assert words == {"a_7d": "a kind", "a_30d": "a kind", "b": "b in words"}


def test_drivers_are_named_in_catalogue_words(funnel_facts: Facts) -> None:
    words = {each.words for each in funnel_facts.prepared.catalogue}
    for stage in funnel_facts.stages:
        assert set(stage.drivers.strip["feature"]) <= words
        assert set(stage.drivers.units) <= words


def test_the_strongest_come_first_and_pictures_stay_small(funnel_facts: Facts) -> None:
    drivers = funnel_facts.stages[0].drivers
    assert drivers.by_fact.is_monotonic_decreasing
    rows = drivers.strip.groupby("feature", sort=False)
    assert len(rows) <= STRIP_FEATURES
    assert rows.size().max() <= STRIP_ROWS
    assert len(drivers.units) <= DEPENDENCE_FEATURES


def test_drivers_of_won_are_those_among_sqls(funnel_facts: Facts) -> None:
    sql, won = (stage.drivers for stage in funnel_facts.stages)
    assert "among" not in sql.scope
    assert "among leads that reached SQL" in won.scope
    assert won.rows < sql.rows


def test_a_word_that_few_leads_have_is_folded(flat_facts: Facts) -> None:
    words = flat_facts.stages[0].drivers.words
    assert set(words["value"]) <= {"web", "fair", "<script>alert('&')</script>"}
    assert (words["low"] <= words["high"]).all()


def test_high_values_are_level_1_and_words_have_no_level(flat_facts: Facts) -> None:
    strip = flat_facts.stages[0].drivers.strip
    number = strip[strip["feature"] == "visits"]
    ranked = pd.Series(number["value"].astype(float).rank(pct=True))
    assert number["level"].corr(ranked) == pytest.approx(1, abs=0.01)
    assert strip.loc[strip["feature"] == "source", "level"].isna().all()
