from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd
import pytest

from leadscore.serving.policy.rules import CoolOff
from leadscore.serving.tiers.cool_off import cooling

NIGHT = datetime(2026, 6, 1)
TIMING = CoolOff(reasons=("timing",), days=90)
BAD_DATA = CoolOff(reasons=("bad data",), until_changed=True)


def cools(
    reason: str | None,
    *rules: CoolOff,
    ago: timedelta = timedelta(days=1),
    changed_ago: timedelta | None = None,
) -> str | None:
    leads = pd.DataFrame(
        {"setback_at": [NIGHT - ago], "setback_reason": pd.Series([reason], dtype=object)}
    )
    changed = [pd.NaT if changed_ago is None else NIGHT - changed_ago]
    (name,) = cooling(leads, pd.to_datetime(pd.Series(changed)), rules, as_of=NIGHT)
    assert name is None or isinstance(name, str)
    return name


@pytest.mark.parametrize(
    ("ago", "name"),
    [
        (timedelta(0), "timing"),
        (timedelta(days=90) - timedelta(seconds=1), "timing"),
        (timedelta(days=90), None),
    ],
)
def test_days_are_counted_from_the_verdict(ago: timedelta, name: str | None) -> None:
    assert cools("timing", TIMING, ago=ago) == name


def test_letter_case_does_not_matter() -> None:
    assert cools("Timing", TIMING) == "timing"
    assert cools("timing", CoolOff(reasons=("TIMING",), days=9)) == "TIMING"


@pytest.mark.parametrize("reason", ["price", None])
def test_another_reason_or_none_does_not_cool(reason: str | None) -> None:
    assert cools(reason, TIMING, BAD_DATA) is None


def test_bad_data_cool_off_until_they_change_after_the_verdict() -> None:
    long_ago = timedelta(days=900)
    assert cools("bad data", BAD_DATA, ago=long_ago) == "bad data"
    before, after = long_ago + timedelta(days=1), timedelta(days=2)
    assert cools("bad data", BAD_DATA, ago=long_ago, changed_ago=before) == "bad data"
    assert cools("bad data", BAD_DATA, ago=long_ago, changed_ago=after) is None


def test_of_two_rules_for_a_reason_the_first_decides_either_way() -> None:
    short = CoolOff(reasons=("timing", "price"), days=10)
    month = timedelta(days=30)
    assert cools("timing", short, TIMING, ago=month) is None
    assert cools("timing", TIMING, short, ago=month) == "timing"


def test_without_rules_or_verdicts_nobody_cools() -> None:
    assert cools("timing") is None
    nobody = pd.DataFrame(
        {"setback_at": pd.to_datetime([None]), "setback_reason": pd.Series([None], dtype=object)}
    )
    changed = pd.to_datetime(pd.Series([None]))
    assert cooling(nobody, changed, (TIMING, BAD_DATA), as_of=NIGHT).tolist() == [None]
