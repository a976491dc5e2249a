from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from leadscore.features.catalogue.feature import Feature
from leadscore.serving.explanations.missing_information import missing_facts
from leadscore.training.dataset.labels import Labels
from leadscore.training.dataset.splits import split_by_time
from leadscore.training.dataset.stage_rows import SINCE_SQL
from leadscore.training.model.funnel_model import FunnelModel
from leadscore.training.model.hyperparameter_search import Search

if TYPE_CHECKING:
    from collections.abc import Callable

CATALOGUE = (
    Feature("company_size", "firmographic", "number", "people", "head count", "company_size"),
    Feature("company_size_band", "firmographic", "text", "", "head count band", "company_size"),
    Feature("seniority", "firmographic", "text", "", "seniority by job title", "seniority"),
    Feature("noise", "firmographic", "number", "", "shoe size", "noise"),
    Feature("source", "channel", "text", "", "source", "source"),
    Feature("campaign", "channel", "text", "", "campaign", "campaign"),
    Feature("touch_source", "channel", "text", "", "source of the latest touch", "touch_source"),
    Feature("since", "engagement", "number", "days", "days since the latest visit", "visit"),
    Feature(SINCE_SQL, "history", "number", "hours", "hours since qualification", "since_sql"),
)
NAMES = [each.name for each in CATALOGUE]
TEXT = [each.name for each in CATALOGUE if each.kind == "text"]


@pytest.fixture(scope="module")
def company() -> pd.DataFrame:
    """Leads whose head count, title and source decide, with a tenth of everything unknown."""
    random, leads = np.random.default_rng(3), 2_000
    size = np.ceil(np.exp(random.normal(4, 1.5, leads)))
    frame = pd.DataFrame(
        {
            "company_size": size,
            "company_size_band": np.where(size < 50, "small", "large"),
            "seniority": random.choice(["staff", "owner"], leads),
            "noise": random.integers(36, 47, leads).astype(float),
            "source": random.choice(["web", "fair"], leads),
            "campaign": random.choice(["spring", "autumn"], leads),
            "touch_source": random.choice(["web", "fair"], leads),
            "since": random.exponential(5, leads),
        }
    )
    seniority, source = frame["seniority"] == "owner", frame["source"] == "fair"
    margin = -2 + np.log(size) - 4 + 1.5 * seniority + 1.5 * source
    gone = random.random((leads, len(NAMES) - 1)) < 0.1
    gone[:, 1] = gone[:, 0]
    frame = frame.mask(gone)
    frame["y"] = (random.random(leads) < 1 / (1 + np.exp(-margin))).astype(float)
    return frame.astype(dict.fromkeys(TEXT, "str")).assign(**{SINCE_SQL: np.nan})


@pytest.fixture(scope="module")
def model(company: pd.DataFrame) -> FunnelModel:
    created = pd.Timestamp("2025-01-01") + pd.to_timedelta(np.arange(len(company)) * 6, unit="h")
    labelled = pd.DataFrame(
        {
            "lead_id": [f"L{number}" for number in range(len(company))],
            "as_of": created.normalize() + pd.Timedelta(days=1),
            "created_at": created,
            "account": pd.Series([None] * len(company), dtype="str"),
            "is_sql": False,
            "weight": 1.0,
            "y_sql": company["y"],
            "known_sql_at": created + pd.Timedelta(days=30),
        }
    )
    labels = Labels(labelled, ("sql",))
    return FunnelModel().fit(
        company[NAMES],
        labels,
        split_by_time(labels),
        catalogue=CATALOGUE[:-1],
        search=Search(seconds=0),
    )


@pytest.fixture
def lead() -> Callable[..., pd.DataFrame]:
    """One lead of whom all is known but what is said."""

    def build(**values: object) -> pd.DataFrame:
        known = {
            "company_size": 60.0, "company_size_band": "large", "seniority": "staff",
            "noise": 40.0, "source": "web", "campaign": "spring", "touch_source": "web",
            "since": 3.0, SINCE_SQL: np.nan, **values,
        }  # fmt: skip
        numbers = {name: "float64" for name in NAMES if name not in TEXT}
        return pd.DataFrame([known]).astype({**numbers, **dict.fromkeys(TEXT, "str")})

    return build


