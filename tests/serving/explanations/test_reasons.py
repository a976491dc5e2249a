from __future__ import annotations

import re
import time
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadscore.features.catalogue.feature import Feature
from leadscore.features.core.errors import ModelMismatch
from leadscore.serving.explanations.reasons import reasons, subject

CATALOGUE = (
    Feature("pricing_7d", "engagement", "number", "events", "pricing views in 7 days", "pricing"),
    Feature("pricing_ever", "engagement", "number", "events", "pricing views so far", "pricing"),
    Feature(
        "days_since",
        "engagement",
        "number",
        "days",
        "days since the latest visit",
        "recency",
        "days_since_latest",
        since="latest visit",
    ),
    Feature("gap", "engagement", "number", "days", "longest silence", "gap"),
    Feature("rate", "engagement", "number", "share", "share of e-mails opened", "rate"),
    Feature("free_mail", "firmographic", "flag", "", "free-mail address", "mail"),
    Feature(
        "handoff",
        "history",
        "number",
        "hours",
        "hours since handoff to sales",
        "handoff",
        "hours_since_latest",
        since="handoff to sales",
    ),
    Feature(
        "trend",
        "engagement",
        "number",
        "events",
        "activity in the last 14 days against the 14 before",
        "trend",
        "trend",
    ),
    Feature(
        "visits_faded",
        "engagement",
        "number",
        "events",
        "visits, older ones counting less",
        "visits",
        "decayed_count",
    ),
    Feature("visits_ever", "engagement", "number", "events", "visits so far", "visits"),
    Feature("seniority", "firmographic", "text", "", "job seniority", "seniority"),
    Feature("reason", "history", "text", "", "latest reason for being rejected by sales", "reason"),
)
NAMES = [feature.name for feature in CATALOGUE]
NUMBERS = [feature.name for feature in CATALOGUE if feature.kind != "text"]
TYPICAL = {"pricing_7d": 0.0, "seniority": "staff", "rate": 0.021, "gap": 30.0, "days_since": 8.0}


def lead(**values: Any) -> pd.DataFrame:
    usual = {
        "seniority": "executive",
        "reason": "no budget",
        **dict.fromkeys(NUMBERS, 1.0),
        **values,
    }
    frame = pd.DataFrame({name: [usual[name]] for name in NAMES})
    return frame.astype({"seniority": "str", "reason": "str"})


def adds(**contributions: float) -> pd.DataFrame:
    return pd.DataFrame([{name: contributions.get(name, 0.0) for name in NAMES}])


@pytest.mark.parametrize(
    ("feature", "value", "text"),
    [
        ("pricing_7d", 4.0, "Pricing views in 7 days: 4 (typical lead: 0)"),
        ("pricing_ever", 12345.0, "Pricing views so far: 12,345"),
        ("pricing_ever", 1.372, "Pricing views so far: 1.4"),
        ("pricing_7d", 0.0, "Pricing views in 7 days: 0, as for the typical lead"),
        ("pricing_ever", 2.5e7, "Pricing views so far: 25 million"),
        ("days_since", 3.26, "Latest visit: 3 days ago (typically 8 days ago)"),
        ("days_since", 1.2, "Latest visit: 29 hours ago (typically 8 days ago)"),
        ("days_since", 8.3, "Latest visit: 8 days ago, as is typical"),
        ("handoff", 5.0, "Handoff to sales: 5 hours ago"),
        ("trend", -4.0, "Activity in the last 14 days against the 14 before: 4 fewer"),
        ("trend", 2.0, "Activity in the last 14 days against the 14 before: 2 more"),
        ("trend", 0.0, "Activity in the last 14 days against the 14 before: the same"),
        ("visits_faded", 2.43, "Visits, older ones counting less: 2.4"),
        ("visits_faded", 0.004, "Visits, older ones counting less: under 0.1"),
        ("gap", 45.4, "Longest silence: 45 days (typical lead: 30 days)"),
        ("gap", 1.0, "Longest silence: 1 day (typical lead: 30 days)"),
        ("gap", 30.4, "Longest silence: 30 days, as for the typical lead"),
        ("rate", 0.354, "Share of e-mails opened: 35 % (typical lead: 2.1 %)"),
        ("free_mail", 1.0, "Free-mail address: yes"),
        ("free_mail", 0.0, "Free-mail address: no"),
        ("seniority", "executive", "Job seniority: executive (typical lead: staff)"),
        ("seniority", None, "Job seniority: unknown"),
        ("gap", np.nan, "Longest silence: unknown"),
        ("seniority", "staff", "Job seniority: staff, as for the typical lead"),
        (
            "seniority",
            "a.b@c.example",
            "Job seniority: not shown, it looks personal (typical lead: staff)",
        ),
        (
            "seniority",
            "+31 6 1234 5678",
            "Job seniority: not shown, it looks personal (typical lead: staff)",
        ),
        ("days_since", np.nan, "Latest visit: never"),
        ("reason", None, "Latest reason for being rejected by sales: none"),
    ],
)
def test_a_reason_is_told_in_words_with_the_leads_own_number(
    feature: str, value: object, text: str
) -> None:
    told = reasons(lead(**{feature: value}), adds(**{feature: 0.5}), CATALOGUE, TYPICAL)
    assert told["reasons_for"][0] == [text]
    assert told["reasons_against"][0] == []


