from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadscore.serving.lead_facts.deal_value import expected_amounts, shrunk_means
from tests.serving.small_company import CONTRACT, NIGHT, spine

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from leadscore.features.tables.tables import Tables


def means(amounts: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Shrink the average amounts of segments, given their wins."""
    wins = pd.DataFrame(
        {
            name: {"n": len(each), "total": sum(each), "squares": sum(one**2 for one in each)}
            for name, each in amounts.items()
        }
    ).T
    return {str(name): float(mean) for name, mean in shrunk_means(wins).items()}


def test_a_hand_computed_example() -> None:
    # Averages 10 and 30 of 2 wins each; 20 of all. Squared spread within: (2 + 2) / (4 - 2) = 2.
    # Between: (2 * 100 + 2 * 100 - 1 * 2) / (4 - 8 / 4) = 199. So a weight of 2 / (2 + 2 / 199).
    weight = 2 / (2 + 2 / 199)
    told = means({"a": [9, 11], "b": [29, 31]})
    assert told == pytest.approx({"a": 20 - 10 * weight, "b": 20 + 10 * weight})


def test_few_wins_shrink_and_many_do_not() -> None:
    random = np.random.default_rng(5)
    many = random.normal(100, 60, 4000)
    told = means({"many": many.tolist(), "low": [*random.normal(20, 60, 4000)], "few": [300.0]})
    overall = (many.sum() + 20 * 4000 + 300) / 8001
    assert told["many"] == pytest.approx(float(many.mean()), rel=0.01)
    assert overall < told["few"] < 200


def test_equal_segments_collapse_to_the_average() -> None:
    told = means({"a": [90, 110, 95, 105], "b": [101, 99, 92, 109]})
    assert told["a"] == told["b"] == pytest.approx(100.125)


@pytest.mark.parametrize("amounts", [{"a": [5.0, 9.0]}, {"a": [5.0], "b": [9.0]}])
def test_where_spread_cannot_be_told_all_get_the_average(
    amounts: dict[str, list[float]],
) -> None:
    assert set(means(amounts).values()) == {7.0}


def test_amounts_that_never_vary_within_a_segment_are_believed() -> None:
    assert means({"a": [10, 10], "b": [30, 30]}) == pytest.approx({"a": 10, "b": 30})


def test_without_wins_there_is_nothing_to_average() -> None:
    assert shrunk_means(pd.DataFrame(columns=["n", "total", "squares"])).empty


@given(
    st.dictionaries(
        st.sampled_from("abcd"), st.lists(st.floats(1, 1e6), min_size=1, max_size=6), min_size=1
    )
)
def test_a_shrunk_average_lies_between_its_own_and_that_of_all(
    amounts: dict[str, list[float]],
) -> None:
    everything = [one for each in amounts.values() for one in each]
    overall = float(np.mean(everything))
    for name, mean in means(amounts).items():
        low, high = sorted((float(np.mean(amounts[name])), overall))
        assert low * (1 - 1e-9) - 1e-9 <= mean <= high * (1 + 1e-9) + 1e-9


# ---- from the tables

LEADS = """
id,created,country,staff,email,phone,campaign,deal,grade
A,2026-01-01,DE,5,,,,700,1
B,2026-01-01,DE,5,,,,,1
C,2026-01-01,AT,5,,,,,1
D,2026-01-01,,5,,,,,1
E,2026-01-01,FR,5,,,,,1
W,2026-01-01,DE,5,,,,,1
X,2026-01-01,DE,5,,,,,1
Y,2026-01-01,AT,5,,,,,1
Z,2026-01-01,AT,9,,,,,1
V,2026-01-01,,9,,,,,1
"""
WON = """
W,2026-02-01,2026-02-01,won,,9
X,2026-02-01,2026-02-01,won,,11
Y,2026-02-01,2026-02-01,won,,29
Z,2026-02-01,2026-02-01,won,,31
"""
PULL = 10 * 2 / (2 + 2 / 199)  # see the hand-computed example
OPEN = ("A", "B", "C", "D", "E")


def expected(tables: Tables, *by: str) -> dict[str, float]:
    found = expected_amounts(tables, spine(*OPEN), by=by)
    assert found["lead_id"].is_monotonic_increasing
    assert found["amount"].dtype == "float64"
    return dict(zip(found["lead_id"], found["amount"], strict=True))


def test_a_lead_is_worth_its_own_amount_or_that_of_its_segments_wins(
    small_tables: Callable[..., Tables],
) -> None:
    assert expected(small_tables(leads=LEADS, outcomes=WON), "country") == pytest.approx(
        {"A": 700, "B": 20 - PULL, "C": 20 + PULL, "D": 20, "E": 20}
    )


def test_without_segments_the_average_of_all_counts(small_tables: Callable[..., Tables]) -> None:
    told = expected(small_tables(leads=LEADS, outcomes=WON))
    assert told == {"A": 700, "B": 20, "C": 20, "D": 20, "E": 20}


def test_a_segment_may_be_of_several_columns(small_tables: Callable[..., Tables]) -> None:
    told = expected(small_tables(leads=LEADS, outcomes=WON), "country", "staff")
    assert told["B"] < 20
    assert told["D"] == told["E"] == 20  # nobody was won there, or a part is not known


def test_what_is_no_win_by_the_night_does_not_count(small_tables: Callable[..., Tables]) -> None:
    rows = """
V,2026-06-01,2026-06-01,won,,9000
V,2026-05-31,2026-06-01,won,,9000
V,2026-02-01,2026-02-01,won,,
V,2026-02-01,2026-02-01,sql,,9000
"""  # at the night, known only then, without an amount, not won
    assert expected(small_tables(leads=LEADS, outcomes=WON + rows.lstrip()))["B"] == 20


def test_a_win_just_before_the_night_counts(small_tables: Callable[..., Tables]) -> None:
    row = "V,2026-05-31 23:59:59,2026-05-31 23:59:59,won,,120"
    told = expected(small_tables(leads=LEADS, outcomes=f"{WON}{row}\n"))
    assert told["B"] == 40


def test_an_amount_beyond_all_reckoning_is_left_out(small_tables: Callable[..., Tables]) -> None:
    row = f"V,2026-02-01,2026-02-01,won,,1{'0' * 39}"
    told = expected(small_tables(leads=LEADS, outcomes=f"{WON}{row}\n"), "country")
    assert told["B"] == pytest.approx(20 - PULL)
    assert told["D"] == 20


def test_where_nothing_was_ever_won_only_own_amounts_are_known(
    small_tables: Callable[..., Tables],
) -> None:
    told = expected(small_tables(leads=LEADS), "country")
    assert told["A"] == 700
    assert np.isnan([told[lead] for lead in "BCDE"]).all()


def test_a_flat_file_without_amounts_knows_none(small_tables: Callable[..., Tables]) -> None:
    flat = CONTRACT.split("[events]")[0].replace("grade =", "# grade =")
    flat = flat.replace("[leads.columns]", 'target = "grade"\n\n[leads.columns]')
    flat = flat.replace('deal = "value.amount"\n', "")
    told = expected(small_tables(leads=LEADS, contract_text=flat))
    assert np.isnan(list(told.values())).all()


def test_a_night_without_leads_is_no_error(small_tables: Callable[..., Tables]) -> None:
    nobody = spine("A", as_of=NIGHT).filter(False)
    assert expected_amounts(small_tables(leads=LEADS, outcomes=WON), nobody, by=()).empty
