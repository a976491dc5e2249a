from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from leadscore.features.catalogue.feature import Feature
from leadscore.training.scorecard.rule_selection import MAX_RULES
from leadscore.training.scorecard.scorecard import PointsTable, distil

LEADS = 4_000
CATALOGUE = (
    Feature("visits_7d", "engagement", "number", "events", "visits in the last 7 days", "visits"),
    Feature("visits_30d", "engagement", "number", "events", "visits in the last 30 days", "visits"),
    Feature("head_count", "firmographic", "number", "people", "head count", "head_count"),
    Feature("source", "channel", "text", "", "source", "source"),
    Feature("noise", "firmographic", "number", "", "noise", "noise"),
)


def draw(seed: int = 0) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Leads, what a perfect model says of them, and what became of them."""
    random = np.random.default_rng(seed)
    visits = random.poisson(1.0, LEADS).astype(float)
    size = np.round(np.exp(random.normal(4, 1.5, LEADS)))
    source = random.choice(["fair", "partner", "list", "web"], LEADS)
    log_odds = -2.5 + 0.9 * (visits >= 1) + 0.9 * (size >= 100) - 1.2 * (source == "list")
    frame = pd.DataFrame(
        {
            "visits_7d": visits,
            "visits_30d": visits + random.poisson(0.5, LEADS),
            "head_count": size,
            "source": pd.Series(source, dtype="str"),
            "noise": random.normal(size=LEADS),
        }
    )
    propensity = pd.Series(expit(log_odds))
    return frame, propensity, pd.Series((random.random(LEADS) < propensity).astype(float))


@pytest.fixture(scope="module")
def table() -> PointsTable:
    return distil(*draw(), CATALOGUE)


def test_the_rules_that_made_the_leads_are_found_again(table: PointsTable) -> None:
    by_words = {rule.words: rule.points for rule in table.rules}
    assert by_words["Head count: 100 or more"] == pytest.approx(13, abs=2)
    assert by_words["Source: list"] == pytest.approx(-17, abs=2)
    visits = {"Visits in the last 7 days: none": -13, "Visits in the last 7 days: 1 or more": 13}
    ((words, points),) = (each for each in by_words.items() if each[0] in visits)
    assert points == pytest.approx(visits[words], abs=2)


def test_points_rank_later_leads_nearly_as_well_as_the_truth(table: PointsTable) -> None:
    frame, propensity, outcome = draw(seed=1)
    behind = roc_auc_score(outcome, propensity) - roc_auc_score(outcome, table.propensity(frame))
    assert behind < 0.02


def test_what_the_points_promise_comes_true(table: PointsTable) -> None:
    frame, _, outcome = draw(seed=2)
    promised = table.propensity(frame)
    many = table.points(frame) >= table.points(frame).median()
    for leads in (many, ~many):
        assert promised[leads].mean() == pytest.approx(outcome[leads].mean(), abs=0.03)


def test_a_model_that_is_too_sure_of_its_own_leads_is_not_believed() -> None:
    frame, propensity, outcome = draw()
    too_sure = pd.Series(expit(3 * np.log(propensity / (1 - propensity))))
    table = distil(frame, too_sure, outcome, CATALOGUE)
    assert table.propensity(frame).mean() == pytest.approx(outcome.mean(), abs=0.005)
    assert table.propensity(frame).max() < 2 * propensity.max()


def test_the_table_is_a_dozen_rules_at_most() -> None:
    random = np.random.default_rng(0)
    names = [f"f{each}" for each in range(30)]
    frame = pd.DataFrame(random.normal(size=(LEADS, 30)), columns=names)
    propensity = pd.Series(expit(frame.sum(axis=1) / 3))
    outcome = pd.Series((random.random(LEADS) < propensity).astype(float))
    catalogue = [Feature(each, "firmographic", "number", "", each, each) for each in names]
    table = distil(frame, propensity, outcome, catalogue)
    assert len(table.rules) == MAX_RULES
    assert not any("less" in rule.words and rule.points > 0 for rule in table.rules)


def test_no_rule_punishes_what_helps() -> None:
    """Two columns of one fact, of which the second alone would turn against the lead."""
    frame, propensity, outcome = draw()
    table = distil(frame.drop(columns=["source", "head_count"]), propensity, outcome, CATALOGUE)
    for rule in table.rules:
        holds = rule.condition.holds(frame)
        better = propensity[holds].mean() > propensity[~holds].mean()
        assert (rule.points > 0) == better


def test_leads_that_nothing_tells_apart_get_no_rules_and_the_overall_rate() -> None:
    frame, _, outcome = draw()
    table = distil(frame, pd.Series(0.3, index=frame.index), outcome, CATALOGUE)
    assert table.rules == ()
    assert table.sentences() == ["No rule tells these leads apart."]
    assert table.propensity(frame).tolist() == pytest.approx([outcome.mean()] * LEADS, abs=1e-3)


def test_sentences_say_the_rules_with_their_points(table: PointsTable) -> None:
    told = table.sentences()
    assert told[0].startswith(f"Every lead starts with {table.start} points")
    assert "Head count: 100 or more: +" in " ".join(told)
    assert "Source: list: −" in " ".join(told)
    assert len(told) == len(table.rules) + 1


def test_a_crm_that_runs_the_csv_comes_to_the_same_points(table: PointsTable) -> None:
    frame = draw(seed=3)[0]
    total = pd.Series(0, index=frame.index)
    for line in pd.read_csv(io.StringIO(table.as_csv())).to_dict("records"):
        total += line["points"] * _as_a_crm_would(line, frame)
    assert total.tolist() == table.points(frame).tolist()


def _as_a_crm_would(line: dict[str, object], frame: pd.DataFrame) -> pd.Series:
    if line["test"] == "always":
        return pd.Series(1, index=frame.index)
    column = frame[str(line["feature"])]
    answers = {
        "at_least": lambda: column >= float(str(line["value"])),
        "less_than": lambda: column < float(str(line["value"])),
        "is": lambda: column == line["value"],
        "known": column.notna,
        "unknown": column.isna,
    }
    return answers[str(line["test"])]().astype(int)


def test_points_are_whole_not_negative_and_more_are_likelier(table: PointsTable) -> None:
    points = table.points(draw()[0])
    assert (points.dtype, points.min() >= 0) == ("int64", True)
    assert (np.diff(table.lookup()["propensity"]) > 0).all()
