from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from leadscore.training.evaluation.account_chance import AccountChance, _fitted, together


def accounts_of(leads_each, p):
    """Accounts of so many leads each, all with the same propensity."""
    name = np.repeat([f"firm {number}" for number in range(len(leads_each))], leads_each)
    return together(pd.DataFrame({"account": name, "p": np.full(len(name), p)}))


def chance(level, size):
    return AccountChance(level, size, accounts=100, error=0.0, error_alone=0.0)


def test_strangers_are_multiplied_out():
    accounts = accounts_of([1, 2, 3], 0.1)
    found = chance(0.0, 0.0).of(accounts)
    np.testing.assert_allclose(found, [0.1, 0.19, 0.271])


def test_leads_without_an_account_are_left_out():
    leads = pd.DataFrame({"account": ["a", None, "a"], "p": [0.5, 0.5, 0.5]})
    assert together(leads)["open_leads"].to_dict() == {"a": 2}


def test_parts_add_up_to_the_whole():
    leads = pd.DataFrame({"account": list("abab"), "p": [0.1, 0.2, 0.3, 1.0]})
    parts = pd.concat([together(leads.head(3)), together(leads.tail(1))])
    whole = together(leads)
    pd.testing.assert_frame_equal(parts.groupby("account").sum(), whole)


def test_a_lead_more_never_lowers_the_chance_of_the_others_by_itself():
    figures = chance(0.2, 0.0).of(accounts_of([1, 2, 5, 50], 0.05))
    assert figures.is_monotonic_increasing


def test_the_dependence_of_colleagues_is_learnt():
    random = np.random.default_rng(5)
    sizes = random.integers(1, 6, 8_000)
    accounts = accounts_of(sizes, 0.08)
    truth = chance(-0.3, -0.5).of(accounts)
    accounts["outcome"] = (random.random(len(accounts)) < truth).astype("float64")
    level, size = _fitted(accounts)
    assert level == pytest.approx(-0.3, abs=0.15)
    assert size == pytest.approx(-0.5, abs=0.15)


def test_it_is_the_same_after_it_was_written():
    figures = AccountChance(0.1, -0.2, 300, 0.01, 0.02)
    assert AccountChance.from_json(figures.to_json()) == figures


def test_a_sure_lead_makes_the_account_all_but_sure():
    found = chance(0.0, 0.0).of(accounts_of([2], 1.0))
    assert found.iloc[0] > 0.999_99
    assert expit(0.0) < found.iloc[0] < 1
