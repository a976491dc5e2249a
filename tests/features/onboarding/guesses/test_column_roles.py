from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from leadscore.features.onboarding.guesses.column_roles import guess_columns
from leadscore.features.onboarding.profiles.column_profile import profile_columns

ROWS = 400
DRAW = np.random.default_rng(11)


def role(name, cells):
    frame = pd.DataFrame({name: [str(cell) for cell in cells]}, dtype="str")
    return guess_columns(profile_columns(frame, ()).values())[name]


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("Purchase number", np.round(np.exp(DRAW.normal(8, 3, ROWS)), 2)),
        ("Total number", np.unique(np.exp(DRAW.normal(11, 3, 4 * ROWS)).astype(int))[:ROWS]),
        ("Distance", DRAW.permutation(10 * ROWS)[:ROWS] * 37),
    ],
)
def test_a_measured_quantity_stays_though_no_two_rows_share_it(name, cells):
    assert role(name, cells).spec == "firmographic:number"


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("Ticket number", DRAW.permutation(ROWS) + 10_000),
        ("Member no", DRAW.permutation(9_000_000)[:ROWS] + 1_000_000),
        ("Position in file", range(1, ROWS + 1)),
        ("external id", np.exp(np.arange(ROWS) / 20).astype(int) + np.arange(ROWS)),
    ],
)
def test_what_numbers_the_rows_is_left_out(name, cells):
    assert role(name, cells).spec == "ignored"


def test_a_band_is_said_to_be_read_by_its_lower_end():
    guess = role("Company size", ["1-10", "11-50", "51-200", "1,000+"] * 20)
    assert guess.spec == "firmographic.company_size"
    assert "lower end" in guess.reason


def test_lists_of_choices_are_no_free_text_and_are_named_so():
    words = ["Email", "Phone", "Web", "Fair", "Ads", "Partner"]
    cells = [";".join(DRAW.permutation(words)[: 2 + row % 5]) for row in range(200)]
    guess = role("Interests", cells)
    assert (guess.spec, guess.reason) == (
        "firmographic:text",
        "lists of 6 words, read as sets: b;a is a;b",
    )
