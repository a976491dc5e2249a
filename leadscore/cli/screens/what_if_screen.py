"""What `leadscore tiers what-if` shows: two policies side by side, before anybody changes one."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import pandas as pd
from rich.console import Group
from rich.text import Text

from leadscore.cli.screens.tables import (
    EVIDENCE_HEADS,
    evidence_cells,
    expectations,
    plain_table,
    share_text,
    shown_tiers,
)
from leadscore.features.core import percent, printable
from leadscore.serving.tiers import places_used

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from leadscore.serving.jobs import Outcome, WhatIf

FrameOrSeries = TypeVar("FrameOrSeries", pd.DataFrame, pd.Series)

SHOWN_MOVERS = 10
SHOWN_GROUPS = 6


def what_if_screen(found: WhatIf) -> Group:
    """Show both policies in 100 columns."""
    parts: list[RenderableType] = [
        Text(f"The night of {found.as_of:%Y-%m-%d}, {len(found.now.rows):,} open leads", "bold"),
        Text(),
        tier_table(found),
        Text(),
        promise_table(found),
        Text(),
        workload_table(found),
    ]
    if found.model_version != found.champion:
        parts.append(
            Text(
                f"! version {found.model_version} scored that night; the cut-offs are those of the "
                f"champion, version {found.champion}",
                "yellow",
            )
        )
    handed_over = any((each.rows["tier"] == "SQL").any() for each in (found.now, found.then))
    for name in found.groups.columns if handed_over else ():
        parts += [Text(), group_table(found, name)]
    return Group(*parts, Text(), movers_table(found))


def tier_table(found: WhatIf) -> Table:
    """Count leads, expected SQLs and wins by tier under both policies."""
    heads = ("Tier", "Leads now", "then", "Exp. SQLs now", "then", "Exp. wins now", "then")
    table = plain_table("", heads)
    sides = (found.now.rows, found.then.rows)
    for tier in shown_tiers(*sides):
        now, then = (expectations(rows[rows["tier"] == tier]) for rows in sides)
        table.add_row(tier, *(cell for pair in zip(now, then, strict=True) for cell in pair))
    return table


def promise_table(found: WhatIf) -> Table:
    """Set the cut-offs of both policies beside the evidence for them."""
    table = plain_table("", ("Tier", "Policy", *EVIDENCE_HEADS))
    now, then = found.now.cuts, found.then.cuts
    for pair in ((now.sql, then.sql), (now.mql, then.mql)):
        for name, cut in zip(("now", "then"), pair, strict=True):
            table.add_row(cut.tier, name, *evidence_cells(cut))
    return table


def workload_table(found: WhatIf) -> Table:
    """Compare the leads that go to sales that night with the places there are."""
    table = plain_table("", ("Policy", "New for sales", "Places", "Waiting", "Next in line"))
    for name, outcome in (("now", found.now), ("then", found.then)):
        for line in places_used(outcome.rows, outcome.policy):
            team = name if line.team is None else f"{name}: {printable(line.team)}"
            places = "no limit" if line.places is None else f"{line.places:,}"
            counts = (f"{line.taken:,}", places, f"{line.waiting:,}")
            table.add_row(team, *counts, share_text(line.next_chance))
    return table


def group_table(found: WhatIf, name: str) -> Table:
    """Count the leads of the SQL tier by a column of the leads table, largest change first."""
    counts = pd.DataFrame(
        {
            side: found.groups[name][(outcome.rows["tier"] == "SQL").to_numpy()].value_counts()
            for side, outcome in (("now", found.now), ("then", found.then))
        }
    ).fillna(0)
    counts["change"] = counts["then"] - counts["now"]
    order = counts.assign(size=counts["change"].abs()).sort_values(
        ["size", "now"], ascending=False, kind="stable"
    )
    table = plain_table("", (f"SQL tier by {name}", "now", "then", "change"))
    for value, row in order.head(SHOWN_GROUPS).iterrows():
        table.add_row(
            printable(str(value)),
            f"{row['now']:,.0f}",
            f"{row['then']:,.0f}",
            f"{row['change']:+,.0f}",
        )
    return table


def movers_table(found: WhatIf) -> RenderableType:
    """List who would move, best first."""
    movers = found.movers
    if movers.empty:
        return Text("Nobody would move.")
    table = plain_table(f"Would move: {len(movers):,}", ("Lead", "Chance", "now", "then"))
    chance = movers["p_sql"].fillna(movers["p_won"]).map(percent)
    for row in (
        movers.assign(chance=chance)[["lead_id", "chance", "now", "then"]]
        .head(SHOWN_MOVERS)
        .to_numpy(dtype=object)
    ):
        table.add_row(*(printable(str(cell)) for cell in row))
    if len(movers) <= SHOWN_MOVERS:
        return table
    more = f"… and {len(movers) - SHOWN_MOVERS:,} more; --json lists them all."
    return Group(table, Text(more))


def what_if_record(found: WhatIf) -> dict[str, object]:
    """Give the same as a machine reads it."""
    sides = {"now": found.now, "then": found.then}
    return {
        "as_of": str(found.as_of),
        "tiers": {name: each.rows["tier"].value_counts().to_dict() for name, each in sides.items()},
        "expected": {name: _expected(each) for name, each in sides.items()},
        "cut_offs": {
            name: {"SQL": vars(each.cuts.sql), "MQL": vars(each.cuts.mql)}
            for name, each in sides.items()
        },
        "workload": {
            name: [vars(line) for line in places_used(each.rows, each.policy)]
            for name, each in sides.items()
        },
        "movers": _known(found.movers).to_dict("records"),
    }


def _expected(outcome: Outcome) -> dict[str, dict[str, float | None]]:
    rows = outcome.rows
    not_yet = rows[rows["model_tier"].notna()]
    sums = {"sqls": not_yet.groupby("tier")["p_sql"], "wins": rows.groupby("tier")["p_won"]}
    return {
        name: {str(tier): known for tier, known in _known(each.sum(min_count=1)).items()}
        for name, each in sums.items()
    }


def _known(figures: FrameOrSeries) -> FrameOrSeries:
    """Say None where nothing is known; JSON has no NaN."""
    return figures.astype(object).where(figures.notna(), None)
