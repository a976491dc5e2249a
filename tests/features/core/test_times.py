from __future__ import annotations

from datetime import UTC, date, datetime

import pandas as pd
import pytest

from leadscore.features.core.errors import LeadScoreError
from leadscore.features.core.times import moment_of, seconds_of


@pytest.mark.parametrize(
    "written",
    [
        "2026-06-30",
        date(2026, 6, 30),
        datetime(2026, 6, 30),
        pd.Timestamp("2026-06-30"),
        "2026-06-30T02:00+02:00",
    ],
)
def test_a_moment_may_be_written_in_any_form(written):
    assert moment_of(written) == datetime(2026, 6, 30, tzinfo=UTC)


def test_what_is_no_date_is_refused_where_it_was_given():
    with pytest.raises(LeadScoreError, match=r"as_of 'soon': use a date such as 2026-06-30"):
        moment_of("soon")


@pytest.mark.parametrize(("written", "seconds"), [("90s", 90), ("5m", 300), ("1h", 3600), (0, 0)])
def test_a_span_is_a_number_of_seconds_or_a_text(written, seconds):
    assert seconds_of(written) == seconds


def test_a_span_without_a_unit_is_refused():
    with pytest.raises(LeadScoreError, match="use a time such as 90s, 5m or 1h"):
        seconds_of("10")
