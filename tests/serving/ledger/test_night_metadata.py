from __future__ import annotations

from typing import Any

import pytest

from leadscore.serving.ledger.night_metadata import NightNotes
from leadscore.serving.policy.policy import Policy, policy_version

WHEN = [{"column": "email", "domain": ["acme.example"]}]
POLICIES: list[dict[str, Any]] = [
    {},
    {"sql": {"share": 0.05}, "mql": {"min_propensity": 0.1, "outcome": "won"}},
    {"sql": {"min_value": 500.0}, "mql": {"share": 0.5}},
    {"sql": {"min_precision": 0.4, "confidence": 0.9, "fallback_share": 0.1}},
    {"capacity": {"reps": 3, "leads_a_day": 2.5, "hand_raisers": "beyond"}},
    {
        "capacity": {
            "teams": [
                {"name": "north", "when": WHEN, "reps": 1, "leads_a_day": 1},
                {"name": "rest", "reps": 2, "leads_a_day": 1},
            ]
        }
    },
    {
        "hand_raiser": [{"name": "asked", "when": [{"event": "demo", "within_days": 7}]}],
        "disqualifier": [{"name": "rival", "when": [*WHEN, {"column": "x", "at_least": 1}]}],
        "cool_off": [
            {"reasons": "timing", "days": 90},
            {"reasons": ["bad data"], "until_changed": True},
        ],
        "value": {"follow_up_cost": 12.5, "by": ["industry"]},
        "hysteresis": {"margin": 0, "nights": 1},
        "exploration": {"share": 0},
    },
]


@pytest.mark.parametrize("settings", POLICIES)
def test_notes_are_read_as_they_were_written(settings: dict[str, Any]) -> None:
    notes = NightNotes(Policy.model_validate(settings), {"SQL": 0.31, "MQL": None})
    read = NightNotes.from_metadata(notes.to_metadata())
    assert read == notes
    assert read is not None
    assert policy_version(read.policy) == policy_version(notes.policy)


def test_a_file_without_notes_has_none() -> None:
    assert NightNotes.from_metadata(None) is None
    assert NightNotes.from_metadata({b"pandas": b"{}"}) is None
