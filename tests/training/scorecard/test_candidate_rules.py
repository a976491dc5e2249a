from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from leadscore.features.catalogue.feature import Feature
from leadscore.training.scorecard.candidate_rules import MAX_WORDS, Condition, possible_conditions

if TYPE_CHECKING:
    from leadscore.features.catalogue.feature import Kind, Measure

LEADS = 2_000


def feature(
    name: str, kind: Kind = "number", *, unit: str = "", measure: Measure = "attribute"
) -> Feature:
    return Feature(name, "engagement", kind, unit, name.replace("_", " "), name, measure)


def asked_about(values: object, about: Feature, log_odds: object = None) -> list[Condition]:
    frame = pd.DataFrame({about.name: values})
    said = np.zeros(len(frame)) if log_odds is None else np.asarray(log_odds, dtype="float64")
    return possible_conditions(frame, said, [about])


def random() -> np.random.Generator:
    return np.random.default_rng(3)


def test_numbers_are_cut_where_people_would_cut_them() -> None:
    found = asked_about(random().gamma(2, 700, LEADS), feature("amount"))
    cuts = {each.cut for each in found}
    assert {500, 1000, 2000, 3000} <= cuts
    assert all(float(f"{cut:.2g}") == cut for cut in cuts if cut)
    assert "Amount: 3,000 or more" in {each.words for each in found}


def test_days_are_cut_at_weeks_and_months() -> None:
    found = asked_about(random().uniform(0, 400, LEADS), feature("age", unit="days"))
    assert {each.cut for each in found} <= {1, 2, 3, 7, 14, 30, 60, 90, 180, 365, 730}
    assert {7, 30, 365} <= {each.cut for each in found}


def test_of_two_opposites_the_rarer_is_told() -> None:
    visits = np.where(np.arange(LEADS) < 0.3 * LEADS, 1.0, 0.0)
    found = asked_about(visits, feature("visits", unit="events"))
    assert [each.words for each in found] == ["Visits: 1 or more"]
    found = asked_about(1 - visits, feature("visits", unit="events"))
    assert [each.words for each in found] == ["Visits: none"]


@pytest.mark.parametrize(
    ("values", "kind", "words"),
    [
        ([1.0] * 100 + [0.0] * 900, "flag", "Blue: yes"),
        ([1.0] * 100 + [np.nan] * 900, "number", "Blue: known"),
        ([np.nan] * 100 + [1.0] * 900, "number", "Blue: unknown"),
        ([0.05] * 100 + [0.9] * 900, "number", "Blue: less than 10 %"),
    ],
)
def test_a_condition_reads_as_a_person_would_say_it(
    values: list[float], kind: Kind, words: str
) -> None:
    unit = "share" if 0.9 in values else ""
    assert words in {each.words for each in asked_about(values, feature("blue", kind, unit=unit))}


def test_words_that_convert_alike_are_asked_for_together() -> None:
    source = random().choice(["fair", "web", "partner", "list", "ad"], LEADS)
    log_odds = np.where(np.isin(source, ["fair", "partner"]), 1.0, -0.5)
    found = asked_about(source, feature("source", "text"), log_odds)
    together = [set(each.any_of) for each in found if len(each.any_of) > 1]
    assert {"fair", "partner"} in together
    assert {"web", "list", "ad"} in together


def test_no_list_of_words_is_longer_than_people_read() -> None:
    campaign = random().integers(0, 40, LEADS)
    log_odds = np.where(campaign % 2, 1.0, -1.0)
    found = asked_about(campaign.astype(str), feature("campaign", "text"), log_odds)
    assert max(len(each.any_of) for each in found) == MAX_WORDS


def test_what_hardly_any_or_nearly_all_leads_share_is_not_asked() -> None:
    nearly_all = np.where(np.arange(LEADS) < 5, "odd", "usual")
    assert asked_about(nearly_all, feature("source", "text")) == []


@pytest.mark.parametrize("measure", ["decayed_count", "trend"])
def test_what_a_crm_cannot_compute_is_not_asked(measure: Measure) -> None:
    values = random().uniform(0, 9, LEADS)
    assert asked_about(values, feature("n"))
    assert asked_about(values, feature("n", measure=measure)) == []


def test_what_is_unknown_meets_no_bound_and_no_list() -> None:
    frame = pd.DataFrame({"n": [1.0, np.nan], "t": pd.Series(["a", None], dtype="str")})
    for condition in (
        Condition("n", "at_least", 0.0, (), ""),
        Condition("n", "less_than", 2.0, (), ""),
        Condition("t", "one_of", None, ("a",), ""),
    ):
        assert condition.holds(frame).tolist() == [True, False]


def test_what_never_happened_is_not_called_unknown() -> None:
    about = feature("days_since_visit", unit="days", measure="days_since_latest")
    values = np.where(np.arange(LEADS) % 4 == 0, np.nan, 3.0)
    assert [each.words for each in asked_about(values, about)] == ["Days since visit: never"]
