"""What `leadscore tiers what-if` shows: two policies side by side, before anybody changes one."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import pandas as pd
from rich.console import Group
from rich.table import Table
from rich.text import Text

from leadscore.features.core import expected, number, percent, printable
from leadscore.serving.tiers import TIERS, places_of

if TYPE_CHECKING:
    from rich.console import RenderableType

    from leadscore.serving.jobs import Outcome, WhatIf

FrameOrSeries = TypeVar("FrameOrSeries", pd.DataFrame, pd.Series)

SHOWN_MOVERS = 10
SHOWN_GROUPS = 6


def what_if_screen(found: WhatIf) -> Group:
    """Show both policies in 100 columns.

    Parameters
    ----------
    found
        What `what_if` gives.

    Returns
    -------
    rich.console.Group
    """
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
    table = _table("Tier", "Leads now", "then", "Exp. SQLs now", "then", "Exp. wins now", "then")
    for tier in TIERS:
        cells = [_figures(each.rows[each.rows["tier"] == tier]) for each in (found.now, found.then)]
        if tier != "Disqualified" or cells[0][0] != cells[1][0] or cells[0][0] != "0":
            table.add_row(tier, *(cell for pair in zip(*cells, strict=True) for cell in pair))
    return table


def promise_table(found: WhatIf) -> Table:
    """Set the cut-offs of both policies beside the evidence for them."""
    table = _table("Tier", "Policy", "Cut-off", "Earlier leads", "Of them", "At least", "Kept")
    for tier in ("sql", "mql"):
        for name, outcome in (("now", found.now), ("then", found.then)):
            cut = getattr(outcome.cuts, tier)
            table.add_row(
                cut.tier,
                name,
                _begin(outcome, tier),
                f"{cut.n:,} of {cut.n_evidence:,}",
                "–" if cut.achieved is None else percent(cut.achieved),
                "–" if cut.low is None else percent(cut.low),
                {True: "yes", False: "no", None: "–"}[cut.kept],
            )
    return table


def workload_table(found: WhatIf) -> Table:
    """Compare the leads that go to sales that night with the places there are."""
    table = _table("Policy", "New for sales", "Places", "Waiting", "Next in line")
    for name, outcome in (("now", found.now), ("then", found.then)):
        for line in places_of(outcome.rows, outcome.policy):
            team = name if line.team is None else f"{name}: {printable(line.team)}"
            places = "no limit" if line.places is None else f"{line.places:,}"
            next_one = "–" if line.next_chance is None else percent(line.next_chance)
            table.add_row(team, f"{line.taken:,}", places, f"{line.waiting:,}", next_one)
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
    table = _table(f"SQL tier by {name}", "now", "then", "change")
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
    table = _table("Lead", "Chance", "now", "then")
    table.title, table.title_justify = f"Would move: {len(movers):,}", "left"
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
            name: [vars(line) for line in places_of(each.rows, each.policy)]
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


def _begin(outcome: Outcome, tier: str) -> str:
    cut = getattr(outcome.cuts, tier)
    if cut.min_value is not None:
        return f"{number(cut.min_value)} of value"
    return percent(cut.cut_off) if cut.cut_off is not None else f"best {percent(cut.share or 0.0)}"


def _figures(rows: pd.DataFrame) -> list[str]:
    not_yet = rows[rows["model_tier"].notna()]
    return [f"{len(rows):,}", expected(not_yet["p_sql"]), expected(rows["p_won"])]


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, pad_edge=False, caption_justify="left", header_style="bold")
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right")
    return table