def test_the_strongest_come_first_and_no_more_than_asked_for() -> None:
    contributions = adds(gap=-0.2, rate=-0.9, free_mail=-0.5, seniority=-0.4, pricing_7d=0.1)
    told = reasons(lead(), contributions, CATALOGUE, {}, top=2)
    assert told["reasons_against"][0] == [
        "Share of e-mails opened: 100 %",
        "Free-mail address: yes",
    ]
    assert told["reasons_for"][0] == ["Pricing views in 7 days: 1"]


def test_features_of_one_fact_are_one_reason_told_by_the_strongest_of_its_sign() -> None:
    contributions = adds(pricing_7d=-0.3, pricing_ever=0.8, gap=0.6)
    told = reasons(lead(pricing_ever=9.0), contributions, CATALOGUE, {})
    assert told["reasons_for"][0] == ["Longest silence: 1 day", "Pricing views so far: 9"]
    assert told["reasons_against"][0] == []


def test_a_fading_count_tells_its_fact_only_where_no_plain_one_comes_near_it() -> None:
    near = reasons(lead(), adds(visits_faded=0.9, visits_ever=0.3), CATALOGUE, {})
    far = reasons(lead(), adds(visits_faded=0.9, visits_ever=0.1), CATALOGUE, {})
    assert near["reasons_for"][0] == ["Visits so far: 1"]
    assert far["reasons_for"][0] == ["Visits, older ones counting less: 1"]


def test_what_hardly_matters_is_no_reason() -> None:
    told = reasons(lead(), adds(gap=0.049, rate=-0.049), CATALOGUE, {})
    assert (told["reasons_for"][0], told["reasons_against"][0]) == ([], [])


def test_long_texts_are_cut_to_what_is_read_at_a_glance() -> None:
    told = reasons(lead(seniority="x" * 200), adds(seniority=1.0), CATALOGUE, {})
    assert told["reasons_for"][0] == [f"Job seniority: {'x' * 59}…"]


def test_the_index_of_the_leads_is_kept() -> None:
    frame = pd.concat([lead(), lead()]).set_axis(["b", "a"])
    contributions = pd.concat([adds(gap=1.0), adds(rate=1.0)]).set_axis(["b", "a"])
    told = reasons(frame, contributions, CATALOGUE, {})
    assert told.loc["a", "reasons_for"] == ["Share of e-mails opened: 100 %"]


def test_a_feature_without_words_is_refused() -> None:
    with pytest.raises(ModelMismatch, match="1 features are not in the catalogue: reason"):
        reasons(lead(), adds(), CATALOGUE[:-1], {})


def test_a_feature_without_a_contribution_is_refused() -> None:
    with pytest.raises(ModelMismatch, match="not among the contributions: gap"):
        reasons(lead(), adds().drop(columns="gap"), CATALOGUE, {})


def test_rows_of_other_leads_are_refused() -> None:
    with pytest.raises(ValueError, match="the leads of `frame` and of `contributions` differ"):
        reasons(lead(), adds().set_axis([5]), CATALOGUE, {})


@given(
    contributions=st.lists(st.floats(-2, 2), min_size=len(NAMES), max_size=len(NAMES)),
    values=st.lists(st.integers(0, 99_999), min_size=len(NUMBERS), max_size=len(NUMBERS)),
)
def test_every_number_told_is_the_leads_own(contributions: list[float], values: list[int]) -> None:
    own = dict(zip(NUMBERS, map(float, values), strict=True))
    frame = lead(**own)
    told = reasons(frame, pd.DataFrame([contributions], columns=NAMES), CATALOGUE, {}, top=9)
    by_subject = {subject(feature): feature for feature in CATALOGUE}
    for text in [*told["reasons_for"][0], *told["reasons_against"][0]]:
        said, value = text.split(": ")
        feature = by_subject[said]
        if feature.kind != "number" or value in {"under an hour ago", "the same"}:
            continue
        unit = {"share": 100, "hours": 1 if "hour" in value else 1 / 24}.get(feature.unit, 1)
        unit *= 24 if feature.unit == "days" and "hour" in value else 1
        number = float(re.sub("[^0-9.]", "", value))
        assert number == pytest.approx(own[feature.name] * unit, abs=0.5)


@pytest.mark.slow
def test_a_hundred_thousand_leads_take_seconds() -> None:
    random = np.random.default_rng(0)
    frame = pd.concat([lead()] * 100_000, ignore_index=True)
    frame["days_since"] = random.random(len(frame)) * 100
    contributions = pd.DataFrame(random.normal(0, 1, frame.shape), columns=NAMES)
    began = time.perf_counter()
    told = reasons(frame, contributions, CATALOGUE, TYPICAL)
    assert len(told) == 100_000
    assert time.perf_counter() - began < 10
