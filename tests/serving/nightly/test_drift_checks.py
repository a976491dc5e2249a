from __future__ import annotations

import pandas as pd
import pytest

from leadscore.features.contract.contract import Limits
from leadscore.serving.nightly.drift_checks import NightShape, shape_of, unlike, unseen_words

LIMITS = Limits()


def night(
    leads: int = 10_000,
    *,
    sql: float = 0.02,
    mql: float = 0.1,
    p_sql: float = 0.05,
    p_won: float = 0.01,
    made_by: tuple[str, str] = ("1", "a"),
) -> NightShape:
    tiers = {"SQL": round(sql * leads), "MQL": round(mql * leads)}
    tiers["Nurture"] = leads - sum(tiers.values())
    total = {"p_sql": p_sql * leads, "p_won": p_won * leads}
    return NightShape(leads, tiers, {"p_sql": leads, "p_won": leads}, total, made_by)


def told(tonight: NightShape, before: NightShape | None = None) -> list[str]:
    return [fault.message for fault in unlike(tonight, before or night(), LIMITS)]


def test_a_night_like_the_one_before_is_no_fault() -> None:
    assert told(night(10_300, sql=0.025, mql=0.12, p_sql=0.06)) == []


@pytest.mark.parametrize(
    ("tonight", "message"),
    [
        (night(4_000), "4,000 leads are open, and 10,000 were the night before"),
        (night(sql=0.08), "8.0% of the leads have tier SQL, and 2.0% had it the night before"),
        (night(mql=0.02), "2.0% of the leads have tier MQL, and 10.0% had it the night before"),
        (night(sql=0.0), "no lead has tier SQL, and 200 had it the night before"),
        (night(p_sql=0.11), "p_sql is 11.00% on average, and was 5.00% the night before"),
        (night(p_won=0.004), "p_won is 0.40% on average, and was 1.00% the night before"),
    ],
)
def test_what_changed_too_much_is_told(tonight: NightShape, message: str) -> None:
    assert told(tonight) == [message]


def test_what_chance_may_do_in_a_small_company_is_no_fault() -> None:
    assert told(night(60, sql=0.0), night(50, sql=0.04)) == []
    assert told(night(60, sql=0.0, p_sql=0.05), night(150, sql=0.0)) == []


def test_another_model_or_policy_may_change_the_tiers() -> None:
    assert told(night(sql=0.08, made_by=("2", "a"))) == []
    assert told(night(sql=0.08, made_by=("1", "b"))) == []


def test_a_stage_that_one_night_did_not_know_is_not_compared() -> None:
    unknown = NightShape(
        100, {}, {"p_sql": 0, "p_won": 100}, {"p_sql": 0.0, "p_won": 1.0}, ("1", "a")
    )
    assert told(unknown, night(100, sql=0, mql=0)) == []


def test_the_shape_of_a_night_adds_up_over_its_parts() -> None:
    rows = pd.DataFrame(
        {"tier": ["SQL", "MQL", "MQL"], "p_sql": [0.5, 0.2, None], "p_won": [0.1, 0.1, 0.1]}
    )
    whole = shape_of([rows], made_by=("1", "a"))
    assert shape_of([rows[:1], rows[1:]], made_by=("1", "a")) == whole
    assert (whole.leads, whole.tiers["MQL"], whole.known["p_sql"]) == (3, 2, 2)
    assert whole.mean("p_sql") == pytest.approx(0.35)


def test_columns_full_of_unknown_words_are_named() -> None:
    cells = pd.DataFrame(
        {"filled": [1000, 1000, 50], "unseen": [900, 100, 50]},
        index=["industry", "country", "team"],
    )
    [fault] = unseen_words(cells, LIMITS)
    assert fault.message == "90% of the words in 'industry' are such as the model never saw"
    assert fault.leads == 900