def score(model: FunnelModel, frame: pd.DataFrame) -> float:
    return 100 * float(model.predict(frame)["p_sql"].iloc[0])


def test_nothing_is_asked_of_whom_all_is_known(model: FunnelModel, lead: Callable) -> None:
    assert missing_facts(lead(), model, CATALOGUE)[0] == []


def test_the_range_is_what_the_model_says_for_the_usual_values(
    model: FunnelModel, lead: Callable
) -> None:
    told = missing_facts(lead(seniority=None), model, CATALOGUE)[0]
    scores = [score(model, lead(seniority=word)) for word in model.usual_["seniority"]]
    low, high = round(min(scores)), round(max(scores))
    assert told == [f"Job title unknown: knowing it could move the score to {low}-{high}"]


def test_a_number_and_its_band_are_one_fact_and_move_together(
    model: FunnelModel, lead: Callable
) -> None:
    told = missing_facts(lead(company_size=np.nan, company_size_band=None), model, CATALOGUE)[0]
    pairs = zip(model.usual_["company_size"], model.usual_["company_size_band"], strict=True)
    scores = [score(model, lead(company_size=size, company_size_band=band)) for size, band in pairs]
    found = re.fullmatch(r"Head count unknown: .+ to (\d+)-(\d+)", told[0])
    assert found is not None
    assert (int(found[1]), int(found[2])) == (round(min(scores)), round(max(scores)))
    assert len(told) == 1


def test_what_would_move_the_score_most_comes_first_and_no_more_than_asked_for(
    model: FunnelModel, lead: Callable
) -> None:
    unknown = lead(company_size=np.nan, company_size_band=None, seniority=None, source=None)
    unknown["campaign"] = pd.Series([None], dtype="str")
    told = missing_facts(unknown, model, CATALOGUE, top=3)[0]
    assert {each.split(" unknown")[0] for each in told} == {"Head count", "Job title", "Source"}
    assert missing_facts(unknown, model, CATALOGUE, top=1)[0] == told[:1]


def test_what_moves_the_score_by_less_than_a_point_is_not_asked(
    model: FunnelModel, lead: Callable
) -> None:
    moved = [
        abs(score(model, lead(noise=size)) - score(model, lead(noise=np.nan)))
        for size in model.usual_["noise"]
    ]
    told = missing_facts(lead(noise=np.nan), model, CATALOGUE)[0]
    assert bool(told) == (np.mean(moved) >= 1)
    assert missing_facts(lead(campaign=None), model, CATALOGUE)[0] == []


@pytest.mark.parametrize("name", ["touch_source", "since", "source"])
def test_what_cannot_be_asked_is_not(model: FunnelModel, lead: Callable, name: str) -> None:
    # No touch, no visit; and whose campaign is known came from somewhere, source or not.
    assert missing_facts(lead(**{name: None}), model, CATALOGUE)[0] == []


def test_the_index_of_the_leads_is_kept(model: FunnelModel, lead: Callable) -> None:
    frame = pd.concat([lead(), lead(seniority=None)]).set_axis(["b", "a"])
    told = missing_facts(frame, model, CATALOGUE)
    assert list(told.index) == ["b", "a"]
    assert (len(told["b"]), len(told["a"])) == (0, 1)


def test_many_leads_are_told_what_each_is_told_alone(
    model: FunnelModel, company: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = company[NAMES].head(60)
    together = missing_facts(some, model, CATALOGUE)
    monkeypatch.setattr("leadscore.serving.explanations.missing_information.CHUNK", 7)
    pd.testing.assert_series_equal(missing_facts(some, model, CATALOGUE), together)
    assert together.str.len().sum() > 5
