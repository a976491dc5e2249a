"""Kinds and stages are found under plain names, and under others by their cells."""

from __future__ import annotations

import pandas as pd
import pytest

from leadscore.features.core.errors import DataError
from leadscore.features.onboarding.guesses.table_columns import (
    guess_event_columns,
    guess_outcome_columns,
)
from leadscore.features.onboarding.profiles.column_profile import profile_columns
from leadscore.features.onboarding.profiles.file_sample import Sample

ROWS = 40
DAYS = [f"2026-01-{1 + row % 28:02} 10:00" for row in range(ROWS)]


def mapped(guess, columns):
    frame = pd.DataFrame({"when": DAYS, **columns}, dtype="str")
    found: dict[str, str] = guess(profile_columns(frame, ()), sample=Sample("file.csv", frame))
    return found


def test_the_only_column_of_repeated_words_is_the_kind_of_event():
    columns = {
        "TaskSubtype": ["Call", "Email"] * 20,
        "Subject": [f"Re: offer {row}" for row in range(ROWS)],
    }
    assert mapped(guess_event_columns, columns)["kind"] == "TaskSubtype"


def test_codes_are_kinds_where_the_name_says_so():
    columns = {
        "activityTypeId": ["1", "6", "10", "46"] * 10,
        "marketoGUID": [str(row) for row in range(ROWS)],
        "page": [f"/p/{row}" for row in range(ROWS)],
    }
    assert mapped(guess_event_columns, columns)["kind"] == "activityTypeId"


def test_where_two_columns_may_be_the_kind_both_are_named_and_what_to_do():
    columns = {"Canal": ["web", "tel"] * 20, "Motif": ["a", "b"] * 20}
    with pytest.raises(DataError, match=r"no column among .*'Canal', 'Motif' tells.*Name.* kind"):
        mapped(guess_event_columns, columns)


def test_of_an_old_and_a_new_stage_the_new_one_was_reached():
    columns = {
        "Old Stage": ["Prospecting", "Qualified"] * 20,
        "New Stage": ["Qualified", "Closed Won"] * 20,
    }
    assert mapped(guess_outcome_columns, columns)["stage"] == "New Stage"


def test_a_column_of_stages_is_known_by_its_words():
    columns = {"newValue": ["SQL", "Won"] * 20, "source": ["web", "fair"] * 20}
    assert mapped(guess_outcome_columns, columns)["stage"] == "newValue"


def test_a_status_that_holds_no_stage_gives_way_to_a_column_that_does():
    columns = {"Sync status": ["ok", "late"] * 20, "Ergebnis": ["Gewonnen", "Verloren"] * 20}
    assert mapped(guess_outcome_columns, columns)["stage"] == "Ergebnis"


def test_where_nothing_is_a_stage_the_columns_are_named_and_what_to_do():
    with pytest.raises(DataError, match=r"no column among 'Farbe' tells which stage.*Name.* stage"):
        mapped(guess_outcome_columns, {"Farbe": ["rot", "blau"] * 20})
