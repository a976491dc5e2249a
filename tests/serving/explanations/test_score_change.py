from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadscore.features.catalogue.feature import Feature
from leadscore.serving.explanations.score_change import (
    Cause,
    Change,
    HistoricalFeatures,
    Part,
    ScoreRecord,
    Split,
    change_between,
)
from leadscore.serving.policy.policy import Policy, TierPromise, policy_version
from leadscore.serving.tiers.cutoffs import cut_offs

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = ["visits", "silence"]
CATALOGUE = (
    Feature("visits", "engagement", "number", "events", "visits in the last 7 days", "visits"),
    Feature("silence", "engagement", "number", "days", "longest silence", "silence"),
)
NONE = pd.DataFrame({name: pd.Series(dtype="float64") for name in NAMES})
# What a policy with a fixed chance needs of the evidence: that the model has both stages.
EVIDENCE = pd.DataFrame(
    {
        "lead": range(4),
        "as_of": datetime(2026, 1, 1),
        "p_sql": [0.1, 0.2, 0.3, 0.4],
        "y_sql": [0.0, 0.0, 1.0, 1.0],
        "p_won": [0.01, 0.04, 0.09, 0.16],
        "y_won": [0.0, 0.0, 0.0, 1.0],
    }
)
THEN, NOW = datetime(2026, 5, 31), datetime(2026, 6, 1)


class Logistic:
    """A model of one stage whose chances and contributions are plain to see."""

    first_stage = "sql"

    def __init__(self, visits: float = 0.5, silence: float = -0.1) -> None:
        self.weights = np.array([visits, silence])
        encoder = SimpleNamespace(columns_=NAMES)
        self.stages_ = {"sql": SimpleNamespace(encoder_=encoder, contributions=self._contributions)}

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        p = 1 / (1 + np.exp(-self._contributions(frame)[0].sum(axis=1)))
        return pd.DataFrame({"p_sql": p, "p_won": p * p})

    def _contributions(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, float]:
        return frame[NAMES] * self.weights, 0.0


def version(model: Logistic | None = None) -> Any:
    return SimpleNamespace(model=model or Logistic(), catalogue=CATALOGUE)


def features(visits: float, days: float) -> pd.DataFrame:
    return pd.DataFrame({"visits": [visits], "silence": [days]})


def from_chance(sql: float, *, won: bool = False) -> TierPromise:
    return TierPromise(min_propensity=sql, outcome="won" if won else None)


def policy(sql: TierPromise) -> Policy:
    return Policy(sql=sql, mql=TierPromise(share=1.0))


def record(
    p: float,
    *,
    as_of: datetime = NOW,
    model: str = "1",
    by: Policy | None = None,
    begins: float | None = None,
    is_sql: bool = False,
) -> ScoreRecord:
    named = policy_version(by) if by else "unknown"
    return ScoreRecord(as_of, {"sql": p, "won": p * p}, is_sql, model, named, by, begins)


def chance(model: Logistic, frame: pd.DataFrame) -> float:
    return float(model.predict(frame)["p_sql"].iloc[0])


def points(split: Split | None, cause: Cause, of: str = "score") -> float:
    """What one cause did by itself; exactly 0 where it has no part."""
    assert split is not None
    return sum(part.points for part in split.parts if part.causes == (cause,) and part.of == of)


def adds_up(split: Split | None) -> None:
    assert split is not None
    total = sum(part.points for part in split.parts)
    assert total == pytest.approx(split.after - split.before, abs=1e-9)


def change(before: ScoreRecord, after: ScoreRecord, steps: HistoricalFeatures) -> Change:
    return change_between(before, after, lambda: steps, EVIDENCE)


rows = st.builds(features, st.floats(0, 20), st.floats(0, 90))
models = st.builds(Logistic, st.floats(-1, 1), st.floats(-0.2, 0.2))
chances = st.floats(0.0, 1.0)


