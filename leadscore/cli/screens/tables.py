"""Tables and cells that several screens show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from rich.table import Table

from leadscore.features.core import NOTHING, expected, number
from leadscore.serving.tiers import TIERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leadscore.serving.tiers import TierCut

EVIDENCE_HEADS = ("Cut-off", "Earlier leads", "Of them", "At least", "Kept")


def plain_table(title: str, heads: Sequence[str]) -> Table:
    """Make a table without lines whose columns stand right, but for the first."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for position, head in enumerate(heads):
        table.add_column(head, justify="left" if position == 0 else "right")
    return table


def shown_tiers(*nights: pd.DataFrame) -> list[str]:
    """List the tiers that a table shows: Disqualified only where somebody is."""
    used = any((night["tier"] == "Disqualified").any() for night in nights)
    return [tier for tier in TIERS if tier != "Disqualified" or used]


def expectations(leads: pd.DataFrame) -> list[str]:
    """Count leads, expected SQLs (the sum of `p_sql` over leads not yet SQL) and expected wins."""
    not_yet = leads.loc[leads["model_tier"].notna(), "p_sql"]
    return [f"{len(leads):,}", expected(not_yet), expected(leads["p_won"])]


def evidence_cells(cut: TierCut) -> list[str]:
    """Show where a tier begins and on what evidence, under `EVIDENCE_HEADS`."""
    begins = share_text(cut.cut_off)
    if cut.min_value is not None:
        begins = f"{number(cut.min_value)} of value"
    elif cut.cut_off is None:
        begins = f"best {share_text(cut.share)}"
    return [
        begins,
        f"{cut.n:,} of {cut.n_evidence:,}",
        share_text(cut.achieved),
        share_text(cut.low),
        {True: "yes", False: "no", None: NOTHING}[cut.kept],
    ]


def share_text(share: float | None) -> str:
    """Write a share as a percentage with one decimal; one that is not known as a dash."""
    return NOTHING if share is None or pd.isna(share) else f"{100 * share:.1f} %"
