from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from io import StringIO
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from leadscore.cli.screens.what_if_screen import what_if_record, what_if_screen
from leadscore.serving.jobs.policy_what_if import Outcome, WhatIf
from leadscore.serving.policy.policy import Policy

if TYPE_CHECKING:
    from leadscore.serving.tiers.cutoffs import CutOffs


@pytest.fixture
def found(night: pd.DataFrame, cuts: CutOffs) -> WhatIf:
    """Ten leads, of whom a looser policy brings two more to sales and bars one."""
    tier = ["Disqualified", *["Nurture"] * 3, "MQL", *["SQL"] * 5]
    capacity = {"capacity": {"reps": 2, "leads_a_day": 2}}
    return WhatIf(
        as_of=datetime(2026, 6, 30),
        now=Outcome(Policy(), cuts, night),
        then=Outcome(Policy.model_validate(capacity), cuts, night.assign(tier=tier)),
        groups=pd.DataFrame({"source": ["web"] * 6 + ["fair"] * 4, "industry": "unknown"}),
        model_version="3",
        champion="3",
    )


def shown(found: WhatIf) -> list[str]:
    console = Console(width=100, file=StringIO(), force_terminal=False, markup=False)
    console.print(what_if_screen(found))
    assert isinstance(console.file, StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def row(lines: list[str], start: str) -> list[str]:
    return next(line for line in lines if line.startswith(start)).split()


def test_both_policies_stand_side_by_side(found: WhatIf, night: pd.DataFrame) -> None:
    lines = shown(found)
    assert lines[0] == "The night of 2026-06-30, 10 open leads"
    wins = [night.loc[first:, "p_won"].sum() for first in (7, 5)]
    sqls = [night.loc[[7, 9], "p_sql"].sum(), night.loc[[5, 6, 7, 9], "p_sql"].sum()]
    assert row(lines, "SQL ") == [
        *["SQL", "3", "5", f"{sqls[0]:.1f}", f"{sqls[1]:.1f}", f"{wins[0]:.1f}", f"{wins[1]:.1f}"]
    ]
    assert row(lines, "Disqualified")[1:3] == ["0", "1"]


def test_nobody_is_disqualified_where_no_rule_does_it(found: WhatIf) -> None:
    alike = replace(found, then=found.now)
    assert not any(line.startswith("Disqualified") for line in shown(alike))
    assert shown(alike)[-1] == "Nobody would move."


def test_the_work_is_set_against_the_places(found: WhatIf) -> None:
    lines = shown(found)
    assert row(lines, "now ")[1:] == ["2", "no", "limit", "1", "65.0", "%"]
    assert row(lines, "then: sales")[2:4] == ["4", "4"]


def test_groups_are_told_largest_change_first(found: WhatIf) -> None:
    lines = shown(found)
    start = next(place for place, line in enumerate(lines) if line.startswith("SQL tier by source"))
    assert [line.split() for line in lines[start + 1 : start + 3]] == [
        ["fair", "3", "4", "+1"],
        ["web", "0", "1", "+1"],
    ]


def test_groups_are_left_out_where_nobody_goes_to_sales(found: WhatIf, night: pd.DataFrame) -> None:
    nobody = replace(found.now, rows=night.assign(tier="Nurture"))
    lines = shown(replace(found, now=nobody, then=nobody))
    assert not [line for line in lines if line.startswith("SQL tier by")]


def test_who_would_move_is_listed_best_first(found: WhatIf) -> None:
    lines = shown(found)
    start = lines.index("Would move: 3")
    assert [line.split()[0] for line in lines[start + 2 : start + 5]] == ["L6", "L5", "L0"]
    assert lines[start + 2].split() == ["L6", "65", "%", "MQL", "SQL"]


def test_many_movers_are_counted_and_the_rest_is_in_json(found: WhatIf) -> None:
    everybody = replace(
        found, then=replace(found.then, rows=found.now.rows.assign(tier="Disqualified"))
    )
    twice = pd.concat([found.now.rows] * 2, ignore_index=True)
    more = replace(
        everybody,
        now=replace(found.now, rows=twice),
        then=replace(found.then, rows=twice.assign(tier="Disqualified")),
        groups=pd.concat([found.groups] * 2, ignore_index=True),
    )
    assert shown(more)[-1] == "… and 10 more; --json lists them all."


def test_a_newer_champion_is_pointed_out(found: WhatIf) -> None:
    told = " ".join(shown(replace(found, champion="4")))
    assert (
        "! version 3 scored that night; the cut-offs are those of the champion, version 4" in told
    )
    assert "champion" not in " ".join(shown(found))


def test_signs_that_steer_a_terminal_are_not_sent_to_it(found: WhatIf) -> None:
    found.now.rows.loc[6, "lead_id"] = "\x1b[2J[red]x"
    found.groups["source"] = "\x1b[31mweb"
    told = "\n".join(shown(found))
    assert "\x1b" not in told
    assert "·[2J[red]x" in told


def test_a_hundred_columns_are_enough(found: WhatIf) -> None:
    assert max(map(len, shown(found))) <= 100
    assert not any("…" in line for line in shown(found))


def test_the_record_says_the_same_to_machines(found: WhatIf) -> None:
    told = json.loads(json.dumps(what_if_record(found), allow_nan=False))
    assert told["tiers"]["now"] == {"SQL": 3, "MQL": 3, "Nurture": 4}
    assert told["tiers"]["then"]["SQL"] == 5
    assert [each["lead_id"] for each in told["movers"]] == ["L6", "L5", "L0"]
    assert told["workload"]["then"][0]["taken"] == 4
    assert told["cut_offs"]["now"]["SQL"]["promised"] == 0.3
    assert told["expected"]["now"]["wins"]["SQL"] == pytest.approx(
        found.now.rows.loc[7:, "p_won"].sum()
    )


def test_the_record_is_json_where_the_model_knows_one_stage_alone(found: WhatIf) -> None:
    for outcome in (found.now, found.then):
        outcome.rows["p_sql"] = np.nan
    told = json.loads(json.dumps(what_if_record(found), allow_nan=False))
    assert told["movers"][0]["p_sql"] is None
    assert "Would move: 3" in shown(found)
