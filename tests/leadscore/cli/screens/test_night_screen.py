from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console

from leadscore.cli.screens.night_screen import night_summary
from leadscore.serving.policy.policy import Policy, TierPromise, policy_version
from leadscore.serving.tiers.cutoffs import CutOffs, cut_offs

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd


def shown(night: pd.DataFrame, cuts: CutOffs, policy: Policy | None = None) -> list[str]:
    console = Console(width=100, file=StringIO(), force_terminal=False)
    console.print(night_summary(night, cuts, policy or Policy()))
    assert isinstance(console.file, StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def row(lines: list[str], start: str) -> list[str]:
    return next(line for line in lines if line.startswith(start)).split()


def test_the_heading_names_night_leads_model_and_policy(night: pd.DataFrame, cuts: CutOffs) -> None:
    version = policy_version(Policy())
    assert shown(night, cuts)[0] == (
        f"Night of 30 Jun 2026 · 10 open leads · model 3 · policy {version}"
    )


def test_tiers_are_counted_with_shares_expectations_and_moves(
    night: pd.DataFrame, cuts: CutOffs
) -> None:
    lines = shown(night, cuts)
    new_sqls = night.loc[[7, 9], "p_sql"].sum()
    wins = night.loc[7:, "p_won"].sum()
    assert row(lines, "SQL ") == [
        *["SQL", "3", "30", "%", f"{new_sqls:.1f}", f"{wins:.1f}", "1", "0", "1", "1"]
    ]
    assert row(lines, "All ")[:4] == ["All", "10", "100", "%"]


def test_the_promise_stands_beside_its_evidence(night: pd.DataFrame, cuts: CutOffs) -> None:
    told = " ".join(row(shown(night, cuts), "SQL: qualified"))
    assert f"30.0 % {100 * (cuts.sql.cut_off or 0):.1f} %" in told
    assert f"{cuts.sql.n:,} of 3,000" in told
    assert told.endswith("yes")


def test_what_overruled_the_model_is_counted_in_words(night: pd.DataFrame, cuts: CutOffs) -> None:
    night["rule"] = [
        *["disqualified: rival"] * 3,
        *["waiting"] * 2,
        *[None] * 3,
        "already_sql",
        None,
    ]
    lines = shown(night, cuts)
    start = lines.index("3 disqualified: rival")
    assert lines[start + 1 : start + 3] == [
        "2 waiting for a place",
        "1 already qualified by sales",
    ]


def test_a_rule_that_hands_over_stands_before_the_reasons(
    night: pd.DataFrame, cuts: CutOffs
) -> None:
    night.loc[9, "rule"] = "hand_raiser: asked for a demo"
    assert any("! asked for it: asked for a demo" in line for line in shown(night, cuts))


def test_places_are_shown_with_what_one_more_would_bring(
    night: pd.DataFrame, cuts: CutOffs
) -> None:
    policy = Policy.model_validate({"capacity": {"reps": 2, "leads_a_day": 2}})
    told = row(shown(night, cuts, policy), "sales ")
    assert told == ["sales", "4", "2", "1", "65.0", "%"]
    assert not any("Places" in line for line in shown(night, cuts))


def test_leads_that_a_rule_ends_are_a_tier_of_their_own(night: pd.DataFrame, cuts: CutOffs) -> None:
    night.loc[0, "tier"] = "Disqualified"
    assert row(shown(night, cuts), "Disqualified")[1] == "1"


def test_an_unkept_promise_is_said_aloud(
    night: pd.DataFrame, draw_evidence: Callable[..., pd.DataFrame]
) -> None:
    policy = Policy(sql=TierPromise(min_precision=0.95))
    lines = shown(night, cut_offs(policy, draw_evidence()), policy)
    assert any(line.startswith("! SQL: No cut-off keeps the promise of 95 %") for line in lines)


def test_the_best_handoffs_are_shown_with_their_reasons(night: pd.DataFrame, cuts: CutOffs) -> None:
    told = "\n".join(shown(night, cuts))
    assert "To sales tonight: 2" in told
    assert told.index("L9") < told.index("L7")
    assert "+ Pricing page views: 4 (typical lead: 0)" in told
    assert "− Free-mail address: yes" in told


def test_a_night_without_handoffs_says_so(night: pd.DataFrame, cuts: CutOffs) -> None:
    assert "Nobody new goes to sales tonight." in shown(night.assign(tier="MQL"), cuts)


def test_a_stage_the_model_does_not_know_expects_nothing(
    night: pd.DataFrame, cuts: CutOffs
) -> None:
    assert "–" in row(shown(night.assign(p_sql=np.nan), cuts), "Nurture")


def test_an_empty_night_says_so(night: pd.DataFrame, cuts: CutOffs) -> None:
    assert shown(night.head(0), cuts)[0] == "No open lead was scored."


def test_signs_that_steer_a_terminal_are_not_sent_to_it(night: pd.DataFrame, cuts: CutOffs) -> None:
    night.loc[9, "lead_id"] = "\x1b[2J[red]x"
    told = "\n".join(shown(night, cuts))
    assert "\x1b" not in told
    assert "·[2J[red]x" in told


def test_a_hundred_columns_are_enough_for_large_nights(
    night: pd.DataFrame, draw_evidence: Callable[..., pd.DataFrame]
) -> None:
    many = night.loc[night.index.repeat(3000)].assign(expected_value=1e6).reset_index(drop=True)
    lines = shown(many, cut_offs(Policy(), draw_evidence(leads=40_000)))
    assert max(map(len, lines)) <= 100
    assert not any("…" in line for line in lines if "more;" not in line)