@settings(deadline=None)  # a busy machine is no fault
@given(
    ends=st.tuples(chances, chances),
    cut_offs=st.tuples(chances, chances),
    steps=st.builds(
        HistoricalFeatures,
        st.just(NONE) | rows,
        st.just(NONE) | rows,
        rows,
        models.map(version),
        st.sampled_from(["", "Model 1 is gone."]),
    ),
)
def test_the_parts_add_up_whatever_happened(
    ends: tuple[float, float], cut_offs: tuple[float, float], steps: HistoricalFeatures
) -> None:
    was, by = (policy(from_chance(cut_off)) for cut_off in cut_offs)
    told = change(
        record(ends[0], as_of=THEN, by=was, begins=cut_offs[0]),
        record(ends[1], model="2", by=by, begins=cut_offs[1]),
        steps,
    )
    adds_up(told.score)
    adds_up(told.distance)
    assert told.score is not None
    assert told.distance is not None
    assert (told.score.before, told.score.after) == (100 * ends[0], 100 * ends[1])
    assert told.distance.after == pytest.approx(100 * (ends[1] - cut_offs[1]), abs=1e-9)


@settings(deadline=None, max_examples=25)  # four splits each
@given(rows, rows, rows, models, models)
def test_each_part_is_what_its_cause_did_alone(
    then: pd.DataFrame, later: pd.DataFrame, now: pd.DataFrame, old: Logistic, new: Logistic
) -> None:
    def parts(then: pd.DataFrame, later: pd.DataFrame, now: pd.DataFrame, new: Logistic) -> Split:
        told = change(
            record(chance(old, then), as_of=THEN),
            record(chance(new, now), model="2"),
            HistoricalFeatures(then, later, now, version(old)),
        )
        assert told.score is not None
        return told.score

    assert points(parts(then, later, now, new), "edits") == 0
    assert points(parts(then, then, now, new), "time") == 0
    assert points(parts(then, later, later, new), "activity") == 0
    assert points(parts(then, later, now, old), "model") == 0
    assert points(parts(then, later, now, new), "policy") == 0
    only_new = parts(then, then, then, new)
    assert points(only_new, "model") == pytest.approx(only_new.after - only_new.before, abs=1e-9)


def test_an_edit_is_what_the_old_model_says_of_then_today() -> None:
    row, model = features(2, 5), Logistic()
    told = change(
        record(0.2), record(chance(model, row)), HistoricalFeatures(row, row, row, version(model))
    )
    assert points(told.score, "edits") == pytest.approx(100 * (chance(model, row) - 0.2))


def test_activity_and_time_are_told_by_the_facts_that_moved_the_score_their_way() -> None:
    then, later, now = features(0, 1), features(0, 30), features(4, 31)
    model = Logistic()
    told = change(
        record(chance(model, then)),
        record(chance(model, now)),
        HistoricalFeatures(then, later, now, version()),
    )
    assert told.score is not None
    facts = {part.causes: part.facts for part in told.score.parts}
    assert facts[("activity",)] == ("Visits in the last 7 days: 0 → 4",)
    assert facts[("time",)] == ("Longest silence: 1 day → 30 days",)
    assert facts[("edits",)] == facts[("model",)] == ()


def test_a_lead_that_was_unknown_then_has_one_part_for_all_that_happened_to_it() -> None:
    now, model = features(1, 1), Logistic()
    told = change(record(0.3), record(0.6), HistoricalFeatures(NONE, NONE, now, version(model)))
    assert told.score is not None
    assert [part.causes for part in told.score.parts] == [
        ("edits", "time", "activity"),
        ("model",),
        ("policy",),
    ]


def test_a_model_that_is_gone_is_told_together_with_edits_and_the_reader_is_told() -> None:
    row, why = features(1, 1), "Model 1 can no longer be loaded."
    steps = HistoricalFeatures(row, row, row, version(), why)
    told = change(record(0.3), record(chance(Logistic(), row), model="2"), steps)
    assert told.score is not None
    assert told.score.parts[0].causes == ("edits", "model")
    assert [part.points for part in told.score.parts[1:]] == [0, 0, 0]
    assert why in told.remarks


@pytest.mark.parametrize(
    ("was", "is_now", "why"),
    [
        (False, True, "Sales has qualified it since"),
        (True, True, "Sales had qualified it then already"),
        (True, False, "that verdict is gone"),
    ],
)
def test_a_lead_that_sales_qualified_has_no_split(was: bool, is_now: bool, why: str) -> None:  # noqa: FBT001
    def never() -> HistoricalFeatures:
        pytest.fail("features were built for nothing")

    told = change_between(record(0.3, is_sql=was), record(1.0, is_sql=is_now), never, EVIDENCE)
    assert told.score is told.distance is None
    assert why in told.remarks[0]


