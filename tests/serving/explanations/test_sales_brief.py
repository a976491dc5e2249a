from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from leadscore.features.contract.contract import CONTRACT_FILE, load_contract
from leadscore.features.point_in_time.snapshots import listed_snapshots
from leadscore.features.tables.open_tables import open_tables
from leadscore.serving.explanations.sales_brief import handoff_briefs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

AS_OF = datetime(2026, 6, 30)
LEADS = """lead_id,created_at,mail,source,medium,campaign,page,Lead origin
A,2025-01-01,jo@firm.example,google,paid search,spring-2026,/pricing?mail=jo@firm.example,API
B,2025-01-01,,referral,referral,,/,
C,2025-01-01,,,cpc,,,
D,2025-01-01,,,,,,
E,2025-01-01,,jo@firm.example,email,{long},,
"""
EVENTS = """lead_id,occurred_at,recorded_at,kind
A,2026-06-28 10:00:00,2026-06-28 10:00:00,pricing_view
A,2026-06-28 11:00:00,2026-06-28 11:00:00,pricing_view
A,2026-06-28 09:00:00,2026-06-28 09:00:00,page_view
A,2026-06-25 09:00:00,2026-06-25 09:00:00,call
A,2026-06-27 09:00:00,2026-06-27 09:00:00,newsletter_sent
A,2026-06-26 09:00:00,2026-06-26 09:00:00,ad_impression
A,2026-05-01 09:00:00,2026-05-01 09:00:00,webinar_signup
A,2026-06-29 09:00:00,2026-07-02 09:00:00,recorded_late
A,2026-06-30 00:00:00,2026-06-30 00:00:00,at_as_of
B,2025-12-28 09:00:00,2025-12-28 09:00:00,page_view
C,2026-06-20 09:00:00,2026-06-20 09:00:00,b
C,2026-06-20 09:00:00,2026-06-20 09:00:00,a
C,2026-06-20 09:00:00,2026-06-20 09:00:00,a
C,2026-06-20 09:00:00,2026-06-20 09:00:00,c
C,2026-06-20 09:00:00,2026-06-20 09:00:00,d
C,2026-06-20 09:00:00,2026-06-20 09:00:00,e
C,2026-06-20 09:00:00,2026-06-20 09:00:00,f
C,2026-06-20 09:00:00,2026-06-20 09:00:00,g
C,2026-06-20 09:00:00,2026-06-20 09:00:00,g
"""
OUTCOMES = """lead_id,occurred_at,stage,reason
A,2026-05-02 09:00:00,rejected,No budget
A,2026-04-30 09:00:00,accepted,
A,2025-04-01 09:00:00,recycled,bad timing
A,2026-06-30 00:00:00,rejected,told at as_of
B,2025-12-28 09:00:00,recycled,mail jo@firm.example again
"""
CONTRACT = """
[leads]
path = "leads.csv"
{created}

[leads.columns]
mail = "personal.email"
source = "channel.source"
medium = "channel.medium"
campaign = "channel.campaign"
page = "channel.landing_page"
"Lead origin" = "channel"
"""
DATED = """
[events]
path = "events.csv"
recorded_at = "recorded_at"

[events.groups]
email_sent = ["newsletter_sent"]
sales_touch = ["call"]

[outcomes]
path = "outcomes.csv"
reason = "reason"
"""


@pytest.fixture
def briefs(tmp_path: Path) -> Iterator[Callable[..., dict[str, list[str]]]]:
    """Write the briefs of a small company as of a moment."""
    with ExitStack() as stack:

        def write(
            contract: str = CONTRACT.format(created="") + DATED, as_of: datetime = AS_OF
        ) -> dict[str, list[str]]:
            (tmp_path / "leads.csv").write_text(LEADS.format(long="x" * 80))
            (tmp_path / "events.csv").write_text(EVENTS)
            (tmp_path / "outcomes.csv").write_text(OUTCOMES)
            (tmp_path / CONTRACT_FILE).write_text(contract)
            tables = stack.enter_context(open_tables(load_contract(tmp_path)))
            found = handoff_briefs(tables, listed_snapshots(tables, as_of=as_of))
            assert list(found["lead_id"]) == ["A", "B", "C", "D", "E"]
            return dict(zip(found["lead_id"], found["brief"], strict=True))

        yield write


def test_a_brief_says_what_was_done_who_touched_it_last_and_where_it_came_from(
    briefs: Callable[..., dict[str, list[str]]],
) -> None:
    channel = (
        "Came from google (paid search, campaign spring-2026, lead origin API), landed on /pricing."
    )
    assert briefs()["A"] == [
        "Did in the last 30 days: 2 pricing views, 1 page view.",
        "Last: 2 pricing views on 28 Jun, page view on 28 Jun, call by sales on 25 Jun.",
        f"{channel} Rejected by sales on 2 May: no budget. Accepted by sales on 30 Apr.",
    ]


def test_what_happened_longer_ago_has_its_year_and_only_new_doings_count(
    briefs: Callable[..., dict[str, list[str]]],
) -> None:
    assert briefs()["B"][:2] == [
        "Did nothing in the last 30 days.",
        "Last: page view on 28 Dec 2025.",
    ]


def test_a_medium_called_as_its_source_is_told_once(
    briefs: Callable[..., dict[str, list[str]]],
) -> None:
    assert briefs()["B"][2].startswith("Came from referral, landed on the home page.")


def test_nothing_that_may_be_personal_is_told(briefs: Callable[..., dict[str, list[str]]]) -> None:
    found = briefs()
    assert not [line for brief in found.values() for line in brief if "@" in line or "jo" in line]
    assert found["B"][2].endswith("Sent back to marketing on 28 Dec 2025.")


def test_many_kinds_are_counted_together_ties_by_the_alphabet(
    briefs: Callable[..., dict[str, list[str]]],
) -> None:
    done, last, channel = briefs()["C"]
    counted = "2 a events, 2 g events, 1 b event, 1 c event, 1 d event, 1 e event and 1 other"
    assert done == f"Did in the last 30 days: {counted}."
    assert last == "Last: 2 a events on 20 Jun, b event on 20 Jun, c event on 20 Jun."
    assert channel == "Channel: cpc."


def test_who_left_no_trace_has_a_short_brief(briefs: Callable[..., dict[str, list[str]]]) -> None:
    assert briefs()["D"] == ["Did nothing in the last 30 days."]


def test_long_names_are_cut(briefs: Callable[..., dict[str, list[str]]]) -> None:
    assert briefs()["E"][-1] == f"Channel: email, campaign {'x' * 59}…."


def test_only_what_was_known_strictly_before_the_moment_is_told(
    briefs: Callable[..., dict[str, list[str]]],
) -> None:
    earlier = briefs(as_of=datetime(2026, 6, 28, 11))["A"]
    assert earlier[0] == "Did in the last 30 days: 1 page view, 1 pricing view."
    later = briefs(as_of=datetime(2026, 7, 3))["A"]
    assert "recorded late event on 29 Jun" in later[1]
    assert "told at as_of" in later[2]


def test_without_events_and_outcomes_only_the_channel_is_told(
    briefs: Callable[..., dict[str, list[str]]],
) -> None:
    flat = CONTRACT.format(created='target = "mail"')
    assert briefs(flat.replace('mail = "personal.email"\n', ""))["B"] == [
        "Came from referral, landed on the home page."
    ]
