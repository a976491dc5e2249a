from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from leadscore.serving.policy.capacity import Capacity
from leadscore.serving.tiers.capacity_allocation import allocate
from leadscore.serving.tiers.waiting_queue import apply_allocation, find_requests

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

NIGHT = datetime(2026, 6, 1)


def queue(
    rules: Sequence[str | None],
    *,
    places: int = 0,
    model: Sequence[str | None] | None = None,
    before: Sequence[tuple[str | None, str | None, int | None]] | None = None,
    **settings: Any,
) -> pd.DataFrame:
    """Line up leads on their way to sales; of the night before: tier, rule, days waited."""
    size = len(rules)
    rows = pd.DataFrame(
        {
            "lead_id": list("ABCDEFGH"[:size]),
            "tier": "SQL",
            "rule": pd.Series(rules, dtype=object),
            "model_tier": ["SQL"] * size if model is None else list(model),
            "team": "sales",
        }
    )
    tier, rule, waited = zip(*(before or [(None, None, None)] * size), strict=True)
    since = [pd.NaT if days is None else NIGHT - timedelta(days=days) for days in waited]
    earlier = pd.DataFrame(
        {
            "tier": pd.Series(tier, dtype=object),
            "rule": pd.Series(rule, dtype=object),
            "waiting_since": pd.to_datetime(pd.Series(since)),
        }
    )
    capacity = Capacity(reps=places, leads_a_day=1, **settings)
    return shared(rows, earlier, capacity, order=np.linspace(1, 0.5, size))


def shared(
    rows: pd.DataFrame,
    before: pd.DataFrame,
    capacity: Capacity | None,
    *,
    order: npt.NDArray[np.float64],
) -> pd.DataFrame:
    requests = find_requests(rows, before, capacity, as_of=NIGHT)
    allocation = allocate(rows, requests.queued, requests.urgency, order, capacity)
    return apply_allocation(rows, requests, allocation, as_of=NIGHT)


def test_who_waits_is_marketings_meanwhile_and_says_since_when() -> None:
    told = queue([None, None], places=1)
    assert told["tier"].tolist() == ["SQL", "MQL"]
    assert told["rule"].tolist() == [None, "waiting"]
    assert told["waiting"].tolist() == [pd.NA, 1]
    assert told["waiting_since"].isna().tolist() == [True, False]
    assert told["waiting_since"].iloc[1] == pd.Timestamp(NIGHT)


def test_who_waits_on_keeps_the_first_night() -> None:
    told = queue([None], before=[("MQL", "waiting", 5)])
    assert told["waiting_since"].iloc[0] == pd.Timestamp(NIGHT - timedelta(days=5))


def test_a_place_ends_the_wait() -> None:
    told = queue([None], places=1, before=[("MQL", "waiting", 5)])
    assert told["tier"].iloc[0] == "SQL"
    assert told["rule"].isna().all()
    assert told["waiting_since"].isna().all()


def test_the_age_limit_frees_the_line_for_the_next() -> None:
    before = [("MQL", "waiting", 14), ("MQL", "waiting", 13), ("MQL", "waiting", 13)]
    told = queue([None] * 3, places=1, before=before)
    assert told["rule"].tolist() == ["waited_too_long", None, "waiting"]
    assert told["tier"].tolist() == ["MQL", "SQL", "MQL"]
    assert told["waiting"].tolist() == [pd.NA, pd.NA, 1]


def test_who_asks_never_waits_too_long() -> None:
    asked = "hand_raiser: x"
    told = queue([asked], before=[("MQL", asked, 400)])
    assert told[["rule", "waiting"]].iloc[0].tolist() == [asked, 1]
    assert queue([asked], places=1, before=[("MQL", asked, 400)])["tier"].iloc[0] == "SQL"


def test_the_drawn_do_not_wait_and_no_rule_stays_on_them() -> None:
    told = queue(["exploration"], model=["Nurture"])
    assert told["tier"].iloc[0] == "Nurture"
    assert told[["rule", "waiting", "waiting_since"]].isna().all(axis=None)


def test_who_waits_without_the_models_word_stays_in_its_tier() -> None:
    told = queue(["hand_raiser: x"] * 2, model=["Nurture", "MQL"])
    assert told["tier"].tolist() == ["Nurture", "MQL"]


def test_who_is_with_sales_or_qualified_by_it_needs_no_place() -> None:
    told = queue([None, "already_sql"], before=[("SQL", None, None), ("MQL", None, None)])
    assert told["tier"].tolist() == ["SQL", "SQL"]
    assert told["waiting"].isna().all()


def test_a_qualification_taken_back_needs_a_place_again() -> None:
    told = queue([None], before=[("SQL", "already_sql", None)])
    assert told["rule"].iloc[0] == "waiting"


def test_without_a_capacity_nobody_waits() -> None:
    rows = pd.DataFrame(
        {"lead_id": ["A"], "tier": "SQL", "rule": [None], "model_tier": "SQL", "team": [None]}
    )
    before = pd.DataFrame({"tier": [None], "rule": [None], "waiting_since": [pd.NaT]})
    before["waiting_since"] = pd.to_datetime(before["waiting_since"])
    told = shared(rows, before, None, order=np.array([0.5]))
    assert told["tier"].tolist() == ["SQL"]
    assert told["waiting"].isna().all()
