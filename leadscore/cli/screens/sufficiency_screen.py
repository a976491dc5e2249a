"""Whether there is enough data to learn from, on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from rich.text import Text

from leadscore.cli.screens.tables import plain_table
from leadscore.training.dataset import MIN_JUDGED, MIN_POSITIVES

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from leadscore.training.dataset import StageViability, Viability

SHOWN_MONTHS = 12  # a year shows the season; the JSON has them all


def viability_tables(viability: Viability) -> list[RenderableType]:
    """Show each stage's data against the least it needs, and its base rate by month."""
    least = (
        f"The least are {MIN_POSITIVES} snapshots to learn from and {MIN_JUDGED} held out, of "
        "leads that reached a stage as of leads that did not."
    )
    parts: list[RenderableType] = [_stages(viability), Text(least), Text()]
    for stage in viability.stages:
        if len(stage.by_month):
            parts += [_months(stage), Text()]
    return parts


def _stages(viability: Viability) -> Table:
    days = viability.history_days
    history = "no dates" if days is None else f"{days:,.0f} days of history"
    table = plain_table(
        f"What can be learnt ({history}; reached it + did not)",
        ("stage", "leads", "learn from", "held out", "reached a month", "not yet known", ""),
    )
    for stage in viability.stages:
        reached, missed = stage.reached, stage.missed
        table.add_row(
            stage.stage,
            f"{reached.leads:,} + {missed.leads:,}",
            f"{reached.learn:,} + {missed.learn:,}",
            f"{reached.test:,} + {missed.test:,}",
            "–" if reached.a_month is None else f"{reached.a_month:,.0f}",
            f"{stage.unknown:.0%}",
            "too little" if stage.shortage else "enough",
        )
    return table


def _months(stage: StageViability) -> Table:
    heads = ("created in", "leads", "matured", "reached", "rate")
    table = plain_table(f"{stage.stage}: base rate by month", heads)
    for row in stage.by_month.tail(SHOWN_MONTHS).to_dict("records"):
        counts = (f"{row[name]:,}" for name in ("leads", "matured", "reached"))
        table.add_row(row["month"], *counts, "–" if pd.isna(row["rate"]) else f"{row['rate']:.1%}")
    return table