def test_scores_of_different_stages_are_not_compared() -> None:
    row = features(1, 1)
    then = ScoreRecord(THEN, {"won": 0.1}, False, "1", "a", None, None)
    told = change(then, record(0.4, model="2"), HistoricalFeatures(row, row, row, version()))
    assert told.score is None
    assert "chance to be won then and is that to be sql now" in told.remarks[0]


def still(before: ScoreRecord, after: ScoreRecord, evidence: pd.DataFrame = EVIDENCE) -> Change:
    row = features(1, 1)
    return change_between(
        before, after, lambda: HistoricalFeatures(row, row, row, version()), evidence
    )


def test_without_notes_the_cut_off_of_then_is_said_to_be_unknown() -> None:
    told = still(record(0.3, as_of=THEN), record(0.4, begins=0.5))
    assert told.score is not None
    assert told.distance is None
    assert "Where the SQL tier began on 2026-05-31 is not known" in told.remarks[0]


def test_a_new_policy_moves_the_cut_off_and_not_the_score() -> None:
    was, by = policy(from_chance(0.5)), policy(from_chance(0.4))
    told = still(record(0.3, by=was, begins=0.5), record(0.3, by=by, begins=0.4))
    assert points(told.score, "policy") == 0
    assert points(told.distance, "policy", "cut_off") == pytest.approx(10)
    assert points(told.distance, "model", "cut_off") == 0


def test_model_and_policy_share_a_cut_offs_shift_by_the_old_policy_on_new_evidence(
    draw_evidence: Callable[..., pd.DataFrame],
) -> None:
    evidence = draw_evidence(seed=1)
    was, by = policy(TierPromise(min_precision=0.3)), policy(TierPromise(min_precision=0.4))
    between, begins = (cut_offs(each, evidence).sql.cut_off for each in (was, by))
    assert between is not None
    assert begins is not None
    told = still(
        record(0.3, by=was, begins=0.2), record(0.3, model="2", by=by, begins=begins), evidence
    )
    adds_up(told.distance)
    assert points(told.distance, "model", "cut_off") == pytest.approx(-100 * (between - 0.2))
    assert points(told.distance, "policy", "cut_off") == pytest.approx(-100 * (begins - between))


def test_where_a_share_decides_the_nights_other_leads_are_named_as_a_cause() -> None:
    by = policy(TierPromise(share=0.05))
    told = still(record(0.3, by=by, begins=0.5), record(0.3, by=by, begins=0.45))
    adds_up(told.distance)
    assert points(told.distance, "others", "cut_off") == pytest.approx(5)


def test_a_share_and_a_new_model_cannot_be_told_apart(
    draw_evidence: Callable[..., pd.DataFrame],
) -> None:
    by = policy(TierPromise(share=0.05))
    before, after = record(0.3, by=by, begins=0.5), record(0.3, model="2", by=by, begins=0.45)
    told = still(before, after, draw_evidence())
    assert told.distance is not None
    shifts: list[Part] = [part for part in told.distance.parts if part.of == "cut_off"]
    assert [part.causes for part in shifts] == [("model", "others")]


@pytest.mark.parametrize(
    ("was", "by", "why"),
    [
        (from_chance(0.5), from_chance(0.2, won=True), "went by another outcome"),
        (TierPromise(min_value=100.0), TierPromise(min_value=100.0), "not by its chance"),
        (
            TierPromise(min_precision=0.9),
            TierPromise(min_precision=0.9),
            "no cut-off kept the promise",
        ),
    ],
)
def test_distances_that_cannot_be_compared_say_why(
    was: TierPromise, by: TierPromise, why: str
) -> None:
    then, now = record(0.3, by=policy(was)), record(0.4, by=policy(by))
    told = still(then, now)
    assert told.score is not None
    assert told.distance is None
    assert why in told.remarks[0]


def test_the_distance_goes_by_the_outcome_that_the_policy_names() -> None:
    by = policy(from_chance(0.1, won=True))
    told = still(record(0.3, by=by, begins=0.1), record(0.4, by=by, begins=0.1))
    assert told.distance is not None
    assert told.distance.before == pytest.approx(100 * (0.09 - 0.1))
    assert told.distance.after == pytest.approx(100 * (0.16 - 0.1))
    adds_up(told.distance)
